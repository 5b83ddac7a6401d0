//! A listener: accepts, bounds, serves and, when told to, drains.
//!
//! Knows nothing of routes. Invariants: connections are bounded in number, those of one address
//! too; what a connection does cannot end its listener; stopping lets requests that were begun
//! end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::addresses::Addresses;
use super::body::Answer;
use super::bounds::Bounds;
use super::connection::{Host, told};
use super::crowd::Crowd;
use super::peer::Peer;
use super::tls::Tls;
use crate::limits::{ADMIN_CONNECTIONS_MAX, BACKLOG};

/// Answers requests; it cannot fail, errors are answers.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request of `peer`.
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: &Peer,
    ) -> impl Future<Output = Answer> + Send;
}

/// How to listen.
#[derive(Debug)]
pub(crate) struct ListenerOptions {
    /// Where. Port 0 lets the system choose.
    pub(crate) address: SocketAddr,
    /// Without it, connections are plain.
    pub(crate) tls: Option<Tls>,
    /// Connections served at once; further ones wait in the backlog.
    pub(crate) connections_max: usize,
    /// Connections of one address at once (of IPv6: of a /64); further ones are closed.
    pub(crate) connections_per_address_max: Option<usize>,
    /// Networks to which the bound of one address does not apply, such as those of proxies.
    pub(crate) exempt: Vec<IpNet>,
    /// Bounds of each connection.
    pub(crate) bounds: Bounds,
}

impl From<SocketAddr> for ListenerOptions {
    /// A plain listener for few.
    fn from(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            connections_max: ADMIN_CONNECTIONS_MAX,
            connections_per_address_max: None,
            exempt: Vec::new(),
            bounds: Bounds::default(),
        }
    }
}

/// A listener at work.
#[derive(Debug)]
pub(crate) struct Listener {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listener {
    /// Binds the address and serves until `stop` says true.
    ///
    /// # Errors
    /// The system's, if the address cannot be listened on.
    #[expect(
        clippy::unused_async,
        reason = "the runtime that it is called on watches the socket"
    )]
    pub(crate) async fn start(
        options: impl Into<ListenerOptions>,
        service: Arc<impl Service>,
        stop: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let options = options.into();
        let socket = bind(options.address)?;
        let address = socket.local_addr()?;
        let each_max = options.connections_per_address_max.unwrap_or(usize::MAX);
        let permits = Arc::new(Semaphore::new(options.connections_max));
        let crowd = Crowd::new(Arc::clone(&permits));
        let entrance = Entrance {
            socket,
            permits,
            addresses: Addresses::new(each_max, options.exempt),
        };
        let host = Arc::new(Host {
            service,
            tls: options.tls,
            bounds: options.bounds,
            crowd,
            stop,
        });
        #[expect(
            clippy::disallowed_methods,
            reason = "the listener waits for it when it stops"
        )]
        let accepting = tokio::spawn(accept(entrance, host));
        Ok(Self { address, accepting })
    }

    /// Waits until the last connection is done, after the listener was told to stop.
    pub(crate) async fn drained(self) {
        if let Err(error) = self.accepting.await {
            tracing::error!(%error, "a listener ended badly");
        }
    }
}

/// A socket with a longer backlog than the usual 128: whoever finds it full waits for a second or
/// more, since TCP then tries again.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A server that starts again need not wait for connections of the one before to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Where connections come in.
struct Entrance {
    socket: TcpListener,
    permits: Arc<Semaphore>,
    addresses: Arc<Addresses>,
}

async fn accept(entrance: Entrance, host: Arc<Host<impl Service>>) {
    let mut connections = JoinSet::new();
    let mut stopped = host.stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = next(&entrance) => accepted,
            () = told(&mut stopped) => break,
        };
        while connections.try_join_next().is_some() {}
        let (socket, address, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or the peer is gone already: neither ends a server.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(place) = entrance.addresses.take(address.ip()) else {
            tracing::debug!(%address, "a connection too many of one address was closed");
            continue;
        };
        let host = Arc::clone(&host);
        connections.spawn(async move {
            host.serve(socket, address, &place).await;
            drop((permit, place));
        });
    }
    drop(entrance);
    let drain = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(host.bounds.drain, drain)
        .await
        .is_err()
    {
        tracing::warn!(
            open = connections.len(),
            "connections were cut off when the server stopped"
        );
    }
}

async fn next(entrance: &Entrance) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(&entrance.permits).acquire_owned().await;
    let permit = permit.map_err(|_| io::Error::other("the listener is closed"))?;
    let (socket, address) = entrance.socket.accept().await?;
    Ok((socket, address, permit))
}

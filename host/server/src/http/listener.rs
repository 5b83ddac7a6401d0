//! A listener: accepts, bounds, serves and, when told to, drains.
//!
//! Knows nothing of routes. Invariants: connections are bounded in number, a request's head in
//! size and time; stopping lets requests that were begun end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::body::Answer;
use crate::limits::{CONNECTIONS_MAX, DRAIN_TIMEOUT, HEADER_BYTES_MAX, HEADER_TIMEOUT};

/// Answers requests; it cannot fail, errors are answers.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Answer> + Send;
}

/// A listener at work.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listener {
    /// Binds `address` and serves until `stop` says true.
    pub(crate) async fn start(
        address: SocketAddr,
        service: Arc<impl Service>,
        stop: watch::Receiver<bool>,
    ) -> std::io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the listener waits for it when it stops"
        )]
        let accepting = tokio::spawn(accept(socket, service, stop));
        Ok(Self { address, accepting })
    }

    /// Waits until the last connection is done, after the listener was told to stop.
    pub(crate) async fn drained(self) {
        if let Err(error) = self.accepting.await {
            tracing::error!(%error, "a listener ended badly");
        }
    }
}

async fn accept(socket: TcpListener, service: Arc<impl Service>, stop: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut stopped = stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = next(&socket, &permits) => accepted,
            () = told(&mut stopped) => break,
        };
        while connections.try_join_next().is_some() {}
        let (stream, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or the peer is gone already: neither ends a server.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        let (service, stop) = (Arc::clone(&service), stop.clone());
        connections.spawn(async move {
            serve(stream, service, stop).await;
            drop(permit);
        });
    }
    drop(socket);
    let drain = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIMEOUT, drain).await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "connections were cut off when the server stopped"
        );
    }
}

/// Returns once the server is to stop, or nobody is left to say so.
async fn told(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

async fn next(
    socket: &TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await;
    let permit = permit.map_err(|_| std::io::Error::other("the listener is closed"))?;
    let (stream, _) = socket.accept().await?;
    Ok((stream, permit))
}

async fn serve(stream: TcpStream, service: Arc<impl Service>, mut stop: watch::Receiver<bool>) {
    // Replies are small and a device waits for each.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let handler = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(service.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), handler);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

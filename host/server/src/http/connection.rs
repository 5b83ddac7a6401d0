//! One connection, from the handshake to its end.
//!
//! Knows nothing of routes, nor of other connections. Invariants: everything that a client can be
//! slow at is bounded; when told to stop, a request that was begun gets its answer, and a
//! connection that waits is closed.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Body;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::addresses::Place;
use super::bounds::Bounds;
use super::crowd::Crowd;
use super::listener::Service;
use super::peer::Peer;
use super::stream::{BoundedStream, Turn};
use super::tls::{Tls, certificates};

/// What all connections of a listener have in common.
#[derive(Debug)]
pub(super) struct Host<S> {
    pub(super) service: Arc<S>,
    pub(super) tls: Option<Tls>,
    pub(super) bounds: Bounds,
    pub(super) crowd: Crowd,
    pub(super) stop: watch::Receiver<bool>,
}

impl<S: Service> Host<S> {
    /// Serves one connection until it ends.
    pub(super) async fn serve(&self, socket: TcpStream, address: SocketAddr, place: &Place) {
        // Replies are small and a device waits for each.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let turn = Arc::new(Turn::default());
        let stream = BoundedStream::new(socket, Arc::clone(&turn), self.bounds);
        let Some(tls) = &self.tls else {
            let peer = Peer {
                address,
                certificates: Vec::new(),
            };
            return self.requests(stream, turn, peer, place).await;
        };
        let mut stop = self.stop.clone();
        let handshake = tokio::time::timeout(self.bounds.handshake, tls.accept(stream));
        let handshake = tokio::select! {
            handshake = handshake => handshake,
            () = told(&mut stop) => return,
        };
        match handshake {
            Ok(Ok(stream)) => {
                let peer = Peer {
                    address,
                    certificates: certificates(&stream),
                };
                self.requests(stream, turn, peer, place).await;
            }
            Ok(Err(error)) => tracing::debug!(%address, %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
        }
    }

    async fn requests(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send,
        turn: Arc<Turn>,
        peer: Peer,
        place: &Place,
    ) {
        // Whoever connects has something to ask.
        turn.head();
        let (address, peer) = (peer.address, Arc::new(peer));
        let service = Arc::clone(&self.service);
        let handler = service_fn(move |request| {
            let (service, turn, peer) =
                (Arc::clone(&service), Arc::clone(&turn), Arc::clone(&peer));
            async move {
                turn.answering();
                let mut answer = service.answer(request, &peer).await;
                // Whoever was told that there is nothing more can come again when there is.
                let is_over = answer.body().size_hint().exact() == Some(0);
                if is_over && (self.crowd.is_dense() || place.is_crowded()) {
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(CONNECTION, close);
                }
                turn.idle();
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // The stream has the finer bounds; this one holds also for a head whose beginning came
            // with the request before it.
            .header_read_timeout(self.bounds.idle + self.bounds.head)
            .max_buf_size(self.bounds.head_bytes_max)
            .serve_connection(TokioIo::new(stream), handler);
        tokio::pin!(connection);
        let mut stop = self.stop.clone();
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%address, %error, "a connection ended early");
        }
    }
}

/// Returns once the server is to stop, or nobody is left to say so.
pub(super) async fn told(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

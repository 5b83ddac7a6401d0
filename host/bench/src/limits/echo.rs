//! HTTP and nothing else: reads a request and answers with nothing.
//!
//! Knows nothing of messages. Invariant: connections are set up as the server sets up its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::until_left_alone;
use crate::BenchError;

const HEAD_READ_TIMEOUT: Duration = Duration::from_secs(70);
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Serves until it is left alone.
pub(super) async fn run(announce: &mut dyn FnMut(&str)) -> Result<(), BenchError> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listen = |source| BenchError::Exchange {
        address: any,
        source,
    };
    let listener = TcpListener::bind(any).await.map_err(listen)?;
    announce(&listener.local_addr().map_err(listen)?.to_string());
    until_left_alone(async {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            connections.spawn(serve(socket));
        }
    })
    .await;
    Ok(())
}

async fn serve(socket: TcpStream) {
    // A delay would be told by the figures.
    let _ = socket.set_nodelay(true);
    let answer = service_fn(|request: Request<Incoming>| async move {
        // What cannot be read ends the connection by itself.
        let _ = request.into_body().collect().await;
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_READ_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(socket), answer);
    // The client hangs up when it has what it came for.
    let _ = connection.await;
}

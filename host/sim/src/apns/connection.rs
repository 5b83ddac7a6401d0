//! The stand-in's connections: accepted, secured, driven, and ended on request.
//!
//! Knows nothing of what a push means. Invariants: the accepting task owns its connections, and
//! each of them the tasks of its requests; nothing outlives its owner.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::answer::answer;
use super::state::Shared;

/// How a request can end its connection.
#[derive(Default)]
pub(super) struct Ends {
    /// After the answers under way.
    pub(super) go_away: Notify,
    /// At once.
    pub(super) close: Notify,
}

/// Accepts until it is dropped.
pub(super) async fn accept(listener: TcpListener, tls: Arc<ServerConfig>, shared: Arc<Shared>) {
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error is about one connection that is already gone.
                if let Ok((tcp, _)) = accepted {
                    connections.spawn(serve(tcp, acceptor.clone(), Arc::clone(&shared)));
                }
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn serve(tcp: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    // Without it answers are slower, no more.
    let _ = tcp.set_nodelay(true);
    let Ok(tls) = acceptor.accept(tcp).await else {
        shared.count(|counts| counts.refused_connections += 1);
        return;
    };
    shared.count(|counts| counts.connections += 1);
    let requests = Arc::new(Mutex::new(JoinSet::new()));
    let ends = Arc::new(Ends::default());
    let service = {
        let (shared, ends) = (Arc::clone(&shared), Arc::clone(&ends));
        service_fn(move |request| answer(request, Arc::clone(&shared), Arc::clone(&ends)))
    };
    let mut connection = pin!(
        http2::Builder::new(Requests(Arc::downgrade(&requests)))
            .timer(TokioTimer::new())
            .max_concurrent_streams(shared.options.streams_max)
            .serve_connection(TokioIo::new(tls), service)
    );
    loop {
        tokio::select! {
            // How it ended is the client's to tell.
            _ended = &mut connection => return,
            () = ends.close.notified() => return,
            () = ends.go_away.notified() => connection.as_mut().graceful_shutdown(),
        }
    }
}

/// Runs the requests of one connection, for as long as that lasts.
#[derive(Clone)]
struct Requests(Weak<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Requests {
    fn execute(&self, request: F) {
        if let Some(requests) = self.0.upgrade() {
            let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
            while requests.try_join_next().is_some() {}
            requests.spawn(request);
        }
    }
}

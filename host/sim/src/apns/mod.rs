//! A stand-in for Apple's push service: HTTP/2 over TLS on loopback, with client certificates.
//!
//! It answers as APNs does, misbehaves on request, and wakes whoever waits for a token's pushes,
//! so that simulated devices connect because they were pushed. It must not know the client: what a
//! push must look like is written down here a second time. Invariants: a client without one of
//! its push certificates gets nowhere; all tasks end when the server is dropped.

mod answer;
mod authority;
mod connection;
mod handle;
mod state;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use authority::Authority;
pub use handle::ApnsHandle;
pub(crate) use handle::Bell;
pub use state::MISMATCHES_MAX;
use state::Shared;

/// How the stand-in answers when told to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    /// 429 `TooManyRequests`, to try again after 30 seconds.
    Throttle,
    /// 403 `BadCertificate`.
    Refuse403,
    /// 400 `BadDeviceToken`, whatever the token.
    BadRequest,
    /// 503 `ServiceUnavailable`.
    Unavailable,
    /// Answers, and takes no more on this connection: GOAWAY.
    GoAway,
    /// Never answers.
    Silence,
    /// Drops the connection without an answer, and all that is under way on it.
    Close,
}

/// How the stand-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApnsServerOptions {
    /// Only tokens of [`ApnsServer::register`] are good; any other is a `BadDeviceToken`.
    pub is_strict: bool,
    /// Requests at a time on a connection; more are refused. Apple's has 1,000.
    pub streams_max: u32,
}

impl Default for ApnsServerOptions {
    fn default() -> Self {
        Self {
            is_strict: false,
            streams_max: 1000,
        }
    }
}

/// A running stand-in. Dropping it ends it at once.
pub struct ApnsServer {
    address: SocketAddr,
    authority: Authority,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl ApnsServer {
    /// Listens on a free port of loopback. Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// No port, or no certificate could be made.
    pub fn start() -> io::Result<Self> {
        Self::start_with(ApnsServerOptions::default())
    }

    /// As [`Self::start`], with options.
    ///
    /// # Errors
    ///
    /// No port, or no certificate could be made.
    pub fn start_with(options: ApnsServerOptions) -> io::Result<Self> {
        let authority = Authority::new().map_err(io::Error::other)?;
        let tls = authority.server_config().map_err(io::Error::other)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(options));
        let mut tasks = JoinSet::new();
        tasks.spawn(connection::accept(listener, tls, Arc::clone(&shared)));
        Ok(Self {
            address,
            authority,
            shared,
            tasks,
        })
    }

    /// Ends it and waits until all its tasks have.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }

    /// Such as `https://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The authority that issued the server's certificate and issues the push certificates.
    pub fn ca_pem(&self) -> String {
        self.authority.ca_pem()
    }

    /// A new push certificate with its key, good for this topic. MDM's topics begin with
    /// `com.apple.mgmt.`.
    ///
    /// # Errors
    ///
    /// The certificate cannot be made.
    pub fn push_certificate_pem(&self, topic: &str) -> io::Result<String> {
        self.shared.add_topic(topic);
        let pem = self.authority.push_certificate_pem(topic, None);
        pem.map_err(io::Error::other)
    }

    /// As [`Self::push_certificate_pem`], expiring on that day (year, month, day) at midnight UTC.
    ///
    /// # Errors
    ///
    /// The certificate cannot be made.
    ///
    /// # Panics
    ///
    /// There is no such day.
    pub fn push_certificate_until_pem(
        &self,
        topic: &str,
        day: (i32, u8, u8),
    ) -> io::Result<String> {
        self.shared.add_topic(topic);
        let pem = self.authority.push_certificate_pem(topic, Some(day));
        pem.map_err(io::Error::other)
    }

    /// This token is good, and its pushes must carry this magic. Also after [`Self::unregister`].
    pub fn register(&self, token: &[u8], magic: &str) {
        self.shared.register(token, magic);
    }

    /// From now on 410 for this token, with this time (Unix ms).
    pub fn unregister(&self, token: &[u8], at_ms: u64) {
        self.shared.unregister(token, at_ms);
    }

    /// The number of pushes accepted for this token: changes whenever its device is woken. As at
    /// Apple's, pushes while nobody looks are one when somebody does.
    pub fn subscribe(&self, token: &[u8]) -> watch::Receiver<u64> {
        self.shared.subscribe(token)
    }

    /// Its pushes, for a fleet that they wake.
    pub fn handle(&self) -> ApnsHandle {
        ApnsHandle::new(Arc::clone(&self.shared))
    }

    /// The next so many pushes are answered like this.
    pub fn misbehave(&self, how: Misbehaviour, times: u32) {
        self.shared.misbehave(Some((how, times)));
    }

    /// From the next push on it answers as it should. Silence is not broken.
    pub fn behave(&self) {
        self.shared.misbehave(None);
    }

    /// Requests that came, however they were answered.
    pub fn pushes(&self) -> u64 {
        self.shared.counts().pushes
    }

    /// Pushes answered with 200.
    pub fn accepted(&self) -> u64 {
        self.shared.counts().accepted
    }

    /// Connections whose handshake succeeded.
    pub fn connections(&self) -> u64 {
        self.shared.counts().connections
    }

    /// Handshakes that failed, as those of clients without a good certificate do.
    pub fn refused_connections(&self) -> u64 {
        self.shared.counts().refused_connections
    }

    /// Most requests that were under way at a time.
    pub fn busiest(&self) -> u64 {
        self.shared.counts().busiest
    }

    /// Requests under way now.
    pub fn under_way(&self) -> u64 {
        self.shared.counts().under_way
    }

    /// What was wrong with requests, the first [`MISMATCHES_MAX`] of them.
    pub fn mismatches(&self) -> Vec<String> {
        self.shared.mismatches()
    }
}

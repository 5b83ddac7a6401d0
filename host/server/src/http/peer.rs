//! Who is at the other end of a connection, as far as the connection itself shows it.
//!
//! Knows nothing of trust: a certificate here proves that the client holds its key, and nothing
//! else. Who issued it and whether it is valid is judged for each request.

use std::net::SocketAddr;

use rustls::pki_types::CertificateDer;

/// The other end of one connection; the same for every request on it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// The address that the connection came from: a proxy's, if there is one.
    pub(crate) address: SocketAddr,
    /// The client's certificates as sent, the leaf first; none without TLS or if it sent none.
    /// At most some 64 KiB, which is what a handshake message may hold.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
}

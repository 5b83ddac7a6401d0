//! A whole server in this process, on threads that are measured by their name.
//!
//! Knows nothing of attacks. Invariant: it is stopped, and its folder removed, when this is dropped.

use std::net::SocketAddr;

use mooring_identity::Secret;
use mooring_server::device::DeviceAuth;
use mooring_server::serve::EnrollmentOptions;
use mooring_server::{ServeOptions, Server};
use mooring_sim::{Credential, Enrollment, PrivateKey, SCEP_MESSAGE_TYPE, Wish};
use mooring_tests::http::{Answer, exchange, request};
use mooring_tests::running;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::measure::Measured;
use super::wire::Wire;

/// The challenge that all devices may use.
pub(super) const CHALLENGE: &str = "a challenge for everyone";
/// The header in which a proxy passes a certificate on.
pub(super) const CERTIFICATE_HEADER: &str = "X-Client-Cert";

/// A server at work.
#[derive(Debug)]
pub(super) struct Threads {
    pub(super) admin: SocketAddr,
    pub(super) device: SocketAddr,
    token: String,
    name: &'static str,
    server: Option<Server>,
    runtime: Runtime,
    _folder: TempDir,
}

impl Threads {
    /// Starts one whose threads have this name. Devices get identities from it, sign their messages
    /// or come through a proxy at an address of `proxies`.
    pub(super) fn start(name: &'static str, proxies: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut enrollment = EnrollmentOptions::new("http://127.0.0.1:9001");
        enrollment.scep_challenge = Some(Secret::new(CHALLENGE));
        let options = ServeOptions {
            device_auth: vec![DeviceAuth::Signature, DeviceAuth::Header],
            cert_header: Some(CERTIFICATE_HEADER.to_owned()),
            trusted_proxies: vec![proxies.parse().expect("a network")],
            enrollment: Some(enrollment),
            ..running::options(&folder.path().join("data"))
        };
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.thread_name(name).enable_all().build().unwrap();
        let server = runtime.block_on(Server::start(options)).expect("a start");
        let address = |url: String| {
            let authority = url.trim_start_matches("http://").split('/').next();
            authority.unwrap_or_default().parse().expect("an address")
        };
        Self {
            admin: address(server.admin_url()),
            device: address(server.device_url()),
            token: server.token().to_owned(),
            name,
            server: Some(server),
            runtime,
            _folder: folder,
        }
    }

    /// What its threads cost.
    pub(super) fn measured(&self) -> Measured {
        Measured::threads(self.name)
    }

    /// What an administrator reads there.
    #[track_caller]
    pub(super) fn get(&self, path: &str) -> Answer {
        let token = format!("Authorization: Bearer {}", self.token);
        exchange(self.admin, &request("GET", path, &[&token], b""))
    }

    /// A SCEP request of a new device with this challenge, and what its reply is read with.
    pub(super) fn scep_request(&self, challenge: &str) -> (Enrollment, Vec<u8>) {
        let authorities = Wire::new(self.device).send("GET /scep?operation=GetCACert", "", b"");
        assert_eq!(authorities.status, 200);
        let wish = Wish {
            authorities: &authorities.body,
            subject: &[("CN".to_owned(), "a device".to_owned())],
            challenge: Some(challenge),
            present: None,
        };
        let key = PrivateKey::generate(2048).expect("a key");
        Enrollment::begin(wish, key, NOW_MS).expect("a request")
    }

    /// An identity that it has issued.
    pub(super) fn credential(&self) -> Credential {
        let (enrollment, message) = self.scep_request(CHALLENGE);
        let reply = pki_operation(&mut Wire::new(self.device), &message);
        assert_eq!(reply.status, 200);
        enrollment.finish(&reply.body).expect("an identity")
    }
}

/// The time at which devices say that they sign.
pub(super) const NOW_MS: u64 = 1_795_000_000_000;

/// Sends a SCEP message.
#[track_caller]
pub(super) fn pki_operation(wire: &mut Wire, message: &[u8]) -> Answer {
    let kind = format!("Content-Type: {SCEP_MESSAGE_TYPE}\r\n");
    wire.send("POST /scep?operation=PKIOperation", &kind, message)
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }
}

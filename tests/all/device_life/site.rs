//! A whole server that enrolls devices: its two listeners, its CA, a stand-in for Apple's push
//! service, and what an administrator does over the API.
//!
//! Knows nothing of devices. Invariants: nothing of it leaves loopback; it is stopped and its
//! folder removed when it is dropped.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mooring_identity::Authority;
use mooring_server::api::{HostDetail, HostProfiles, NewEnrollmentLink, Summary};
use mooring_server::clock::Clock;
use mooring_server::device::DeviceAuth;
use mooring_server::http::TlsFiles;
use mooring_server::serve::EnrollmentOptions;
use mooring_server::{ServeError, ServeOptions, Server};
use mooring_sim::apns::ApnsServer;
use mooring_tests::http::{self, Answer};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The push topic.
pub(crate) const TOPIC: &str = "com.apple.mgmt.External.9d2c5f0e-7b14-4a83-b6e0-1f8a3c7d2e59";
/// Ports that are tried: another process can take one between its choice and its use.
const PORTS_TRIED: usize = 8;
/// The header of the proxy.
pub(crate) const HEADER: &str = "X-Client-Certificate";

/// A server at work, in real time or in that of a test.
pub(crate) struct Site {
    server: Option<Server>,
    apns: Option<ApnsServer>,
    pub(crate) runtime: Runtime,
    /// Where devices reach it.
    pub(crate) device: SocketAddr,
    admin: SocketAddr,
    folder: TempDir,
}

impl Site {
    /// A server whose devices show who they are in this way, with a push certificate set. `mtls`
    /// comes with TLS; `is_tls` asks for it otherwise.
    pub(crate) fn start(way: DeviceAuth, is_tls: bool, clock: &Clock) -> Self {
        Self::adapted(way, is_tls, clock, |_, _| {})
    }

    /// The same with other options.
    pub(crate) fn adapted(
        way: DeviceAuth,
        is_tls: bool,
        clock: &Clock,
        adapt: impl FnOnce(&mut ServeOptions, &mut EnrollmentOptions),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let apns = {
            let _context = runtime.enter();
            ApnsServer::start().unwrap()
        };
        let certificate = apns.push_certificate_pem(TOPIC).unwrap();
        let mut options = ServeOptions::new(folder.path().join("data"));
        options.admin = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        options.device_auth = vec![way];
        options.clock = clock.clone();
        options.apns.url = apns.url();
        options.apns.ca_pem = Some(apns.ca_pem().into_bytes());
        options.tls = is_tls.then(|| tls_files(folder.path()));
        if way == DeviceAuth::Header {
            options.cert_header = Some(HEADER.to_owned());
            options.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        }
        // The URL follows from the port, which is chosen at last.
        let mut enrollment = EnrollmentOptions::new("");
        adapt(&mut options, &mut enrollment);
        let server = start(&runtime, options, &enrollment);
        let site = Self {
            admin: address(&server.admin_url()),
            device: address(&server.device_url()),
            server: Some(server),
            apns: Some(apns),
            runtime,
            folder,
        };
        let set = site.api("PUT", "/api/v1/pushcert", certificate.as_bytes());
        assert_eq!(set.status, 200, "{}", set.text());
        assert_eq!(set.json()["topic"], TOPIC);
        site
    }

    /// The file with the CA that issues identities to devices.
    pub(crate) fn device_ca_file(&self) -> PathBuf {
        self.folder.path().join("data/device-ca.pem")
    }

    /// The file with the CA of the server's own certificate.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A request of an administrator.
    #[track_caller]
    pub(crate) fn api(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let token = format!("Authorization: Bearer {}", self.server().token());
        http::exchange(self.admin, &http::request(method, path, &[&token], body))
    }

    /// A new link for the device with this serial number.
    #[track_caller]
    pub(crate) fn link(&self, serial: &str) -> NewEnrollmentLink {
        self.new_link(&serde_json::json!({ "serial": serial }))
    }

    /// A new link for any device.
    #[track_caller]
    pub(crate) fn link_for_any(&self) -> NewEnrollmentLink {
        self.new_link(&serde_json::json!({}))
    }

    #[track_caller]
    fn new_link(&self, wish: &serde_json::Value) -> NewEnrollmentLink {
        let wish = wish.to_string();
        let made = self.api("POST", "/api/v1/enrollment/links", wish.as_bytes());
        assert_eq!(made.status, 201, "{}", made.text());
        serde_json::from_slice(&made.body).unwrap()
    }

    /// What became of a link: `open`, `used` or `expired`.
    pub(crate) fn state_of(&self, link: &NewEnrollmentLink) -> String {
        let listing = self.api("GET", "/api/v1/enrollment/links", b"").json();
        let links = listing["links"].as_array().unwrap();
        let found = links.iter().find(|one| one["id"] == *link.link.id);
        found.unwrap()["state"].as_str().unwrap().to_owned()
    }

    /// Pushes a profile that is new or changed.
    #[track_caller]
    pub(crate) fn push(&self, profile: &str) {
        let pushed = self.api("POST", "/api/v1/profiles", profile.as_bytes());
        assert_eq!(pushed.status, 200, "{}", pushed.text());
    }

    /// Takes a rule's findings in one profile.
    #[track_caller]
    pub(crate) fn accept(&self, identifier: &str, rule: &str) {
        let path = format!("/api/v1/profiles/{identifier}/accepted/{rule}");
        let accepted = self.api("PUT", &path, br#"{"reason": "what the test is about"}"#);
        assert_eq!(accepted.status, 200, "{}", accepted.text());
    }

    /// Deletes a profile.
    #[track_caller]
    pub(crate) fn delete(&self, identifier: &str) {
        let path = format!("/api/v1/profiles/{identifier}");
        assert_eq!(self.api("DELETE", &path, b"").status, 204);
    }

    /// The counts.
    pub(crate) fn summary(&self) -> Summary {
        self.server().core().summary().unwrap()
    }

    /// What the server knows of a host.
    #[track_caller]
    pub(crate) fn host(&self, id: &str) -> HostDetail {
        self.server().core().host_detail(id).unwrap()
    }

    /// What the server knows of a host's profiles.
    #[track_caller]
    pub(crate) fn profiles(&self, id: &str) -> HostProfiles {
        self.server().core().host_profiles(id).unwrap()
    }

    /// What was wrong with the pushes.
    pub(crate) fn wrong_pushes(&self) -> Vec<String> {
        self.apns
            .as_ref()
            .map_or_else(Vec::new, ApnsServer::mismatches)
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("a server until the end")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
        if let Some(apns) = self.apns.take() {
            self.runtime.block_on(apns.stop());
        }
    }
}

/// Starts the server. The public URL names the port, so the port is chosen before.
fn start(runtime: &Runtime, mut options: ServeOptions, enrollment: &EnrollmentOptions) -> Server {
    let scheme = if options.tls.is_some() {
        "https"
    } else {
        "http"
    };
    for _ in 0..PORTS_TRIED {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        options.device = free.local_addr().unwrap();
        drop(free);
        options.enrollment = Some(EnrollmentOptions {
            public_url: format!("{scheme}://{}", options.device),
            ..enrollment.clone()
        });
        match runtime.block_on(Server::start(options.clone())) {
            Ok(server) => return server,
            Err(ServeError::Listen { .. }) => {}
            Err(error) => panic!("the server does not start: {error}"),
        }
    }
    panic!("no port is free for long enough");
}

/// A server's certificate of a CA that this process makes once; the CA is in `ca.pem`.
fn tls_files(folder: &Path) -> TlsFiles {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    let now_ms = Clock::system().now().0;
    let authority =
        AUTHORITY.get_or_init(|| Authority::create("Servers of a test", now_ms).unwrap());
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let issued = authority.issue_server(&names, 7, now_ms).unwrap();
    let files = TlsFiles {
        certificate: folder.join("server.pem"),
        key: folder.join("server.key"),
    };
    fs::write(folder.join("ca.pem"), authority.to_pem().ca_certificate).unwrap();
    fs::write(&files.certificate, issued.certificate).unwrap();
    fs::write(&files.key, issued.key.expose()).unwrap();
    files
}

pub(super) fn address(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once("://").expect("a URL");
    let authority = rest.split('/').next().unwrap_or_default();
    authority.parse().expect("an address")
}

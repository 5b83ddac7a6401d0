//! A whole server with its two listeners, on ports that the system chooses.
//!
//! Invariant: it is stopped and its folder removed when it is dropped.

use std::net::SocketAddr;
use std::path::Path;

use mooring_server::{ServeError, ServeOptions, Server};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::http::{self, Answer};

/// A server at work.
#[derive(Debug)]
pub struct Running {
    server: Option<Server>,
    /// Where administrators reach it.
    pub admin: SocketAddr,
    /// Where devices reach it.
    pub device: SocketAddr,
    /// Its token.
    pub token: String,
    folder: TempDir,
    runtime: Runtime,
}

impl Running {
    /// Starts a server over a new folder.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same with other options.
    pub fn start_with(change: impl FnOnce(&mut ServeOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let mut options = options(&folder.path().join("data"));
        change(&mut options);
        let server = start(&runtime, &options).expect("a start");
        let address = |url: String| {
            let rest = url.strip_prefix("http://").expect("a plain URL").to_owned();
            let authority = rest.split('/').next().unwrap_or_default().to_owned();
            authority.parse().expect("an address")
        };
        Self {
            admin: address(server.admin_url()),
            device: address(server.device_url()),
            token: server.token().to_owned(),
            server: Some(server),
            folder,
            runtime,
        }
    }

    /// Its data folder.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A request of an administrator, with the token; `headers` are whole lines.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let token = format!("Authorization: Bearer {}", self.token);
        let headers = [&[token.as_str()], headers].concat();
        http::exchange(self.admin, &http::request(method, path, &headers, body))
    }

    /// A `GET` of an administrator.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.api("GET", path, &[], b"")
    }

    /// A message of a device.
    #[track_caller]
    pub fn message(&self, body: &[u8]) -> Answer {
        http::exchange(self.device, &http::request("PUT", "/mdm", &[], body))
    }

    /// Tries to start one more server.
    pub fn start_another(&self, options: &ServeOptions) -> Result<(), ServeError> {
        start(&self.runtime, options).map(|server| self.runtime.block_on(server.stop()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }
}

/// Options for a server in `data` on free ports.
pub fn options(data: &Path) -> ServeOptions {
    let mut options = ServeOptions::new(data);
    options.admin = SocketAddr::from(([127, 0, 0, 1], 0));
    options.device = SocketAddr::from(([127, 0, 0, 1], 0));
    options
}

fn start(runtime: &Runtime, options: &ServeOptions) -> Result<Server, ServeError> {
    runtime.block_on(Server::start(options.clone()))
}

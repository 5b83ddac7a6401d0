//! The server that is measured, as a process of its own over a folder of ours.
//!
//! Knows nothing of devices. Invariant: nothing but a folder that this benchmark made is ever
//! served.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::BenchError;
use crate::child::{Running, Start};
use crate::cores::Cores;
use crate::device::CERTIFICATE_HEADER;
use crate::error::file;
use crate::load::beginning;
use crate::process::Process;
use crate::seed::files;
use crate::wire::Line;

/// Longer than any run, so that nothing falls due by itself while it is measured, and than a fleet
/// is kept.
const REFRESH_INTERVAL: &str = "365d";

/// How devices reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// Plain HTTP from a proxy that passes certificates on.
    Proxy,
    /// TLS with client certificates.
    Mtls,
}

/// What starts servers.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// The one that stands in for limits.
    pub(crate) stand_in: PathBuf,
    pub(crate) cores: Cores,
}

/// A server at work.
#[derive(Debug)]
pub(crate) struct Site {
    /// `None` where the server runs in this process, as in tests.
    running: Option<Running>,
    process: Process,
    pub(crate) device: SocketAddr,
    admin: SocketAddr,
    token: String,
}

#[derive(Deserialize)]
struct Ready {
    admin_url: String,
    device_url: String,
    token_file: PathBuf,
}

impl Program {
    /// Serves the fleet in `folder`.
    pub(crate) async fn serve(
        &self,
        folder: &Path,
        entrance: Entrance,
    ) -> Result<Site, BenchError> {
        let text = |path: PathBuf| path.display().to_string();
        let mut arguments: Vec<String> = [
            "serve",
            "--json",
            "--admin",
            "127.0.0.1:0",
            "--device",
            "127.0.0.1:0",
            "--refresh-interval",
            REFRESH_INTERVAL,
            "--removal-guard-hosts",
            "4000000000",
            "--removal-guard-share",
            "100",
        ]
        .map(str::to_owned)
        .into();
        arguments.extend(["--data".to_owned(), text(folder.join(files::DATA))]);
        arguments.extend(["--device-ca".to_owned(), text(folder.join(files::CA))]);
        arguments.extend(match entrance {
            Entrance::Proxy => [
                "--device-auth",
                "header",
                "--cert-header",
                CERTIFICATE_HEADER,
                "--trusted-proxy",
                "127.0.0.1/32",
            ]
            .map(str::to_owned)
            .to_vec(),
            Entrance::Mtls => vec![
                "--device-auth".to_owned(),
                "mtls".to_owned(),
                "--tls-cert".to_owned(),
                text(folder.join(files::SERVER)),
                "--tls-key".to_owned(),
                text(folder.join(files::SERVER_KEY)),
            ],
        });
        let (running, line) = Running::start(Start {
            what: "the server",
            program: &self.path,
            arguments,
            log: folder.join(files::LOG),
            cores: self.cores,
        })
        .await?;
        Site::ready(running, &line)
    }
}

impl Site {
    fn ready(running: Running, line: &str) -> Result<Self, BenchError> {
        let odd = || BenchError::NotReady {
            what: "the server",
            log: line.to_owned(),
        };
        let ready: Ready = serde_json::from_str(line).map_err(|_| odd())?;
        let token = std::fs::read_to_string(&ready.token_file);
        let token = token.map_err(file(&ready.token_file, "read"))?;
        Ok(Self {
            process: running.process(),
            running: Some(running),
            device: address_of(&ready.device_url).ok_or_else(odd)?,
            admin: address_of(&ready.admin_url).ok_or_else(odd)?,
            token: token.trim().to_owned(),
        })
    }

    /// A server in this very process; its figures are those of everything here.
    #[cfg(test)]
    pub(crate) fn within(device: SocketAddr, admin: SocketAddr, token: &str) -> Self {
        Self {
            running: None,
            process: Process::new(std::process::id()),
            device,
            admin,
            token: token.to_owned(),
        }
    }

    /// What the system tells of it.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Processor time since `before`.
    pub(crate) fn cpu_since(&self, before: Duration) -> Result<Duration, BenchError> {
        Ok(self.process.cpu()?.saturating_sub(before))
    }

    /// Asks the server to stop and waits until it has.
    pub(crate) async fn stop(self) -> Result<(), BenchError> {
        match self.running {
            Some(running) => running.stop().await,
            None => Ok(()),
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(self) -> Result<(), BenchError> {
        self.running.map_or(Ok(()), Running::kill)
    }

    /// A connection of an administrator.
    pub(crate) async fn administrator(&self) -> Result<Administrator, BenchError> {
        let address = self.admin;
        let line = Line::connect(address).await;
        Ok(Administrator {
            line: line.map_err(|source| BenchError::Exchange { address, source })?,
            address,
            token: self.token.clone(),
        })
    }
}

/// An administrator's connection.
#[derive(Debug)]
pub(crate) struct Administrator {
    line: Line<tokio::net::TcpStream>,
    address: SocketAddr,
    token: String,
}

impl Administrator {
    /// Sends a request and reads the answer, which must be one of success.
    pub(crate) async fn send<T: DeserializeOwned>(
        &mut self,
        doing: &'static str,
        (method, path): (&str, &str),
        body: Option<&serde_json::Value>,
    ) -> Result<T, BenchError> {
        let json = body.map_or_else(String::new, ToString::to_string);
        let kind = if json.is_empty() {
            ""
        } else {
            "Content-Type: application/json\r\n"
        };
        let (token, bytes) = (&self.token, json.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{kind}\
             Content-Length: {bytes}\r\n\r\n{json}"
        );
        let address = self.address;
        let reply = self.line.exchange(request.as_bytes()).await;
        let reply = reply.map_err(|source| BenchError::Exchange { address, source })?;
        let answer = || BenchError::Answer {
            doing,
            status: reply.status,
            body: beginning(reply.body),
        };
        if !(200..300).contains(&reply.status) {
            return Err(answer());
        }
        let body = if reply.body.is_empty() {
            b"null"
        } else {
            reply.body
        };
        serde_json::from_slice(body).map_err(|_| answer())
    }
}

/// The address in a URL such as `http://127.0.0.1:9001/mdm`.
fn address_of(url: &str) -> Option<SocketAddr> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    host.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that addresses are taken out of what the server announces.
    #[test]
    fn addresses() {
        let expected: SocketAddr = ([127, 0, 0, 1], 9001).into();
        assert_eq!(address_of("http://127.0.0.1:9001/mdm"), Some(expected));
        assert_eq!(address_of("https://127.0.0.1:9001"), Some(expected));
        assert_eq!(address_of("127.0.0.1:9001"), None);
    }
}

//! The real binary as a server in a process of its own, and a device that is enrolled there.
//!
//! Knows nothing of attacks. Invariant: the process is ended, and its folder removed, when this is
//! dropped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use mooring_sim::{Device, DeviceOptions, Ending, Faults, Reply};
use mooring_tests::Draft;
use mooring_tests::command::mooring;
use mooring_tests::http::{Answer, exchange, request};
use serde_json::Value;
use tempfile::TempDir;

use super::measure::Measured;
use super::wire::Wire;

/// Contacts within which a device comes to rest.
const CONTACTS_MAX: usize = 12;

/// A server at work.
#[derive(Debug)]
pub(super) struct Attacked {
    pub(super) admin: SocketAddr,
    pub(super) device: SocketAddr,
    pub(super) token: String,
    child: Child,
    _out: BufReader<ChildStdout>,
    folder: TempDir,
}

impl Attacked {
    /// Starts one on loopback, where devices are not authenticated.
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(mooring());
        command.args(["serve", "--admin", "127.0.0.1:0", "--device", "127.0.0.1:0"]);
        command.arg("--json").arg("--data").arg(&data);
        for name in ["MOORING_DATA", "MOORING_URL", "MOORING_TOKEN", "RUST_LOG"] {
            command.env_remove(name);
        }
        command.env("MOORING_LOG", "debug");
        // Large pieces go back to the system at once, so that the peak of one message does not hide
        // in what is left of the one before.
        command.env("MALLOC_MMAP_THRESHOLD_", "65536");
        command.env("MALLOC_TRIM_THRESHOLD_", "65536");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().expect("the binary runs");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut first = String::new();
        out.read_line(&mut first).expect("a line");
        let ready: Value = serde_json::from_str(&first).expect("where the server is");
        let address = |key: &str| {
            let url = ready[key].as_str().expect("an address");
            let authority = url.trim_start_matches("http://").split('/').next();
            authority.unwrap_or_default().parse().expect("an address")
        };
        let token = fs::read_to_string(data.join("admin-token")).expect("a token");
        Self {
            admin: address("admin_url"),
            device: address("device_url"),
            token: token.trim().to_owned(),
            child,
            _out: out,
            folder,
        }
    }

    /// What the process costs.
    pub(super) fn measured(&self) -> Measured {
        Measured::process(self.child.id())
    }

    /// What it has logged so far, with everything down to `debug`.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("UTF-8")
    }

    /// A request of an administrator.
    #[track_caller]
    pub(super) fn api(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let token = format!("Authorization: Bearer {}", self.token);
        exchange(self.admin, &request(method, path, &[&token], body))
    }

    /// Runs a command of an administrator against it, and gives what it wrote to both outputs.
    pub(super) fn run(&self, line: &str) -> String {
        let mut command = Command::new(mooring());
        command.args(line.split_whitespace());
        command.env("MOORING_URL", format!("http://{}", self.admin));
        command.env("MOORING_TOKEN", &self.token);
        let output = command
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
    }

    /// Checks that the process is the same, and that a device gets a profile that is new to it.
    #[track_caller]
    pub(super) fn assert_serves(&mut self, device: &mut Device) {
        let ended = self.child.try_wait().expect("a process");
        assert!(ended.is_none(), "the server has ended: {ended:?}");
        let held = device.profiles(mooring_sim::Channel::Device).count();
        let name = format!("com.harborworks.p{held}");
        let profile = Draft::new(&name, "one").xml();
        let pushed = self.api("POST", "/api/v1/profiles", profile.as_bytes());
        assert_eq!(pushed.status, 200, "{}", pushed.text());
        sync(self.device, device);
        let mut held = device.profiles(mooring_sim::Channel::Device);
        assert!(held.any(|profile| profile.identifier == name), "{name}");
    }
}

impl Drop for Attacked {
    /// Ends it as `kill -9` does.
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Mac in good order.
pub(super) fn mac(index: u32) -> Device {
    let faults = Faults {
        is_without_user: true,
        ..Faults::default()
    };
    Device::new(DeviceOptions {
        seed: 41,
        index,
        has_user: false,
        faults,
    })
}

/// Lets a device make contact until there is nothing more to do.
#[track_caller]
pub(super) fn sync(address: SocketAddr, device: &mut Device) {
    let mut wire = Wire::new(address);
    for _ in 0..CONTACTS_MAX {
        let contact = device.contact(|_, request| {
            let answer = wire.message(&request.body);
            assert_eq!(answer.status, 200, "{}", answer.text());
            Reply {
                status: answer.status,
                body: answer.body,
            }
        });
        if contact.device.is_idle() || contact.device == Ending::Silent {
            return;
        }
    }
    panic!("no rest after {CONTACTS_MAX} contacts");
}

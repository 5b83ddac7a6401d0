//! Starting a server: its folder, its token, and the addresses it refuses.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mooring_server::ServeError;
use mooring_server::device::DeviceAuth;
use mooring_tests::{Running, running};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Everything in the data folder is its owner's alone, the token is long and stays the same.
#[test]
fn folder_and_token() {
    let server = Running::start();
    let data = server.data();
    assert_eq!(mode(&data), 0o700);
    let token = fs::read_to_string(data.join("admin-token")).unwrap();
    assert_eq!(token.trim(), server.token);
    assert_eq!(token.trim().len(), 64);
    let mut folders = vec![data.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let wanted = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), wanted, "{}", path.display());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    let url = fs::read_to_string(data.join("admin-url")).unwrap();
    assert_eq!(url.trim(), format!("http://{}", server.admin));
    let other = Running::start();
    assert_ne!(other.token, server.token);
}

/// Addresses off loopback are refused with the reason, before anything is made.
#[test]
fn loopback_only() {
    let server = Running::start();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0"] {
        let address: SocketAddr = address.parse().unwrap();
        let mut options = running::options(&data);
        options.device = address;
        let error = server.start_another(&options).unwrap_err();
        assert!(matches!(error, ServeError::DeviceNotLoopback(_)));
        let text = error.to_string();
        assert!(text.contains("not be authenticated"), "{text}");
        assert!(text.contains(&address.to_string()), "{text}");
        let mut options = running::options(&data);
        options.admin = address;
        let error = server.start_another(&options).unwrap_err();
        assert!(matches!(error, ServeError::AdminNotLoopback(_)));
        let mut options = running::options(&data);
        options.device = address;
        options.device_auth = vec![DeviceAuth::Signature];
        let error = server.start_another(&options).unwrap_err();
        assert!(matches!(error, ServeError::DeviceWithoutTls(_)));
    }
    assert!(!data.exists());
}

/// A second server over the same folder, or on the same port, is refused with the reason; the
/// first goes on.
#[test]
fn second_server() {
    let server = Running::start();
    let error = server
        .start_another(&running::options(&server.data()))
        .unwrap_err();
    assert!(matches!(error, ServeError::Store { .. }), "{error:?}");
    let source = error.source().expect("a reason").to_string();
    assert!(
        source.contains("in use") || source.contains("another"),
        "{source}"
    );

    let folder = tempfile::tempdir().unwrap();
    let mut options = running::options(&folder.path().join("data"));
    options.admin = server.admin;
    let error = server.start_another(&options).unwrap_err();
    assert!(matches!(error, ServeError::Listen { .. }), "{error:?}");
    assert!(error.to_string().contains(&server.admin.to_string()));
    assert_eq!(server.get("/api/v1/status").status, 200);
}

/// A damaged store or an empty token file stops the start with a reason that names the file.
#[test]
fn damaged_folder() {
    let server = Running::start();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let options = running::options(&data);
    server.start_another(&options).unwrap();
    assert!(!data.join("admin-url").exists(), "nobody is there any more");

    fs::write(data.join("admin-token"), "\n").unwrap();
    let error = server.start_another(&options).unwrap_err();
    assert!(matches!(error, ServeError::EmptyToken(_)), "{error:?}");
    assert!(error.to_string().contains("admin-token"));
    fs::remove_file(data.join("admin-token")).unwrap();
    server.start_another(&options).unwrap();

    fs::write(data.join("mooring.redb"), "no store".repeat(1000)).unwrap();
    let error = server.start_another(&options).unwrap_err();
    assert!(error.to_string().contains("mooring.redb"), "{error}");
}

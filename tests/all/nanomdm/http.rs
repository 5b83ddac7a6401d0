//! NanoMDM's addresses over HTTP: who is let in, what they answer, and in which form.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use mooring_server::http::Route;
use mooring_server::{ServeOptions, Server};
use mooring_tests::http::{self, Answer};
use mooring_tests::{Running, running};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{authenticate, command, install, message, report, token_update, uuid_of};
use crate::tidy::root;

/// A server over a folder of its own that can be stopped and started again.
pub(super) struct Site {
    runtime: Runtime,
    folder: TempDir,
    server: Option<Server>,
}

impl Site {
    /// One with options that `change` changes.
    pub(super) fn start(change: impl FnOnce(&mut ServeOptions)) -> Self {
        let mut site = Self {
            runtime: Runtime::new().unwrap(),
            folder: tempfile::tempdir().unwrap(),
            server: None,
        };
        site.restart(change);
        site
    }

    /// Stops it and starts it over the same folder.
    pub(super) fn restart(&mut self, change: impl FnOnce(&mut ServeOptions)) {
        self.stop();
        let mut options = running::options(&self.folder.path().join("data"));
        change(&mut options);
        let started = self.runtime.block_on(Server::start(options));
        self.server = Some(started.expect("a start"));
    }

    pub(super) fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    /// A message of a device.
    pub(super) fn message(&self, path: &str, body: &[u8]) -> Answer {
        let url = self.server().device_url();
        http::exchange(authority(&url), &http::request("PUT", path, &[], body))
    }

    /// A request with the token.
    fn api(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let token = format!("Authorization: Bearer {}", self.server().token());
        let request = http::request(method, path, &[&token], body);
        http::exchange(authority(&self.server().admin_url()), &request)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop();
    }
}

fn authority(url: &str) -> std::net::SocketAddr {
    let rest = url.split("://").nth(1).expect("a URL");
    let authority = rest.split('/').next().expect("an authority");
    authority.parse().expect("an address")
}

fn enroll(server: &Running, udid: &str) {
    assert_eq!(server.message(&authenticate(udid)).status, 200);
    assert_eq!(server.message(&token_update(udid, None)).status, 200);
}

/// NanoMDM's user with the token as password is let in where NanoMDM's tools speak, and nowhere
/// else; nobody else is, and errors have NanoMDM's form.
#[test]
fn who_is_let_in() {
    let server = Running::start();
    let basic = |user: &str, password: &str| {
        let given = STANDARD.encode(format!("{user}:{password}"));
        format!("Authorization: Basic {given}")
    };
    let own = basic("nanomdm", &server.token);
    let get = |path: &str, headers: &[&str]| {
        http::exchange(server.admin, &http::request("GET", path, headers, b""))
    };
    assert_eq!(get("/v1/enrollments", &[&own]).status, 200);
    assert_eq!(server.get("/v1/enrollments").status, 200);
    for path in ["/v1/enrollments", "/v1/push/D", "/v1/nothing", "/migration"] {
        for headers in [&[][..], &[basic("nanomdm", "wrong").as_str()][..]] {
            let answer = get(path, headers);
            assert_eq!(answer.status, 401, "{path}");
            let realm = answer.header("www-authenticate");
            assert_eq!(realm, Some("Basic realm=\"nanomdm\""));
            assert!(answer.json()["error"].is_string());
        }
    }
    assert_eq!(
        get("/v1/enrollments", &[&basic("admin", &server.token)]).status,
        401
    );
    assert_eq!(get("/api/v1/hosts", &[&own]).status, 401);
    assert_eq!(
        get("/v1/enrollments", &[&own, "Sec-Fetch-Site: cross-site"]).status,
        401
    );
    assert!(get("/version", &[]).json()["version"].is_string());
    let answer = server.api("DELETE", "/v1/push/D", &[], b"");
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, PUT, POST"))
    );
    assert_eq!(server.get("/v1/nothing").status, 404);
}

/// While sending is stopped a command is taken and waits, and the answer says so; a push alone says
/// why there is none.
#[test]
fn enqueueing_while_paused() {
    let server = Running::start();
    enroll(&server, "D");
    assert_eq!(server.api("PUT", "/api/v1/pause", &[], b"").status, 200);
    let body = command("C", "ProfileList");
    let answer = server.api("PUT", "/v1/enqueue/D", &[], &body);
    let (status, taken) = (answer.status, answer.json());
    assert_eq!(status, 200, "{taken}");
    assert_eq!(
        (&taken["is_paused"], &taken["no_push"]),
        (&true.into(), &true.into())
    );
    let queue = server.get("/v1/queue/D").text();
    assert!(queue.contains("\"C\""), "{queue}");
    let answer = server.api("PUT", "/v1/push/D", &[], b"");
    assert_eq!(answer.status, 500);
    assert!(
        answer.text().contains("mooring resume"),
        "{}",
        answer.text()
    );
}

/// Enqueueing answers as NanoMDM does: 200, 207 and 500, the same keys, tabs, `nopush`.
#[test]
fn enqueueing() {
    let server = Running::start();
    enroll(&server, "D");
    let put = |path: &str, body: &[u8]| server.api("PUT", path, &[], body);
    let body = command("C", "ProfileList");

    let answer = put("/v1/enqueue/D?nopush=1", &body);
    assert_eq!(answer.status, 200);
    let tabs = "{\n\t\"no_push\": true,\n\t\"command_uuid\": \"C\",\n\t\"request_type\": \"ProfileList\"\n}\n";
    assert_eq!(answer.text(), tabs);
    assert_eq!(answer.header("content-type"), Some("application/json"));

    let answer = server.api("POST", "/v1/enqueue/D,E?nopush=1", &[], &body);
    assert_eq!(answer.status, 207);
    assert!(answer.json()["status"]["E"]["command_error"].is_string());
    assert!(answer.json()["status"].get("D").is_none());
    assert_eq!(put("/v1/enqueue/E?nopush=1", &body).status, 500);

    // It is taken although nobody can be pushed without a push certificate.
    let answer = put("/v1/enqueue/D", &command("PUSHED", "ProfileList"));
    assert_eq!(answer.status, 500);
    let of = &answer.json()["status"]["D"];
    assert!(
        of["push_error"]
            .as_str()
            .unwrap()
            .contains("no push certificate"),
        "{of}"
    );
    assert!(of.get("command_error").is_none());
    for path in ["/v1/enqueue/D", "/v1/push/D"] {
        let method = if path.contains("push") { "GET" } else { "PUT" };
        let answer = server.api(method, path, &[], b"");
        assert!(
            answer.json()["status"]["D"]["push_error"].is_string(),
            "{path}"
        );
        assert!(answer.json().get("command_uuid").is_none());
    }

    let many: Vec<_> = (0..40).map(|number| format!("HOST-{number}")).collect();
    for udid in &many {
        enroll(&server, udid);
    }
    let path = format!("/v1/enqueue/{}?nopush=true", many.join(","));
    assert_eq!(put(&path, &command("ALL", "ProfileList")).status, 200);

    for (path, body) in [
        ("/v1/enqueue/D", &b"bplist00\xd0"[..]),
        ("/v1/enqueue/D", b"<plist/>"),
        ("/v1/enqueue/D?nopush=1", b""),
        ("/v1/enqueue/,", &command("X", "ProfileList")),
    ] {
        let answer = put(path, body);
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.json()["command_error"].is_string());
    }
    let error = put("/v1/enqueue/D", b"bplist00").json();
    let text = error["command_error"].as_str().unwrap();
    assert!(text.contains("binary"), "{text}");

    let queue = server.get("/v1/queue/D?body=true").json();
    assert_eq!(queue["commands"][0]["command_uuid"], "C");
    assert_eq!(queue["commands"][0]["command"], STANDARD.encode(&body));
    let cleared = server.api("DELETE", "/v1/queue/D", &[], b"").json();
    assert_eq!(cleared["cleared"], 2);
    let results = server.get("/v1/results/D").json();
    assert_eq!(results["results"][0]["status"], "Cleared");
    assert_eq!(server.get("/v1/queue/NOBODY").status, 404);
}

/// A profile of 10 MB reaches a device byte for byte, and its report comes back; more than the
/// limit is refused.
#[test]
fn a_large_profile() {
    let server = Running::start();
    enroll(&server, "D");
    let body = install("LARGE", &vec![7; 10_000_000]);
    let answer = server.api("PUT", "/v1/enqueue/D?nopush=1", &[], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut next = report("D", "Idle", None);
    for _ in 0..5 {
        let got = server.message(&next).body;
        if uuid_of(&got[..got.len().min(400)]) == "LARGE" {
            assert!(got == body, "the bytes are the same");
            let sent = report("D", "Acknowledged", Some("LARGE"));
            server.message(&sent);
            let result = server.get("/v1/results/D/LARGE").json();
            assert_eq!(result["status"], "Acknowledged");
            assert_eq!(result["raw_payload"], STANDARD.encode(sent));
            let beyond = vec![b' '; 16 * 1024 * 1024 + 1];
            assert_eq!(server.api("PUT", "/v1/enqueue/D", &[], &beyond).status, 413);
            return;
        }
        next = super::answer_to("D", &got);
    }
    panic!("it never came");
}

/// Records of another server become enrollments, once and where it is allowed; a host that is
/// known here is not changed by them.
#[test]
fn migrating() {
    let plain = Running::start();
    assert_eq!(
        plain
            .api("PUT", "/migration", &[], &authenticate("D"))
            .status,
        404
    );

    let site = Site::start(|options| options.allows_migration = true);
    let migrate = |body: &[u8]| site.api("PUT", "/migration", body).status;
    assert_eq!(migrate(&token_update("D", None)), 400);
    for body in [
        authenticate("D"),
        token_update("D", None),
        token_update("D", Some("U")),
    ] {
        assert_eq!(migrate(&body), 200);
        assert_eq!(migrate(&body), 200, "twice does no harm");
    }
    assert_eq!(
        migrate(&message(&[("MessageType", "CheckOut"), ("UDID", "D")])),
        400
    );
    assert_eq!(migrate(b"no"), 400);
    let listed = site.api("GET", "/v1/enrollments", b"").json();
    let ids: Vec<_> = listed["enrollments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(ids, ["D", "D:U"]);
    assert!(listed["enrollments"][0]["enabled"].as_bool().unwrap());
    assert_eq!(site.message("/mdm", &report("D", "Idle", None)).status, 200);
    assert_eq!(migrate(&token_update("D", None)), 409);
    assert_eq!(site.message("/mdm", &authenticate("E")).status, 200);
    assert_eq!(migrate(&authenticate("E")), 409);
}

/// Push certificates are asked for by topic, and what cannot be read is refused.
#[test]
fn push_certificates() {
    let server = Running::start();
    assert_eq!(server.get("/v1/pushcert").status, 400);
    assert_eq!(
        server
            .get("/v1/pushcert?topic=com.apple.mgmt.External.1")
            .status,
        404
    );
    let answer = server.api("PUT", "/v1/pushcert", &[], b"nothing");
    assert_eq!(answer.status, 400);
    assert!(answer.json()["error"].is_string());
    assert_eq!(
        server.api("POST", "/v1/escrowkeyunlock", &[], b"").status,
        501
    );
}

/// Every address that the page names is there, with the methods that it names.
#[test]
fn the_page_names_addresses_that_exist() {
    let page = fs::read_to_string(root().join("host/docs/NANOMDM.md")).unwrap();
    let mut routes = 0;
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let (address, _) = row.split_once('`').expect("an address");
        let (methods, path) = address.split_once(' ').expect("methods and a path");
        let path = path.split('?').next().unwrap_or_default();
        for method in methods.split('|') {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let found = Route::find(&method, path);
            let found = found.unwrap_or_else(|problem| panic!("{address}: {:?}", problem.kind));
            assert!(
                matches!(found, Route::NanoMdm(_) | Route::Version),
                "{address}"
            );
            routes += 1;
        }
    }
    assert_eq!(routes, 16, "a route is not on the page");
}

//! Every route of the admin listener against credentials that are none.
//!
//! Knows nothing of what routes do. Invariant: a route that is new does not compile here until it
//! is in the list.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use mooring_server::http::{
    BackupRoute, ControlRoute, EnrollmentRoute, NanoRoute, PluginRoute, PolicyRoute, Route,
    ScopeRoute,
};
use mooring_tests::Running;
use mooring_tests::http::Answer;

use super::wire::Wire;

/// Every route with a method and an address that lead to it.
pub(super) const ROUTES: [(&str, &str); 80] = [
    ("GET", "/healthz"),
    ("GET", "/version"),
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/profiles"),
    ("POST", "/api/v1/profiles"),
    ("GET", "/api/v1/profiles/com.harborworks.a"),
    ("PATCH", "/api/v1/profiles/com.harborworks.a"),
    ("DELETE", "/api/v1/profiles/com.harborworks.a"),
    ("GET", "/api/v1/profiles/com.harborworks.a/raw"),
    ("GET", "/api/v1/profiles/com.harborworks.a/versions/1"),
    ("GET", "/api/v1/profiles/com.harborworks.a/versions/1/raw"),
    ("GET", "/api/v1/hosts"),
    ("GET", "/api/v1/hosts/H"),
    ("DELETE", "/api/v1/hosts/H"),
    ("GET", "/api/v1/hosts/H/profiles"),
    ("POST", "/api/v1/hosts/H/refresh"),
    ("POST", "/api/v1/hosts/H/block"),
    ("DELETE", "/api/v1/hosts/H/block"),
    ("POST", "/api/v1/hosts/H/accept"),
    ("GET", "/api/v1/enrollment/links"),
    ("POST", "/api/v1/enrollment/links"),
    ("DELETE", "/api/v1/enrollment/links/L"),
    ("POST", "/api/v1/enrollment/profile"),
    ("GET", "/api/v1/pushcert"),
    ("PUT", "/api/v1/pushcert"),
    ("PUT", "/api/v1/tokens/com.apple.maid"),
    ("DELETE", "/api/v1/tokens/com.apple.maid"),
    ("PUT", "/v1/enqueue/H"),
    ("GET", "/v1/push/H"),
    ("GET", "/v1/pushcert"),
    ("PUT", "/v1/pushcert"),
    ("POST", "/v1/escrowkeyunlock"),
    ("PUT", "/migration"),
    ("GET", "/v1/enrollments"),
    ("GET", "/v1/queue/H"),
    ("DELETE", "/v1/queue/H"),
    ("GET", "/v1/results/H"),
    ("GET", "/v1/results/H/C"),
    ("POST", "/v1/push/H"),
    ("POST", "/api/v1/backups"),
    ("GET", "/api/v1/backups/B"),
    ("DELETE", "/api/v1/backups/B"),
    ("GET", "/api/v1/backups/B/bytes"),
    ("GET", "/api/v1/pause"),
    ("PUT", "/api/v1/pause"),
    ("DELETE", "/api/v1/pause"),
    ("POST", "/api/v1/hosts/H/settle"),
    ("POST", "/api/v1/hosts/H/profiles/com.harborworks.a/resend"),
    ("POST", "/api/v1/profiles/com.harborworks.a/resend"),
    ("GET", "/api/v1/labels"),
    ("GET", "/api/v1/labels/l"),
    ("PUT", "/api/v1/labels/l"),
    ("DELETE", "/api/v1/labels/l"),
    ("POST", "/api/v1/labels/l/hosts"),
    ("GET", "/api/v1/assignments"),
    ("GET", "/api/v1/profiles/com.harborworks.a/assignment"),
    ("PUT", "/api/v1/profiles/com.harborworks.a/assignment"),
    ("DELETE", "/api/v1/profiles/com.harborworks.a/assignment"),
    ("GET", "/api/v1/values"),
    ("PUT", "/api/v1/values/v"),
    ("DELETE", "/api/v1/values/v"),
    ("GET", "/api/v1/hosts/H/values"),
    ("PUT", "/api/v1/hosts/H/values"),
    ("GET", "/api/v1/hosts/H/profiles/com.harborworks.a"),
    ("GET", "/api/v1/plugins"),
    ("POST", "/api/v1/plugins"),
    ("GET", "/api/v1/plugins/P"),
    ("DELETE", "/api/v1/plugins/P"),
    ("POST", "/api/v1/plugins/P/enable"),
    ("POST", "/api/v1/plugins/P/disable"),
    ("POST", "/api/v1/plugins/P/lift"),
    ("GET", "/api/v1/bindings/B"),
    ("PUT", "/api/v1/bindings/B"),
    ("DELETE", "/api/v1/bindings/B"),
    ("GET", "/api/v1/policy"),
    ("PUT", "/api/v1/policy/T002"),
    ("DELETE", "/api/v1/policy/T002"),
    ("GET", "/api/v1/profiles/com.harborworks.a/accepted"),
    ("PUT", "/api/v1/profiles/com.harborworks.a/accepted/T002"),
    ("DELETE", "/api/v1/profiles/com.harborworks.a/accepted/T002"),
];

/// Addresses that are none, and methods that an address does not take.
const ELSEWHERE: [(&str, &str); 14] = [
    ("GET", "/"),
    ("GET", "/nothing"),
    ("GET", "/api/v1/nothing"),
    ("PUT", "/api/v1/status"),
    ("BREW", "/api/v1/hosts/H"),
    ("HEAD", "/api/v1/status"),
    ("OPTIONS", "/api/v1/status"),
    ("TRACE", "/api/v1/status"),
    ("POST", "/healthz"),
    ("GET", "/debug/pprof"),
    ("GET", "/metrics"),
    ("GET", "/v1/nothing"),
    ("DELETE", "/v1/enqueue/H"),
    ("GET", "/migration"),
];

/// Where the route stands among those about plugins.
fn number_of_plugins(route: &PluginRoute) -> usize {
    match route {
        PluginRoute::List => 0,
        PluginRoute::Install => 1,
        PluginRoute::Show(_) => 2,
        PluginRoute::Remove(_) => 3,
        PluginRoute::Enable(_) => 4,
        PluginRoute::Disable(_) => 5,
        PluginRoute::Lift(_) => 6,
        PluginRoute::Binding(_) => 7,
        PluginRoute::Bind(_) => 8,
        PluginRoute::Unbind(_) => 9,
    }
}

/// Where the route stands among those about how much rules weigh.
fn number_of_policy(route: &PolicyRoute) -> usize {
    match route {
        PolicyRoute::Show => 0,
        PolicyRoute::Set(_) => 1,
        PolicyRoute::Reset(_) => 2,
        PolicyRoute::Accepted(_) => 3,
        PolicyRoute::Accept(..) => 4,
        PolicyRoute::Revoke(..) => 5,
    }
}

/// Where the route stands among those that there are; a new one gets the next number.
fn number(route: &Route) -> usize {
    match route {
        Route::Health => 0,
        Route::Version => 1,
        Route::Status => 2,
        Route::Profiles => 3,
        Route::Push => 4,
        Route::Profile(_) => 5,
        Route::Switch(_) => 6,
        Route::DeleteProfile(_) => 7,
        Route::Raw(_) => 8,
        Route::ProfileVersion(..) => 9,
        Route::RawVersion(..) => 10,
        Route::Hosts => 11,
        Route::Host(_) => 12,
        Route::RemoveHost(_) => 13,
        Route::HostProfiles(_) => 14,
        Route::Refresh(_) => 15,
        Route::Enrollment(EnrollmentRoute::BlockHost(_)) => 16,
        Route::Enrollment(EnrollmentRoute::UnblockHost(_)) => 17,
        Route::Enrollment(EnrollmentRoute::AcceptHost(_)) => 18,
        Route::Enrollment(EnrollmentRoute::Links) => 19,
        Route::Enrollment(EnrollmentRoute::NewLink) => 20,
        Route::Enrollment(EnrollmentRoute::RevokeLink(_)) => 21,
        Route::Enrollment(EnrollmentRoute::EnrollmentProfile) => 22,
        Route::Enrollment(EnrollmentRoute::PushCertificate) => 23,
        Route::Enrollment(EnrollmentRoute::SetPushCertificate) => 24,
        Route::Enrollment(EnrollmentRoute::SetToken(_)) => 25,
        Route::Enrollment(EnrollmentRoute::RemoveToken(_)) => 26,
        Route::NanoMdm(NanoRoute::Enqueue(_)) => 27,
        Route::NanoMdm(NanoRoute::Push(_)) => 28,
        Route::NanoMdm(NanoRoute::PushCertificate) => 29,
        Route::NanoMdm(NanoRoute::SetPushCertificate) => 30,
        Route::NanoMdm(NanoRoute::EscrowKeyUnlock) => 31,
        Route::NanoMdm(NanoRoute::Migrate) => 32,
        Route::NanoMdm(NanoRoute::Enrollments) => 33,
        Route::NanoMdm(NanoRoute::Queue(_)) => 34,
        Route::NanoMdm(NanoRoute::ClearQueue(_)) => 35,
        Route::NanoMdm(NanoRoute::Results(_)) => 36,
        Route::NanoMdm(NanoRoute::CommandResult(..)) => 37,
        Route::Backup(BackupRoute::Begin) => 38,
        Route::Backup(BackupRoute::Show(_)) => 39,
        Route::Backup(BackupRoute::Remove(_)) => 40,
        Route::Backup(BackupRoute::Bytes(_)) => 41,
        Route::Control(ControlRoute::ShowPause) => 42,
        Route::Control(ControlRoute::Pause) => 43,
        Route::Control(ControlRoute::Resume) => 44,
        Route::Control(ControlRoute::Settle(_)) => 45,
        Route::Control(ControlRoute::Resend(..)) => 46,
        Route::Control(ControlRoute::ResendFailed(_)) => 47,
        Route::Scope(ScopeRoute::Labels) => 48,
        Route::Scope(ScopeRoute::Label(_)) => 49,
        Route::Scope(ScopeRoute::SetLabel(_)) => 50,
        Route::Scope(ScopeRoute::RemoveLabel(_)) => 51,
        Route::Scope(ScopeRoute::ChangeMembers(_)) => 52,
        Route::Scope(ScopeRoute::Assignments) => 53,
        Route::Scope(ScopeRoute::Assignment(_)) => 54,
        Route::Scope(ScopeRoute::Assign(_)) => 55,
        Route::Scope(ScopeRoute::Unassign(_)) => 56,
        Route::Scope(ScopeRoute::Values) => 57,
        Route::Scope(ScopeRoute::DeclareValue(_)) => 58,
        Route::Scope(ScopeRoute::WithdrawValue(_)) => 59,
        Route::Scope(ScopeRoute::HostValues(_)) => 60,
        Route::Scope(ScopeRoute::SetHostValues(_)) => 61,
        Route::Scope(ScopeRoute::Why(..)) => 62,
        Route::Plugin(route) => 63 + number_of_plugins(route),
        Route::Policy(route) => 73 + number_of_policy(route),
    }
}

/// Whether the route answers without a token.
pub(super) fn is_open(path: &str) -> bool {
    ["/healthz", "/version"].contains(&path)
}

/// Whether an address is one of NanoMDM's, whose refusals have NanoMDM's form.
fn is_nanomdm(path: &str) -> bool {
    path.starts_with("/v1/") || path == "/migration"
}

/// What may not differ between two refusals, for it would tell what is there.
fn seen(answer: &Answer) -> String {
    let kept = |(name, _): &&(String, String)| !["date", "content-length"].contains(&name.as_str());
    let headers: Vec<_> = answer.headers.iter().filter(kept).collect();
    let mut body = answer.text();
    if let Some(at) = body.find("\"instance\":\"") {
        let value = at + "\"instance\":\"".len();
        let end = body[value..]
            .find('"')
            .map_or(body.len(), |end| value + end);
        body.replace_range(value..end, "");
    }
    format!("{} {headers:?} {body}", answer.status)
}

/// The list has every route, and each of its addresses leads to one.
#[test]
fn the_list_is_whole() {
    let found = ROUTES.map(|(method, path)| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let route = Route::find(&method, path);
        let route = route.unwrap_or_else(|problem| panic!("{path}: {problem:?}"));
        assert_eq!(route.is_open(), is_open(path), "{path}");
        number(&route)
    });
    let found: BTreeSet<_> = found.into_iter().collect();
    let last = found.last().copied().unwrap_or_default();
    assert_eq!(found.len(), last + 1, "a route is missing: {found:?}");
}

/// Without the right credentials every address, known or not, gets the same 401 with the same body.
#[test]
fn nothing_without_credentials() {
    let running = Running::start();
    let token = &running.token;
    let basic = |text: &str| format!("Authorization: Basic {}\r\n", STANDARD.encode(text));
    let bearer = |text: &str| format!("Authorization: Bearer {text}\r\n");
    let (half, rest) = token.split_at(token.len() / 2);
    let everywhere = [
        String::new(),
        bearer("wrong"),
        bearer(""),
        bearer(half),
        bearer(&token.to_uppercase()),
        bearer(&format!("{half} {rest}")),
        bearer(&format!("{token}\0").replace('\0', "x")),
        bearer(&format!("\"{token}\"")),
        bearer(&format!("{token},{token}")),
        format!("Authorization: Bearer\t{token}\r\n"),
        format!("Authorization: Bearer{token}\r\n"),
        format!("Authorization: {token}\r\n"),
        format!("Authorization: Token {token}\r\n"),
        format!("Authorization: Basic {token}\r\n"),
        bearer("wrong") + &bearer(token),
        basic(token),
        basic(&format!("admin:{token}")),
        basic(&format!("nanomdm:{}", token.to_uppercase())),
        basic(&format!("NANOMDM:{token}")),
        basic(&format!(":{token}")),
        basic("nanomdm:"),
        format!("X-Authorization: Bearer {token}\r\n"),
        format!("Proxy-Authorization: Bearer {token}\r\n"),
        format!("Cookie: token={token}; Authorization=Bearer {token}\r\n"),
        format!("X-Original-Authorization: Bearer {token}\r\nX-Forwarded-For: 127.0.0.1\r\n"),
    ];
    // A password is for NanoMDM's addresses, and nothing that a page of somebody else sends.
    let right = basic(&format!("nanomdm:{token}"));
    let of_another_page = right.clone() + "Sec-Fetch-Site: cross-site\r\n";
    let mut wire = Wire::new(running.admin);
    let (mut refusals, mut count) = ([const { BTreeSet::new() }; 2], 0);
    let guarded = ROUTES.into_iter().filter(|(_, path)| !is_open(path));
    for (method, path) in guarded.chain(ELSEWHERE) {
        let family = usize::from(is_nanomdm(path));
        let special = if family == 0 {
            &right
        } else {
            &of_another_page
        };
        for credentials in everywhere.iter().chain([special]) {
            if method == "HEAD" {
                // Its answer has no body to compare.
                continue;
            }
            let answer = wire.send(&format!("{method} {path}"), credentials, b"");
            assert_eq!(answer.status, 401, "{method} {path} {credentials:?}");
            assert!(!answer.text().contains(token.as_str()));
            refusals[family].insert(seen(&answer));
            count += 1;
        }
    }
    assert!(count > 1_000, "{count}");
    for refusals in refusals {
        assert_eq!(refusals.len(), 1, "{refusals:#?}");
    }
    for path in ["/v1/enrollments", "/api/v1/status"] {
        let credentials = if is_nanomdm(path) {
            right.clone()
        } else {
            bearer(token)
        };
        assert_eq!(
            wire.send(&format!("GET {path}"), &credentials, b"").status,
            200
        );
    }
}

/// `GET` changes nothing on any route, whatever a header or parameter says that it should be.
#[test]
fn reading_changes_nothing() {
    let running = Running::start();
    let profile = mooring_tests::Draft::new("com.harborworks.a", "one").xml();
    let pushed = running.api("POST", "/api/v1/profiles", &[], profile.as_bytes());
    assert_eq!(pushed.status, 200, "{}", pushed.text());
    let authenticate = include_bytes!("../../data/messages/authenticate.plist");
    assert_eq!(running.message(authenticate).status, 200);
    let host = running.get("/api/v1/hosts").json()["hosts"][0]["id"].clone();
    let host = host.as_str().expect("a host").to_owned();
    let state = || {
        let paths = [
            "profiles?deleted=true",
            "hosts",
            "enrollment/links",
            "status",
        ];
        let mut all: Vec<_> = paths
            .map(|path| running.get(&format!("/api/v1/{path}")).text())
            .into();
        all.push(running.get(&format!("/api/v1/hosts/{host}")).text());
        all
    };
    let before = state();
    let headers = format!(
        "Authorization: Bearer {}\r\nX-HTTP-Method-Override: DELETE\r\nX-Method-Override: \
         DELETE\r\n",
        running.token
    );
    let mut wire = Wire::new(running.admin);
    for (_, path) in ROUTES {
        let path = path.replace("/H", &format!("/{host}"));
        for method in ["GET", "OPTIONS", "TRACE"] {
            for query in ["", "?_method=DELETE&enabled=false&method=POST"] {
                let line = format!("{method} {path}{query}");
                let answer = wire.send(&line, &headers, b"{\"enabled\":false}");
                // A push to nobody is 500 with NanoMDM.
                let is_push = path.starts_with("/v1/push/");
                assert!(answer.status < 500 || is_push, "{line}: {}", answer.text());
            }
        }
    }
    assert_eq!(state(), before);
}

//! The documentation against the code: routes, problems, exit codes, names of files, links.
//!
//! Knows nothing of prose. Invariant: a new route or problem fails here until its page has it, and a
//! page cannot name what is not there.

mod control;
mod plugins;
mod policy;
mod scope;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use hyper::Method;
use mooring_server::api::{
    Acceptance, BackupDetail, EnrollmentLinks, HostDetail, HostListing, HostProfiles, LinkWish,
    NewEnrollmentLink, ProblemDocument, ProfileDetail, ProfileListing, ProfilePatch,
    PushCertificateDetail, PushRequest, PushResponse, Summary, VersionInfo,
};
use mooring_server::http::{BackupRoute, EnrollmentRoute, Kind, Route};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::readme::binary;
use crate::tidy::{SourceFile, has_extension, root, texts};

const README_LINES_MAX: usize = 150;
const ARCHITECTURE_LINES_MAX: usize = 250;

fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The sections of one chapter of a page: `### heading` to text, in `## chapter`.
fn sections(page: &str, chapter: &str) -> BTreeMap<String, String> {
    let start = page
        .find(&format!("\n## {chapter}\n"))
        .expect("the chapter");
    let rest = &page[start + 1..];
    let end = rest.find("\n## ").unwrap_or(rest.len());
    let parts = rest[..end].split("\n### ").skip(1);
    let parts = parts.map(|part| part.split_once('\n').unwrap_or((part, "")));
    parts
        .map(|(heading, text)| (heading.trim().to_owned(), text.trim().to_owned()))
        .collect()
}

/// The `json` blocks of a text.
fn json_blocks(text: &str) -> Vec<&str> {
    let blocks = text.split("```json\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .collect()
}

/// Whether an example is what the type would write: nothing unknown, renamed or forgotten.
fn is_written_by<T: Serialize + DeserializeOwned>(example: &str) -> Result<(), String> {
    let given: Value = serde_json::from_str(example).map_err(|error| error.to_string())?;
    let read: T = serde_json::from_str(example).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).expect("a document is JSON");
    if given == written {
        return Ok(());
    }
    Err(format!("{given}\nis not what the type writes:\n{written}"))
}

type Check = fn(&str) -> Result<(), String>;

/// Every route as its heading says it, and the types of its examples in order. A route that is new
/// does not compile here until it has an arm.
fn documented(route: &Route) -> (&'static str, Vec<Check>) {
    match route {
        Route::Health => ("GET /healthz", vec![]),
        Route::Version => ("GET /version", vec![is_written_by::<VersionInfo>]),
        Route::Status => ("GET /api/v1/status", vec![is_written_by::<Summary>]),
        Route::Profiles => (
            "GET /api/v1/profiles",
            vec![is_written_by::<ProfileListing>],
        ),
        Route::Push => (
            "POST /api/v1/profiles",
            vec![is_written_by::<PushRequest>, is_written_by::<PushResponse>],
        ),
        Route::Profile(_) => (
            "GET /api/v1/profiles/{identifier}",
            vec![is_written_by::<ProfileDetail>],
        ),
        Route::Switch(_) => (
            "PATCH /api/v1/profiles/{identifier}",
            vec![is_written_by::<ProfilePatch>],
        ),
        Route::DeleteProfile(_) => ("DELETE /api/v1/profiles/{identifier}", vec![]),
        Route::Raw(_) => ("GET /api/v1/profiles/{identifier}/raw", vec![]),
        Route::ProfileVersion(..) => (
            "GET /api/v1/profiles/{identifier}/versions/{version}",
            vec![],
        ),
        Route::RawVersion(..) => (
            "GET /api/v1/profiles/{identifier}/versions/{version}/raw",
            vec![],
        ),
        Route::Hosts => ("GET /api/v1/hosts", vec![is_written_by::<HostListing>]),
        Route::Host(_) => (
            "GET /api/v1/hosts/{host}",
            vec![is_written_by::<HostDetail>],
        ),
        Route::RemoveHost(_) => ("DELETE /api/v1/hosts/{host}", vec![]),
        Route::HostProfiles(_) => (
            "GET /api/v1/hosts/{host}/profiles",
            vec![is_written_by::<HostProfiles>],
        ),
        Route::Refresh(_) => ("POST /api/v1/hosts/{host}/refresh", vec![]),
        Route::Enrollment(route) => enrollment(route),
        Route::Backup(route) => backup(route),
        Route::Control(route) => control::documented(route),
        Route::Scope(route) => scope::documented(route),
        Route::Plugin(route) => plugins::documented(route),
        Route::Policy(route) => policy::documented(route),
        Route::NanoMdm(_) => ("a route of NANOMDM.md", vec![]),
    }
}

/// The same for routes about enrollment.
fn enrollment(route: &EnrollmentRoute) -> (&'static str, Vec<Check>) {
    match route {
        EnrollmentRoute::BlockHost(_) => ("POST /api/v1/hosts/{host}/block", vec![]),
        EnrollmentRoute::UnblockHost(_) => ("DELETE /api/v1/hosts/{host}/block", vec![]),
        EnrollmentRoute::AcceptHost(_) => (
            "POST /api/v1/hosts/{host}/accept",
            vec![is_written_by::<Acceptance>],
        ),
        EnrollmentRoute::Links => (
            "GET /api/v1/enrollment/links",
            vec![is_written_by::<EnrollmentLinks>],
        ),
        EnrollmentRoute::NewLink => (
            "POST /api/v1/enrollment/links",
            vec![
                is_written_by::<LinkWish>,
                is_written_by::<NewEnrollmentLink>,
            ],
        ),
        EnrollmentRoute::RevokeLink(_) => ("DELETE /api/v1/enrollment/links/{id}", vec![]),
        EnrollmentRoute::EnrollmentProfile => ("POST /api/v1/enrollment/profile", vec![]),
        EnrollmentRoute::PushCertificate => (
            "GET /api/v1/pushcert",
            vec![is_written_by::<PushCertificateDetail>],
        ),
        EnrollmentRoute::SetPushCertificate => ("PUT /api/v1/pushcert", vec![]),
        EnrollmentRoute::SetToken(_) => ("PUT /api/v1/tokens/{service}", vec![]),
        EnrollmentRoute::RemoveToken(_) => ("DELETE /api/v1/tokens/{service}", vec![]),
    }
}

/// The same for routes about backups.
fn backup(route: &BackupRoute) -> (&'static str, Vec<Check>) {
    match route {
        BackupRoute::Begin => ("POST /api/v1/backups", vec![is_written_by::<BackupDetail>]),
        BackupRoute::Show(_) => (
            "GET /api/v1/backups/{id}",
            vec![is_written_by::<BackupDetail>],
        ),
        BackupRoute::Remove(_) => ("DELETE /api/v1/backups/{id}", vec![]),
        BackupRoute::Bytes(_) => ("GET /api/v1/backups/{id}/bytes", vec![]),
    }
}

/// How many routes there are; their headings are compared one by one.
const ROUTES: usize = 68;

/// Every heading of the API page is a route and the other way round, and every example is a document
/// as the server writes it.
#[test]
fn the_api_page_has_every_route() {
    let page = page("host/docs/API.md");
    let routes = sections(&page, "Routes");
    for (heading, text) in &routes {
        let (method, path) = heading.split_once(' ').expect("a method and a path");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let found = Route::find(&method, path);
        let route = found.unwrap_or_else(|problem| panic!("{heading}: {:?}", problem.kind));
        let (documented, checks) = documented(&route);
        assert_eq!(heading, documented);
        let examples = json_blocks(text);
        assert_eq!(examples.len(), checks.len(), "examples of {heading}");
        for (example, check) in examples.into_iter().zip(checks) {
            check(example).unwrap_or_else(|error| panic!("{heading}: {error}"));
        }
    }
    assert_eq!(routes.len(), ROUTES, "a route has no heading in API.md");
}

/// Every problem has a heading with its status, and every heading is a problem.
#[test]
fn the_api_page_has_every_problem() {
    let page = page("host/docs/API.md");
    let problems = sections(&page, "Problems");
    let slugs: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.slug()).collect();
    let headings: BTreeSet<&str> = problems.keys().map(String::as_str).collect();
    assert_eq!(headings, slugs);
    for kind in Kind::ALL {
        let text = &problems[kind.slug()];
        let status = kind.status().to_string();
        assert!(text.starts_with(&status), "{}: {status}", kind.slug());
    }
    let (_, chapter) = page.split_once("\n## Problems\n").expect("the chapter");
    let example = json_blocks(chapter)[0];
    is_written_by::<ProblemDocument>(example).unwrap_or_else(|error| panic!("{error}"));
}

fn help() -> String {
    let output = Command::new(binary()).arg("--help").output();
    String::from_utf8(output.expect("the binary starts").stdout).expect("text")
}

/// The part of a text between two lines.
fn between<'a>(text: &'a str, first: &str, last: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(|line| *line != first).skip(1);
    lines.take_while(|line| *line != last).collect()
}

/// The page of the command line has the exit codes and the commands that `--help` has.
#[test]
fn the_cli_page_has_every_code_and_command() {
    let (help, page) = (help(), page("host/docs/CLI.md"));
    let number = |cell: &str| cell.trim().parse::<u8>().ok();
    let listed = between(&help, "Exit codes:", "").into_iter();
    let listed: Vec<u8> = listed
        .filter_map(|line| number(line.split_whitespace().next()?))
        .collect();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let written: Vec<u8> = rows
        .filter_map(|row| number(row.split('|').next()?))
        .collect();
    assert!(listed.len() > 3, "{help}");
    assert_eq!(written, listed);
    let commands = between(&help, "Commands:", "");
    let names = commands
        .iter()
        .filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        assert!(
            page.contains(&format!("### `{name}")),
            "CLI.md lacks {name}"
        );
    }
}

/// The two pages that people read first stay short, and the architecture page names every crate.
#[test]
fn first_pages_are_short_and_whole() {
    let (readme, architecture) = (page("README.md"), page("host/ARCHITECTURE.md"));
    let lines = |text: &str| text.lines().count();
    assert!(lines(&readme) <= README_LINES_MAX, "{}", lines(&readme));
    let length = lines(&architecture);
    assert!(length <= ARCHITECTURE_LINES_MAX, "{length}");
    let texts = texts();
    let manifests = texts
        .iter()
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    for folder in manifests.filter(|folder| !folder.contains("/benches/")) {
        let is_named = architecture.contains(&format!("`{folder}`"));
        let is_part = folder
            .strip_prefix("tests/")
            .is_some_and(|f| architecture.contains(f));
        assert!(
            is_named || is_part,
            "ARCHITECTURE.md does not name {folder}"
        );
    }
}

/// Rust files that the pages name exist: the parts of the name stand in some path, in that order.
#[test]
fn named_files_exist() {
    let texts = texts();
    for path in [
        "host/ARCHITECTURE.md",
        "host/docs/API.md",
        "host/docs/DATA.md",
        "wit/README.md",
    ] {
        let page = page(path);
        let quoted = page.split('`').skip(1).step_by(2);
        for name in quoted.filter(|name| has_extension(name, "rs") && !name.contains('*')) {
            let exists = texts.iter().any(|file| is_path_of(name, &file.path));
            assert!(exists, "{path} names {name}, which does not exist");
        }
    }
}

fn is_path_of(name: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let in_order = name
        .split('/')
        .all(|wanted| parts.any(|part| part == wanted));
    in_order && parts.next().is_none()
}

/// Links between pages lead to files that exist.
#[test]
fn links_lead_somewhere() {
    let texts = texts();
    let pages = texts.iter().filter(|file| has_extension(&file.path, "md"));
    let mut links = 0;
    for SourceFile { path, text } in pages {
        let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let file = target.split('#').next().unwrap_or(target);
            let exists = root().join(folder).join(file).exists();
            assert!(exists, "{path} links to {target}, which does not exist");
            links += 1;
        }
    }
    assert!(links > 5, "the pages lost their links");
}

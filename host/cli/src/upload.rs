//! Sending profiles to the server: reading the files, dividing them into requests, collecting what
//! became of each.
//!
//! Judges nothing: that is the server's work. Invariants: files with the same identifier are in the
//! same request, since only there the server can tell that they contradict each other; every file
//! has exactly one result.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_server::api::{PushFile, PushOutcome, PushRequest, PushResponse, PushResult};

use crate::client::{self, Client, ClientError};
use crate::commands::change::ChangeArgs;
use crate::exit::UsageError;
use crate::findings;
use crate::paths::{self, Gathered};

/// Where profiles are pushed.
const PATH: &str = "/api/v1/profiles";
/// Largest body of a request, in bytes: the server's limit of 8 MiB less room for the rest.
const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024 - 64 * 1024;
/// Most files in a request, so that each is answered well within the client's time limit.
const REQUEST_FILES_MAX: usize = 200;

/// A file to be sent.
#[derive(Debug)]
pub(crate) struct Upload {
    file: PushFile,
    /// Its identifier, if the file parses and has one.
    identifier: Option<String>,
}

impl Upload {
    fn new(name: String, bytes: &[u8]) -> Self {
        let profile = Profile::parse(bytes, &ProfileLimits::default());
        let identifier = profile.ok().and_then(|profile| profile.identifier());
        Self {
            file: PushFile {
                name,
                content: STANDARD.encode(bytes),
            },
            identifier: identifier.map(|identifier| identifier.as_str().to_owned()),
        }
    }

    /// What it adds to a request, in bytes; names are counted at their largest in JSON.
    fn size(&self) -> usize {
        self.file.content.len() + 6 * self.file.name.len() + 64
    }
}

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The files to be sent.
    pub(crate) uploads: Vec<Upload>,
    /// Those that cannot be.
    pub(crate) refused: Vec<PushResult>,
}

impl Loaded {
    /// How many files there are.
    pub(crate) fn files(&self) -> usize {
        self.uploads.len() + self.refused.len()
    }
}

/// What became of the files.
#[derive(Debug)]
pub(crate) struct Sent {
    /// One result a file, in order of name; without those not sent because of `error`.
    pub(crate) results: Vec<PushResult>,
    /// Why not all were sent.
    pub(crate) error: Option<ClientError>,
}

/// Reads the files; one that cannot be read is refused, and a fixed one that is left out is named.
pub(crate) fn load(gathered: Gathered) -> Loaded {
    let mut loaded = Loaded::default();
    gathered.tell_passed_over();
    let refuse = |path: PathBuf, error| {
        let finding = findings::unreadable(&error);
        refused(path.display().to_string(), finding)
    };
    for (path, error) in gathered.unreadable {
        loaded.refused.push(refuse(path, error));
    }
    for path in gathered.files {
        match paths::read(&path) {
            Ok(bytes) => {
                let name = path.display().to_string();
                loaded.uploads.push(Upload::new(name, &bytes));
            }
            Err(error) => loaded.refused.push(refuse(path, error)),
        }
    }
    loaded
}

/// Asks what sending everything would do.
///
/// # Errors
/// [`UsageError`] if it is more than one request: the plans of parts do not add up.
pub(crate) async fn plan(
    client: &Client,
    loaded: Loaded,
    accept_uuid_changes: bool,
    change: &ChangeArgs,
) -> anyhow::Result<PushResponse> {
    let (mut batches, too_large) = divide(loaded.uploads, REQUEST_BYTES_MAX);
    let files = batches.pop().unwrap_or_default();
    if !batches.is_empty() {
        let error = UsageError::new("so many files cannot be planned at once");
        let hint = format!("name at most {REQUEST_FILES_MAX} files, of 8 MB together");
        return Err(error.with_hint(hint).into());
    }
    let request = PushRequest {
        files,
        accept_uuid_changes,
    };
    let body = change.send(client, Method::POST, PATH, &request).await?;
    let mut response: PushResponse = client::read(PATH, &body)?;
    response.results.extend(loaded.refused);
    response.results.extend(too_large);
    response.results.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(response)
}

/// Sends everything in as few requests as the limits allow. `progress` is told of files done.
pub(crate) async fn send(
    client: &Client,
    loaded: Loaded,
    accept_uuid_changes: bool,
    change: &ChangeArgs,
    progress: impl Fn(usize),
) -> Sent {
    let mut results = loaded.refused;
    progress(results.len());
    let (batches, too_large) = divide(loaded.uploads, REQUEST_BYTES_MAX);
    progress(too_large.len());
    results.extend(too_large);
    let mut error = None;
    for files in batches {
        let count = files.len();
        let request = PushRequest {
            files,
            accept_uuid_changes,
        };
        match push(client, &request, change).await {
            Ok(response) => results.extend(response.results),
            Err(stop) => {
                error = Some(stop);
                break;
            }
        }
        progress(count);
    }
    results.sort_by(|a, b| a.name.cmp(&b.name));
    Sent { results, error }
}

async fn push(
    client: &Client,
    request: &PushRequest,
    change: &ChangeArgs,
) -> Result<PushResponse, ClientError> {
    let body = change.send(client, Method::POST, PATH, request).await?;
    client::read(PATH, &body)
}

/// Divides files into requests of at most `bytes_max`. What does not fit by itself is refused.
fn divide(uploads: Vec<Upload>, bytes_max: usize) -> (Vec<Vec<PushFile>>, Vec<PushResult>) {
    let mut batches: Vec<Vec<PushFile>> = Vec::new();
    let mut batch: Vec<PushFile> = Vec::new();
    let mut batch_bytes = 0;
    let mut too_large = Vec::new();
    for group in groups(uploads) {
        let group_bytes: usize = group.iter().map(Upload::size).sum();
        if group_bytes > bytes_max {
            too_large.extend(group.iter().map(|upload| does_not_fit(upload, group.len())));
            continue;
        }
        let is_full =
            batch_bytes + group_bytes > bytes_max || batch.len() + group.len() > REQUEST_FILES_MAX;
        if is_full && !batch.is_empty() {
            batches.push(std::mem::take(&mut batch));
            batch_bytes = 0;
        }
        batch_bytes += group_bytes;
        batch.extend(group.into_iter().map(|upload| upload.file));
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    (batches, too_large)
}

/// Brings files with the same identifier together, in the order in which each first appears.
fn groups(uploads: Vec<Upload>) -> Vec<Vec<Upload>> {
    let mut groups: Vec<Vec<Upload>> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for upload in uploads {
        let place = upload.identifier.clone().map(|identifier| {
            let next = groups.len();
            *places.entry(identifier).or_insert(next)
        });
        match place.and_then(|place| groups.get_mut(place)) {
            Some(group) => group.push(upload),
            None => groups.push(vec![upload]),
        }
    }
    groups
}

fn does_not_fit(upload: &Upload, files: usize) -> PushResult {
    let name = upload.file.name.clone();
    if files > 1 {
        let identifier = upload.identifier.as_deref().unwrap_or_default();
        let message = format!("{files} files have the identifier {identifier}");
        let finding = Finding::host(Severity::Error, "too_large", (0, 0), message);
        return refused(name, finding.with_hint("push only one of them"));
    }
    let message = "the file is larger than any profile may be";
    let finding = Finding::host(Severity::Error, "too_large", (0, 0), message);
    refused(name, finding.with_hint("`mooring check` tells the limit"))
}

fn refused(name: String, finding: Finding) -> PushResult {
    PushResult {
        name,
        outcome: PushOutcome::Refused,
        identifier: None,
        version: None,
        payload_uuid: None,
        findings: vec![finding],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(name: &str, identifier: Option<&str>, bytes: usize) -> Upload {
        Upload {
            file: PushFile {
                name: name.to_owned(),
                content: "x".repeat(bytes),
            },
            identifier: identifier.map(str::to_owned),
        }
    }

    fn check(uploads: Vec<Upload>, batches: &str, refused: &str) {
        let (found, too_large) = divide(uploads, 1_000);
        let found: Vec<String> = found
            .iter()
            .map(|batch| batch.iter().map(|file| file.name.as_str()).collect())
            .collect();
        let too_large: String = too_large.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(found.join(" "), batches);
        assert_eq!(too_large, refused);
    }

    /// Proves that requests are filled up to the limit, that files of one identifier stay together,
    /// and that what fits into no request is refused by itself.
    #[test]
    fn division() {
        let small = |name| upload(name, None, 100);
        check(vec![], "", "");
        check(vec![small("a"), small("b"), small("c")], "abc", "");
        let a = || upload("a", Some("one"), 400);
        let c = || upload("c", Some("one"), 400);
        let b = || upload("b", Some("two"), 400);
        check(vec![a(), b(), c()], "ac b", "");
        check(vec![small("s"), a(), b(), small("t"), c()], "s ac bt", "");
        let large = upload("l", Some("three"), 1_000);
        check(vec![a(), large, b()], "ab", "l");
        let again = upload("d", Some("one"), 400);
        check(vec![a(), c(), b(), again], "b", "acd");
        let many: Vec<_> = (0..=REQUEST_FILES_MAX)
            .map(|_| upload("", None, 0))
            .collect();
        let (batches, _) = divide(many, usize::MAX);
        assert_eq!(batches.len(), 2);
    }

    /// Proves that the identifier is learned from a file that parses, and not guessed otherwise.
    #[test]
    fn identifiers() {
        let text = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\
            <key>PayloadIdentifier</key><string>com.example.a</string></dict></plist>";
        let found = Upload::new("a".to_owned(), text).identifier;
        assert_eq!(found.as_deref(), Some("com.example.a"));
        assert_eq!(Upload::new("b".to_owned(), b"<plist>").identifier, None);
    }

    /// Proves that a file that cannot be read has a result like any other.
    #[test]
    fn unreadable_files() {
        let gathered = paths::gather(&[PathBuf::from("/nonexistent/a")]);
        let loaded = load(gathered);
        assert_eq!(loaded.files(), 1);
        assert_eq!(loaded.refused[0].findings[0].rule, findings::UNREADABLE);
    }
}

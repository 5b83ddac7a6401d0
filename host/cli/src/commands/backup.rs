//! `mooring backup`: everything that a running server keeps, in one file.
//!
//! Knows nothing of the form of a backup. Invariants: there is a FILE only if it came whole and was
//! read back; its owner alone can read it, from the first byte on; whatever ends the command, FILE
//! is as it was before or the new backup.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use hyper::Method;
use indicatif::ProgressBar;
use mooring_server::api::{BackupDetail, BackupState};
use mooring_server::backup::{BackupSummary, is_backup, read_backup, sha256};
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::client::{self, Client, ClientError, segment};
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::progress;
use crate::signal;
use crate::text::{clean, pairs};

const PATH: &str = "/api/v1/backups";
/// Time between two looks whether the backup is done.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Looks that are done before anybody wants to see a bar.
const QUIET_LOOKS: u32 = 5;
const HEX: u32 = 16;

/// What `backup` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// The file to write; it is a secret, like the folder of the server
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace FILE if it is a backup
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written<'a> {
    file: String,
    bytes: u64,
    sha256: &'a str,
    #[serde(flatten)]
    content: Content,
}

/// What is in a backup.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    made_at: String,
    schema: u32,
    incarnation: String,
    hosts: u64,
    profiles: u64,
    files: Vec<String>,
}

impl Content {
    pub(super) fn of(summary: &BackupSummary) -> Self {
        let rows = |table| summary.rows.get(table).copied().unwrap_or_default();
        Self {
            made_at: mooring_server::clock::rfc3339(summary.made_at),
            schema: summary.schema,
            incarnation: hex(&summary.incarnation),
            hosts: rows("hosts"),
            profiles: rows("profiles"),
            files: summary.files.clone(),
        }
    }

    /// The same for people.
    pub(super) fn lines(&self) -> [(&'static str, String); 4] {
        let files = if self.files.is_empty() {
            "none".to_owned()
        } else {
            self.files.join(", ")
        };
        [
            ("made at", self.made_at.clone()),
            ("hosts", self.hosts.to_string()),
            ("profiles", self.profiles.to_string()),
            ("key files", files),
        ]
    }
}

/// Bytes as people compare them.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), HEX).unwrap_or('0');
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    digits.collect()
}

/// Makes the backup, fetches it and gives it its name.
pub(crate) async fn run(args: BackupArgs) -> anyhow::Result<Exit> {
    check_target(&args.file, args.replace)?;
    let client = args.connection.client()?;
    let stop = signal::stop();
    let context = || format!("no backup was made; {} is as before", args.file.display());
    let mut unfinished = unfinished(&args.file)?;
    let begun = begin(&client).await.with_context(context)?;
    let path = format!("{PATH}/{}", segment(&begun.id));
    let fetched = tokio::select! {
        fetched = fetch(&client, &path, &mut unfinished) => fetched,
        () = stop => Err(anyhow!("stopped")),
    };
    // The server would keep it until the next one, or until it stops.
    let removed = client.request(Method::DELETE, &path, Bytes::new()).await;
    let detail = fetched.with_context(context)?;
    let (file, may_replace) = (args.file.clone(), args.replace);
    let finish = move || finish(unfinished, &file, may_replace, &detail);
    let (summary, sha256) = tokio::task::spawn_blocking(finish).await??;
    if removed.is_err() {
        output::note("the server still has its copy of the backup; it goes with the next one");
    }
    say(&args, &summary, &sha256)?;
    Ok(Exit::Fine)
}

async fn begin(client: &Client) -> Result<BackupDetail, ClientError> {
    let begun = client.request(Method::POST, PATH, Bytes::new()).await?;
    client::read(PATH, &begun)
}

/// Refuses a file that is there: a slip must cost nobody a store.
fn check_target(file: &Path, may_replace: bool) -> anyhow::Result<()> {
    let shown = file.display();
    match fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot look at {shown}")),
        Ok(_) if !may_replace => {
            let error = UsageError::new(format!("{shown} exists already"));
            Err(error
                .with_hint("name another file, or give --replace")
                .into())
        }
        Ok(found) if found.is_file() && is_backup(file)? => Ok(()),
        Ok(_) => {
            let error = UsageError::new(format!("{shown} is no backup, so it is not replaced"));
            Err(error.with_hint("name another file").into())
        }
    }
}

/// A file beside FILE, so that it can get its name; deleted unless it does.
fn unfinished(file: &Path) -> anyhow::Result<NamedTempFile> {
    let folder = folder_of(file);
    tempfile::Builder::new()
        .prefix(".mooring-backup-")
        .suffix(".unfinished")
        .tempfile_in(folder)
        .with_context(|| format!("cannot write to {}", folder.display()))
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    }
}

/// Waits until the backup is done, and fetches all of it.
async fn fetch(
    client: &Client,
    path: &str,
    file: &mut NamedTempFile,
) -> anyhow::Result<BackupDetail> {
    let detail = done(client, path).await?;
    let bar = progress::styled(ProgressBar::new(detail.bytes), "fetching");
    let mut offset = 0;
    while offset < detail.bytes {
        let piece = client.get(&format!("{path}/bytes?offset={offset}")).await?;
        let count = u64::try_from(piece.len())?;
        if count == 0 || count > detail.bytes - offset {
            bail!("the server gave another number of bytes than the backup has");
        }
        file.write_all(&piece)
            .with_context(|| format!("cannot write {}", file.path().display()))?;
        offset += count;
        bar.set_position(offset);
    }
    bar.finish_and_clear();
    Ok(detail)
}

async fn done(client: &Client, path: &str) -> anyhow::Result<BackupDetail> {
    let bar = ProgressBar::new_spinner().with_message("the server writes the backup");
    let mut looks = 0_u32;
    loop {
        let detail: BackupDetail = client.get_document(path).await?;
        match detail.state {
            BackupState::Done => {
                bar.finish_and_clear();
                return Ok(detail);
            }
            BackupState::Failed => {
                let why = detail.error.unwrap_or_default();
                return Err(anyhow!("{}", clean(&why)).context("the server could not make it"));
            }
            BackupState::Running => {}
        }
        looks += 1;
        if looks > QUIET_LOOKS {
            bar.set_message(format!(
                "the server writes the backup: {} bytes",
                detail.bytes
            ));
            bar.tick();
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// Makes what came durable, reads it back and gives it its name.
fn finish(
    unfinished: NamedTempFile,
    file: &Path,
    may_replace: bool,
    detail: &BackupDetail,
) -> anyhow::Result<(BackupSummary, String)> {
    let context = || format!("{} was not written", file.display());
    unfinished.as_file().sync_all().with_context(context)?;
    let found = sha256(unfinished.path()).with_context(context)?;
    if detail.sha256.as_ref() != Some(&found) {
        bail!("what came is not what the server sent; no backup was made");
    }
    let summary = read_backup(unfinished.path()).with_context(context)?;
    let named = if may_replace {
        unfinished.persist(file)
    } else {
        unfinished.persist_noclobber(file)
    };
    named.map_err(|error| error.error).with_context(context)?;
    let folder = File::open(folder_of(file)).and_then(|folder| folder.sync_all());
    folder.with_context(|| format!("{} may not be durable", file.display()))?;
    Ok((summary, found))
}

fn say(args: &BackupArgs, summary: &BackupSummary, sha256: &str) -> anyhow::Result<()> {
    let content = Content::of(summary);
    let file = args.file.display().to_string();
    if args.json {
        output::json(&Written {
            file,
            bytes: summary.bytes,
            sha256,
            content,
        })?;
        return Ok(());
    }
    let mut lines = vec![("file", clean(&file)), ("bytes", summary.bytes.to_string())];
    lines.extend(content.lines());
    lines.push(("sha256", sha256.to_owned()));
    output::data(&pairs(&lines))?;
    output::note("it holds keys and tokens of devices: keep it as you keep the server's folder");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Proves that nothing is replaced without being asked for, and nothing but a backup then.
    #[test]
    fn targets() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        check_target(&path("new"), false).unwrap();
        fs::write(path("store"), "redb").unwrap();
        fs::write(path("old"), "mooring backup, or the beginning of one").unwrap();
        for (name, may_replace, is_fine) in [
            ("store", false, false),
            ("store", true, false),
            ("old", false, false),
            ("old", true, true),
            ("", true, false),
        ] {
            let checked = check_target(&path(name), may_replace);
            assert_eq!(checked.is_ok(), is_fine, "{name} {may_replace}");
            assert!(checked.is_ok() || checked.unwrap_err().is::<UsageError>());
        }
    }

    /// Proves that what came otherwise than it was sent gets no name, and that nothing is left of it.
    #[test]
    fn what_is_altered_gets_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("f");
        let mut file = unfinished(&target).unwrap();
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        file.write_all(b"mooring backup").unwrap();
        let mut detail = BackupDetail {
            id: "a".to_owned(),
            state: BackupState::Done,
            made_at: String::new(),
            bytes: 14,
            rows: std::collections::BTreeMap::new(),
            files: Vec::new(),
            sha256: Some("00".to_owned()),
            error: None,
        };
        assert!(finish(file, &target, false, &detail).is_err());
        let mut file = unfinished(&target).unwrap();
        file.write_all(b"mooring backup").unwrap();
        detail.sha256 = Some(sha256(file.path()).unwrap());
        let error = finish(file, &target, false, &detail).unwrap_err();
        assert!(
            format!("{error:#}").contains("was not written"),
            "{error:#}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

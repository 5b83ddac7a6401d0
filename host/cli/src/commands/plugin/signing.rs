//! `mooring plugin keygen`, `sign` and `verify`: whose work a component is.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use mooring_author::signing::{EXTENSION, KeyPair, SecretKey, Signed, TrustList};
use mooring_author::workshop;
use mooring_plugin::Digest;
use serde::Serialize;

use super::{compiler, component_file};
use crate::exit::{Exit, UsageError};
use crate::files;
use crate::output;
use crate::text::{clean, pairs, shell_word};

/// What `plugin keygen` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct KeygenArgs {
    /// The two files are named NAME.key (secret) and NAME.pub
    #[arg(value_name = "NAME")]
    name: PathBuf,
}

/// What `plugin sign` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct SignArgs {
    /// The component
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The secret key, as of `plugin keygen` or minisign
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The password of the secret key
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Where the signature goes [default: the component's name and .minisig]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What `plugin verify` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The component
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Public keys that count, one after the other as minisign writes them
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// The signature [default: the component's name and .minisig]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was verified, as JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    id: &'a str,
    version: &'a str,
    digest: String,
    key: &'a str,
    key_name: &'a str,
}

/// Makes a pair of keys.
pub(super) fn keygen(args: &KeygenArgs) -> anyhow::Result<Exit> {
    let name = args.name.display();
    let (secret, public) = (format!("{name}.key"), format!("{name}.pub"));
    if let Some(there) = [&secret, &public]
        .into_iter()
        .find(|file| Path::new(file).exists())
    {
        let error = UsageError::new(format!("{there} exists already, and is not overwritten"));
        return Err(error.with_hint("name another, or move it away").into());
    }
    let pair = KeyPair::generate()?;
    create(&secret, 0o600, &pair.secret).with_context(|| format!("cannot write {secret}"))?;
    create(&public, 0o644, &pair.public).with_context(|| format!("cannot write {public}"))?;
    output::data(&format!("made {secret} and {public}\n"))?;
    output::note(&format!(
        "keep {} to yourself: it has no password; whoever has it signs as you",
        shell_word(&secret)
    ));
    Ok(Exit::Fine)
}

fn create(path: &str, mode: u32, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}

/// Signs a component that a host would take.
pub(super) fn sign(args: &SignArgs) -> anyhow::Result<Exit> {
    let component = component_file(&args.file)?;
    let manifest = workshop::judge(&component, &compiler()?)
        .with_context(|| format!("{} is not signed", args.file.display()))?;
    let password = args
        .password_file
        .as_deref()
        .map(files::secret)
        .transpose()?;
    let text = text(&args.key)?;
    let password = password.as_ref().map(mooring_identity::Secret::expose);
    let key = SecretKey::read(&text, password)
        .with_context(|| format!("{} is not used", args.key.display()))?;
    let signature = key.sign(&component, manifest.id.as_str(), &manifest.version)?;
    let out = args.out.clone().unwrap_or_else(|| beside(&args.file));
    mooring_author::files::replace(&out, signature.as_bytes())
        .with_context(|| format!("cannot write {}", out.display()))?;
    let (id, version) = (&manifest.id, clean(&manifest.version));
    let file = clean(&out.display().to_string());
    output::data(&format!("signed {id} {version} in {file}\n"))?;
    Ok(Exit::Fine)
}

/// Verifies a signature, and that it is of the plugin that the component says it is.
pub(super) fn verify(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let component = component_file(&args.file)?;
    let trust = TrustList::parse(&text(&args.trust)?)
        .with_context(|| format!("{} is not used", args.trust.display()))?;
    let path = args.signature.clone().unwrap_or_else(|| beside(&args.file));
    let signed = trust
        .verify(&component, &text(&path)?)
        .with_context(|| format!("{} is not trusted", args.file.display()))?;
    let manifest = workshop::judge(&component, &compiler()?)
        .with_context(|| format!("{} is signed, but is not usable", args.file.display()))?;
    let Signed { id, version, .. } = &signed;
    if (id.as_str(), version) != (manifest.id.as_str(), &manifest.version) {
        bail!(
            "the signature is for {} {}, and the component is {} {}",
            clean(id),
            clean(version),
            manifest.id,
            clean(&manifest.version)
        );
    }
    let digest = Digest::of(&component).to_string();
    if args.json {
        output::json(&Report {
            id,
            version,
            digest,
            key: &signed.key,
            key_name: &signed.key_name,
        })?;
    } else {
        let text = pairs(&[
            ("plugin", format!("{id} {version}")),
            ("digest", digest),
            ("key", signed.key.clone()),
            ("named in the list", signed.key_name.clone()),
        ]);
        output::data(&format!("the signature is right\n{text}"))?;
    }
    Ok(Exit::Fine)
}

pub(super) fn beside(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".");
    name.push(EXTENSION);
    PathBuf::from(name)
}

fn text(path: &Path) -> Result<String, UsageError> {
    String::from_utf8(files::read(path)?)
        .map_err(|_| UsageError::new(format!("{} is no text", path.display())))
}

//! Where the server is and what lets a command in.
//!
//! Knows nothing of requests. Invariants: a value given for this run goes before one found in the
//! server's folder; a token is never shown.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mooring_server::serve::{TOKEN_FILE, URL_FILE};

use crate::client::Client;
use crate::exit::UsageError;
use crate::files;
use crate::text::shell_word;

/// The variable with the token; there is no option for it, since others can see a command line.
const TOKEN_VARIABLE: &str = "MOORING_TOKEN";

/// How to find the server.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ConnectionArgs {
    /// Folder of the server; its address and token are read there
    #[arg(long, value_name = "DIR", env = "MOORING_DATA")]
    data: Option<PathBuf>,
    /// Address of the server, before the one in DIR; the token may come from `MOORING_TOKEN`
    #[arg(long, value_name = "URL", env = "MOORING_URL")]
    url: Option<String>,
    /// Authorities (PEM) to trust for https instead of the public ones; a self-signed certificate
    /// is its own
    #[arg(long, value_name = "FILE", env = "MOORING_CA")]
    ca: Option<PathBuf>,
}

impl ConnectionArgs {
    /// A client for the server. Connects to nothing yet.
    ///
    /// # Errors
    /// [`UsageError`] if nothing says where the server is or what its token is; an error of
    /// reading if its folder lacks them.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let token = std::env::var(TOKEN_VARIABLE).ok();
        let found = self.find(token.map(Token))?;
        let ca = self.ca_pem()?;
        Ok(Client::new(&found.url, &found.token, ca.as_deref())?)
    }

    /// The authorities that were given.
    ///
    /// # Errors
    /// [`UsageError`] if the file cannot be read.
    pub(crate) fn ca_pem(&self) -> Result<Option<Vec<u8>>, UsageError> {
        self.ca.as_deref().map(files::read).transpose()
    }

    /// What was given, as part of a command for the same server; begins with a space unless empty.
    pub(crate) fn words(&self) -> String {
        let path = |path: &Path| shell_word(&path.display().to_string());
        let given = [
            ("data", self.data.as_deref().map(path)),
            (
                "url",
                self.url
                    .as_deref()
                    .filter(|url| !url.is_empty())
                    .map(shell_word),
            ),
            ("ca", self.ca.as_deref().map(path)),
        ];
        let mut text = String::new();
        for (name, word) in given {
            if let Some(word) = word {
                text.extend([" --", name, " ", &word]);
            }
        }
        text
    }

    fn find(&self, token: Option<Token>) -> anyhow::Result<Found> {
        let url = self.url.clone().filter(|url| !url.is_empty());
        let url = match url {
            Some(url) => url,
            None => self.read(URL_FILE, "where the server is", "MOORING_URL")?,
        };
        let token = match token.filter(|Token(text)| !text.is_empty()) {
            Some(token) => token,
            None => Token(self.read(TOKEN_FILE, "the server's token", TOKEN_VARIABLE)?),
        };
        Ok(Found { url, token })
    }

    fn read(&self, file: &str, what: &str, variable: &str) -> anyhow::Result<String> {
        let Some(folder) = &self.data else {
            let error = UsageError::new(format!("nothing says {what}"));
            let hint = format!("give --data DIR, the folder of the server, or set {variable}");
            return Err(error.with_hint(hint).into());
        };
        // A server takes its address away when it stops.
        let has_token = || folder.join(TOKEN_FILE).exists();
        let path = folder.join(file);
        if file == URL_FILE && !path.exists() && has_token() {
            let folder = folder.display().to_string();
            return Err(NoServer { folder }.into());
        }
        read_line(&path).with_context(|| {
            let folder = folder.display();
            format!(
                "cannot learn {what}; is {folder} the folder of a server? `mooring serve --data \
                 {folder}` makes one"
            )
        })
    }
}

/// The folder is a server's, but the server is not running.
#[derive(Debug, thiserror::Error)]
#[error("no server is running over {folder}; start it with: mooring serve --data {folder}")]
pub(crate) struct NoServer {
    folder: String,
}

/// A text that nobody may see.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(pub(crate) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Found {
    url: String,
    token: Token,
}

fn read_line(path: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(data: Option<&Path>, url: Option<&str>) -> ConnectionArgs {
        ConnectionArgs {
            data: data.map(Path::to_owned),
            url: url.map(str::to_owned),
            ca: None,
        }
    }

    fn token(text: &str) -> Token {
        Token(text.to_owned())
    }

    /// Proves that the folder is read, and that what is given for this run goes before it.
    #[test]
    fn folder_and_overrides() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(TOKEN_FILE), "secret\n").unwrap();
        fs::write(folder.path().join(URL_FILE), "http://127.0.0.1:1\n").unwrap();
        let check = |url, given, expected: (&str, &str)| {
            let found = args(Some(folder.path()), url).find(given).unwrap();
            assert_eq!((found.url.as_str(), found.token.0.as_str()), expected);
        };
        check(None, None, ("http://127.0.0.1:1", "secret"));
        check(Some(""), Some(token("")), ("http://127.0.0.1:1", "secret"));
        check(
            Some("http://b"),
            Some(token("other")),
            ("http://b", "other"),
        );
        let found = args(None, Some("http://b")).find(Some(token("t"))).unwrap();
        assert!(!format!("{found:?}").contains("\"t\""));
    }

    /// Proves that a command for the same server names what was given, each as one word.
    #[test]
    fn words_for_a_command() {
        let words = |data: Option<&str>, url| args(data.map(Path::new), url).words();
        assert_eq!(words(None, Some("")), "");
        assert_eq!(words(Some("a b"), None), " --data 'a b'");
        assert_eq!(
            words(Some("d"), Some("http://[::1]:1")),
            " --data d --url 'http://[::1]:1'"
        );
    }

    /// Proves that a missing folder is wrong usage with advice, and an empty one names the file.
    #[test]
    fn nothing_to_find() {
        let error = args(None, None).find(None).unwrap_err();
        assert!(error.is::<UsageError>());
        let error = args(None, Some("http://b")).find(None).unwrap_err();
        let hint = error.downcast_ref::<UsageError>().unwrap().hint.clone();
        assert!(hint.unwrap().contains(TOKEN_VARIABLE));
        let folder = tempfile::tempdir().unwrap();
        let error = args(Some(folder.path()), None).find(None).unwrap_err();
        assert!(!error.is::<UsageError>());
        assert!(format!("{error:#}").contains(URL_FILE));
        fs::write(folder.path().join(TOKEN_FILE), "secret\n").unwrap();
        let error = args(Some(folder.path()), None).find(None).unwrap_err();
        assert!(error.is::<NoServer>());
    }
}

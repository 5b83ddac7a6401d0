//! Starting and stopping the whole server over one data folder.
//!
//! Knows nothing of requests. Invariants: the data folder and everything secret in it belong to
//! the owner alone; the device listener never leaves loopback while devices are not
//! authenticated, nor the admin listener while it has no TLS; a start that fails leaves nothing
//! running.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mooring_drift::policy::Policy;
use mooring_store::{RedbOptions, RedbStore, Store, StoreError};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::core::Core;
use crate::http::{Admin, Devices, Listener, Service};
use crate::judge::{Judge, JudgeError};
use crate::random;

/// The file in the data folder that holds the token.
pub const TOKEN_FILE: &str = "admin-token";
/// The file in the data folder that tells where the admin listener is.
pub const URL_FILE: &str = "admin-url";
/// The store's file in the data folder.
pub const STORE_FILE: &str = "mooring.redb";

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The data folder; it is made if it is not there.
    pub data: PathBuf,
    /// Where the admin API listens. Port 0 lets the system choose.
    pub admin: SocketAddr,
    /// Where devices connect. Port 0 lets the system choose.
    pub device: SocketAddr,
    /// The engine's intervals and bounds.
    pub policy: Policy,
}

impl ServeOptions {
    /// The defaults: loopback, ports 9000 and 9001.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            admin: SocketAddr::from(([127, 0, 0, 1], 9000)),
            device: SocketAddr::from(([127, 0, 0, 1], 9001)),
            policy: Policy::default(),
        }
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Devices are not authenticated yet.
    #[error(
        "the device address {0} is not loopback; devices are not authenticated yet, so anybody \
         could act as one. Use 127.0.0.1 or [::1]"
    )]
    DeviceNotLoopback(SocketAddr),
    /// The admin API has no TLS yet.
    #[error(
        "the admin address {0} is not loopback; the admin API has no TLS yet, so its token could \
         be read on the way. Use 127.0.0.1 or [::1]"
    )]
    AdminNotLoopback(SocketAddr),
    /// A file or folder cannot be made or read.
    #[error("{path} cannot be {doing}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The token file holds no token.
    #[error("{0} holds no token; delete the file and start again to get a new one")]
    EmptyToken(PathBuf),
    /// The store cannot be opened.
    #[error("the store in {path} cannot be opened")]
    Store {
        /// The store's file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The plugins cannot be loaded.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// An address cannot be listened on.
    #[error("{address} cannot be listened on; is another server running there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The work that had to be done off the reactor did not end.
    #[error("the start was interrupted")]
    Interrupted,
}

/// A server at work.
#[derive(Debug)]
pub struct Server {
    core: Arc<Core>,
    admin: Listener,
    device: Listener,
    stop: watch::Sender<bool>,
    token: String,
    url_file: PathBuf,
}

impl Server {
    /// Starts a server: opens the store, loads the plugins, listens.
    ///
    /// # Errors
    /// [`ServeError`], naming what is in the way.
    pub async fn start(options: ServeOptions) -> Result<Self, ServeError> {
        if !options.device.ip().is_loopback() {
            return Err(ServeError::DeviceNotLoopback(options.device));
        }
        if !options.admin.ip().is_loopback() {
            return Err(ServeError::AdminNotLoopback(options.admin));
        }
        let (data, policy) = (options.data.clone(), options.policy);
        let opened = tokio::task::spawn_blocking(move || open(&data, policy)).await;
        let (core, token) = opened.map_err(|_| ServeError::Interrupted)??;
        let core = Arc::new(core);
        let (stop, stopped) = watch::channel(false);
        let service = Arc::new(Admin::new(Arc::clone(&core), &token));
        let admin = listen(options.admin, service, stopped.clone()).await?;
        let service = Arc::new(Devices::new(Arc::clone(&core)));
        let device = listen(options.device, service, stopped).await?;
        let url_file = options.data.join(URL_FILE);
        let url = format!("http://{}\n", admin.address);
        write_owned(&url_file, &url).map_err(|source| ServeError::File {
            path: url_file.clone(),
            doing: "written",
            source,
        })?;
        tracing::info!(admin = %admin.address, device = %device.address, "serving");
        Ok(Self {
            core,
            admin,
            device,
            stop,
            token,
            url_file,
        })
    }

    /// The admin API's address, such as `http://127.0.0.1:9000`.
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin.address)
    }

    /// The address for devices, such as `http://127.0.0.1:9001/mdm`.
    pub fn device_url(&self) -> String {
        format!("http://{}/mdm", self.device.address)
    }

    /// The admin token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The server without its sockets.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Stops listening, lets requests that were begun end, and closes the store.
    pub async fn stop(self) {
        // Nobody listens any more only if both listeners ended by themselves.
        let _ = self.stop.send(true);
        self.admin.drained().await;
        self.device.drained().await;
        if let Err(error) = fs::remove_file(&self.url_file) {
            tracing::debug!(%error, "the address file stays");
        }
        let core = self.core;
        if tokio::task::spawn_blocking(move || drop(core))
            .await
            .is_err()
        {
            tracing::error!("the store did not close");
        }
    }
}

async fn listen(
    address: SocketAddr,
    service: Arc<impl Service>,
    stopped: watch::Receiver<bool>,
) -> Result<Listener, ServeError> {
    let started = Listener::start(address, service, stopped).await;
    started.map_err(|source| ServeError::Listen { address, source })
}

fn open(data: &Path, policy: Policy) -> Result<(Core, String), ServeError> {
    let file = |doing| {
        let path = data.to_owned();
        move |source| ServeError::File {
            path,
            doing,
            source,
        }
    };
    let mut builder = fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(file("made"))?;
    let path = data.join(STORE_FILE);
    let failed = |source| ServeError::Store {
        path: path.clone(),
        source,
    };
    let store = RedbStore::open(&path, RedbOptions::default()).map_err(failed)?;
    let store: Arc<dyn Store> = Arc::new(store);
    let token = token(&data.join(TOKEN_FILE))?;
    let judge = Arc::new(Judge::load()?);
    let core = Core::new(store, judge, policy, Clock::system()).map_err(failed)?;
    core.refresh_builtins().map_err(failed)?;
    Ok((core, token))
}

/// The token of the file, or a new one in a new file.
fn token(path: &Path) -> Result<String, ServeError> {
    let failed = |doing| {
        let path = path.to_owned();
        move |source| ServeError::File {
            path,
            doing,
            source,
        }
    };
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Err(ServeError::EmptyToken(path.to_owned())),
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let token = random::token();
            write_owned(path, &format!("{token}\n")).map_err(failed("written"))?;
            Ok(token)
        }
        Err(error) => Err(failed("read")(error)),
    }
}

/// Writes a file that its owner alone can read.
fn write_owned(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

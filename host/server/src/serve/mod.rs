//! Starting and stopping the whole server over one data folder.
//!
//! Knows nothing of requests. Invariants: nothing leaves loopback without TLS, and devices not
//! without authentication; a start that fails leaves nothing running.

mod error;
mod opening;
mod options;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use tokio::sync::watch;

pub use error::ServeError;
pub use options::{EnrollmentOptions, ServeOptions};

use crate::backup::Backups;
use crate::core::Core;
use crate::device::{Authenticator, chain};
use crate::http::{
    Admin, Bounds, ConnectionShares, Devices, Listener, ListenerOptions, Service, Tls, raise_limit,
};
use crate::limits::CONNECTIONS_PER_ADDRESS_MAX;
use crate::owned_file::write_new;
use crate::push::Pusher;
use crate::webhook::Webhook;
use opening::{Opened, file, open};

/// Connections that one address (of IPv6: one /64 network) holds at once at the admin listener, of
/// [`ADMIN_CONNECTIONS_MAX`](crate::limits::ADMIN_CONNECTIONS_MAX); further ones are closed.
const ADMIN_CONNECTIONS_PER_ADDRESS_MAX: usize = 64;
/// The file in the data folder that holds the token.
pub const TOKEN_FILE: &str = "admin-token";
/// The file in the data folder that tells where the admin listener is.
pub const URL_FILE: &str = "admin-url";
/// The store's file in the data folder.
pub const STORE_FILE: &str = "mooring.redb";

/// A server at work.
#[derive(Debug)]
pub struct Server {
    core: Arc<Core>,
    backups: Backups,
    admin: Listener,
    device: Listener,
    pusher: Arc<Pusher>,
    webhook: Option<Webhook>,
    stop: watch::Sender<bool>,
    token: String,
    url_file: PathBuf,
    has_admin_tls: bool,
    has_device_tls: bool,
}

impl Server {
    /// Starts a server: opens the store, loads the plugins, listens.
    ///
    /// # Errors
    /// [`ServeError`], naming what is in the way.
    pub async fn start(options: ServeOptions) -> Result<Self, ServeError> {
        options.check()?;
        let options = Arc::new(options);
        let wanted = Arc::clone(&options);
        let opened = tokio::task::spawn_blocking(move || open(&wanted)).await;
        let opened = opened.map_err(|_| ServeError::Interrupted)??;
        let Opened {
            core,
            backups,
            token,
            authenticator,
            device_tls,
            admin_tls,
        } = opened;
        let core = Arc::new(core);
        let (stop, stopped) = watch::channel(false);
        let shares = ConnectionShares::of(raise_limit());
        let pusher = Pusher::new(Arc::clone(&core), options.apns.clone());
        let service = Admin::new(
            Arc::clone(&core),
            &token,
            Arc::clone(&pusher),
            backups.clone(),
            options.allows_migration,
        );
        let (has_admin_tls, has_device_tls) = (admin_tls.is_some(), device_tls.is_some());
        let admin = admin_options(options.admin, shares.admin, admin_tls);
        let admin = listen(admin, Arc::new(service), stopped.clone()).await?;
        let device = device_options(&options, shares.device, device_tls, &authenticator);
        let service = Devices::new(Arc::clone(&core), authenticator);
        let device = listen(device, Arc::new(service), stopped.clone()).await?;
        pusher.start(stopped.clone());
        let webhook = options.webhook.clone();
        let webhook = webhook
            .map(|webhook| Webhook::start(&core, webhook, stopped))
            .transpose()?;
        let server = Self {
            url_file: options.data.join(URL_FILE),
            core,
            backups,
            admin,
            device,
            pusher,
            webhook,
            stop,
            token,
            has_admin_tls,
            has_device_tls,
        };
        let url = format!("{}\n", server.admin_url());
        write_new(&server.url_file, &url).map_err(file(&server.url_file, "written"))?;
        if options.trusts_anyone() {
            tracing::warn!(
                device = %server.device.address,
                "DEVICES ARE NOT AUTHENTICATED: whoever reaches this address can act as any of \
                 them. This is for trials on this machine only; see --device-auth"
            );
        }
        tracing::info!(admin = %server.admin.address, device = %server.device.address, "serving");
        Ok(server)
    }

    /// The admin API's address, such as `http://127.0.0.1:9000`.
    pub fn admin_url(&self) -> String {
        let address = reachable(self.admin.address);
        format!("{}://{address}", scheme(self.has_admin_tls))
    }

    /// The address for devices, such as `http://127.0.0.1:9001/mdm`.
    pub fn device_url(&self) -> String {
        let address = reachable(self.device.address);
        format!("{}://{address}/mdm", scheme(self.has_device_tls))
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
        self.pusher.stopped().await;
        if let Some(webhook) = self.webhook {
            webhook.stopped().await;
        }
        if let Err(error) = fs::remove_file(&self.url_file) {
            tracing::debug!(%error, "the address file stays");
        }
        let (core, pusher, backups) = (self.core, self.pusher, self.backups);
        let close = move || {
            backups.stopped();
            drop((pusher, core));
        };
        let closed = tokio::task::spawn_blocking(close).await;
        if let Err(error) = closed {
            tracing::error!(error = %chain(&error), "the store did not close");
        }
    }
}

/// Where this machine reaches a listener: one on all addresses is on loopback too.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

fn scheme(has_tls: bool) -> &'static str {
    if has_tls { "https" } else { "http" }
}

/// Off loopback, strangers must not take all the places before they are asked for the token.
fn admin_options(address: SocketAddr, connections_max: usize, tls: Option<Tls>) -> ListenerOptions {
    ListenerOptions {
        tls,
        connections_max,
        connections_per_address_max: Some(ADMIN_CONNECTIONS_PER_ADDRESS_MAX),
        exempt: loopback().to_vec(),
        ..ListenerOptions::from(address)
    }
}

/// On this machine there is nobody to fear.
fn loopback() -> [IpNet; 2] {
    [
        IpNet::from(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ]
}

fn device_options(
    options: &ServeOptions,
    connections_max: usize,
    tls: Option<Tls>,
    authenticator: &Authenticator,
) -> ListenerOptions {
    // Behind a proxy every device has its address.
    let mut exempt = authenticator.proxies().to_vec();
    exempt.extend(loopback());
    ListenerOptions {
        address: options.device,
        tls,
        connections_max,
        connections_per_address_max: Some(CONNECTIONS_PER_ADDRESS_MAX),
        exempt,
        bounds: Bounds::default(),
    }
}

async fn listen(
    options: ListenerOptions,
    service: Arc<impl Service>,
    stopped: watch::Receiver<bool>,
) -> Result<Listener, ServeError> {
    let address = options.address;
    let started = Listener::start(options, service, stopped).await;
    started.map_err(|source| ServeError::Listen { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that one address cannot fill the admin listener, and that this machine is exempt.
    #[test]
    fn admin_places() {
        let address = SocketAddr::from(([192, 0, 2, 1], 9000));
        let options = admin_options(address, 256, None);
        let most = options.connections_per_address_max;
        assert!(most.is_some_and(|most| most * 4 <= options.connections_max));
        let is_exempt = |text: &str| {
            let address: IpAddr = text.parse().unwrap();
            options.exempt.iter().any(|net| net.contains(&address))
        };
        assert!(is_exempt("127.0.0.1") && is_exempt("::1"));
        assert!(!is_exempt("192.0.2.1") && !is_exempt("2001:db8::1"));
    }
}

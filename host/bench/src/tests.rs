//! The course of the two most used parts, small and in one process.
//!
//! Knows nothing of figures: no time is judged here. Invariant: a real server is spoken to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use mooring_server::device::DeviceAuth;
use mooring_server::{ServeOptions, Server};

use crate::device::CERTIFICATE_HEADER;
use crate::load::Crowd;
use crate::scenario::{acknowledged, asked};
use crate::seed::{Fleet, Kind, Plan, files, push_twice};
use crate::server::Site;

const PROFILES: usize = 4;

async fn serve(folder: &std::path::Path) -> (Server, Site) {
    let mut options = ServeOptions::new(folder.join(files::DATA));
    options.admin = SocketAddr::from(([127, 0, 0, 1], 0));
    options.device = options.admin;
    options.device_auth = vec![DeviceAuth::Header];
    options.device_ca = Some(folder.join(files::CA));
    options.cert_header = Some(CERTIFICATE_HEADER.to_owned());
    options.trusted_proxies = vec![IpNet::from(IpAddr::V4(Ipv4Addr::LOCALHOST))];
    let server = Server::start(options).await.unwrap();
    let address = |url: String| {
        let host = url.trim_start_matches("http://").trim_end_matches("/mdm");
        host.parse().unwrap()
    };
    let (device, admin) = (address(server.device_url()), address(server.admin_url()));
    let site = Site::within(device, admin, server.token());
    (server, site)
}

/// Proves that a fleet that was written is what the server takes it for: those in sync have nothing
/// to do, and those that lack everything get one profile after the other and then come to rest.
#[tokio::test]
async fn a_small_run() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        hosts: 50,
        kind: Kind::Troubled,
        profiles: PROFILES,
        idle: 10,
        behind: 10,
    };
    let fleet = Fleet::make_with(folder.path(), &plan, async |folder| {
        let (server, site) = serve(folder).await;
        let pushed = push_twice(&site, PROFILES).await;
        server.stop().await;
        pushed
    });
    let fleet = fleet.await.unwrap();
    let (server, site) = serve(folder.path()).await;
    let crowd = Crowd::new(fleet.idle());
    let cost = asked(&site, &crowd, 4, 30).await.unwrap();
    assert_eq!(cost.outcome.requests, 30);
    let crowd = Crowd::new(fleet.behind());
    let list: Arc<str> = fleet.full_list(&[]).into();
    let cost = acknowledged(&site, &crowd, 4, &list).await.unwrap();
    assert_eq!(cost.outcome.requests, 10 * PROFILES as u64);
    let once = asked(&site, &crowd, 4, 10).await.unwrap();
    assert_eq!(once.outcome.requests, 10);
    server.stop().await;
}

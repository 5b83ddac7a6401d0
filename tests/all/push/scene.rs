//! A fleet, a server and a push service, and time that stands still between the three.
//!
//! Invariant: a device makes contact because it was pushed, or because a test lets it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_mdm::ids::{EnrollmentId, HostId};
use mooring_push::{ApnsLimits, ApnsOptions};
use mooring_server::core::CoreOptions;
use mooring_server::device::DeviceRequest;
use mooring_server::push::Pusher;
use mooring_sim::apns::ApnsServer;
use mooring_store::{EnrollmentRecord, HostRecord, MemoryStore, PushTarget, Store};
use mooring_tests::server::judge;
use mooring_tests::{Draft, Host, TestClock, TestServer, settle_one};
use tokio::sync::watch;

/// A fleet, a server and a push service.
pub(super) struct Scene {
    pub(super) server: TestServer,
    pub(super) store: Arc<MemoryStore>,
    pub(super) apns: ApnsServer,
    pub(super) pusher: Arc<Pusher>,
    pub(super) hosts: Vec<Host>,
    wakes: BTreeMap<String, watch::Receiver<u64>>,
}

impl Scene {
    /// That many hosts, enrolled and at rest, and a push certificate for them.
    pub(super) fn new(hosts: u32) -> Self {
        let scene = Self::without_certificate(hosts);
        scene.set_certificate(&scene.apns);
        scene
    }

    /// The same without a push certificate.
    pub(super) fn without_certificate(hosts: u32) -> Self {
        let store = Arc::new(MemoryStore::new().unwrap());
        let shared: Arc<dyn Store> = Arc::clone(&store) as _;
        let options = CoreOptions::default();
        let server = TestServer::with_options(shared, judge(), &TestClock::new(), options);
        let apns = ApnsServer::start().unwrap();
        let pusher = Pusher::new(server.shared(), options_for(&apns));
        let mut scene = Self {
            server,
            store,
            apns,
            pusher,
            hosts: (0..hosts).map(Host::without_user).collect(),
            wakes: BTreeMap::new(),
        };
        for host in &mut scene.hosts {
            settle_one(&scene.server, host);
            host.forget_work();
            let push = push_of(&scene.store, &host.id());
            scene.apns.register(&push.token, &push.magic);
            let mut wakes = scene.apns.subscribe(&push.token);
            wakes.mark_unchanged();
            scene.wakes.insert(host.id(), wakes);
        }
        scene
    }

    /// Sets a push certificate that `apns` issued.
    pub(super) fn set_certificate(&self, apns: &ApnsServer) {
        let pem = apns.push_certificate_pem(&self.topic()).unwrap();
        self.server.set_push_certificate(pem.as_bytes()).unwrap();
    }

    /// The topic that all devices enrolled with.
    pub(super) fn topic(&self) -> String {
        push_of(&self.store, &self.hosts[0].id()).topic
    }

    /// Gives every host something to do.
    pub(super) fn add_profile(&self, name: &str) {
        let identifier = format!("com.harborworks.{name}");
        self.server
            .push_taken(Draft::new(&identifier, "first").xml());
    }

    /// Lets `ms` milliseconds pass and the pusher look and send.
    pub(super) async fn tick_after(&self, ms: u64) {
        self.server.clock.advance(ms);
        self.pusher.tick().await;
    }

    /// The hosts that were pushed since the last call, by number.
    pub(super) fn take_pushed(&mut self) -> Vec<usize> {
        let hosts = self.hosts.iter().enumerate();
        let pushed = hosts.filter(|(_, host)| {
            let wakes = self.wakes.get_mut(&host.id()).unwrap();
            let is_pushed = wakes.has_changed().unwrap();
            wakes.mark_unchanged();
            is_pushed
        });
        pushed.map(|(number, _)| number).collect()
    }

    /// Lets those of the pushed hosts that `is_on` connect until the server has nothing more for
    /// them, and tells who they are.
    pub(super) fn wake(&mut self, is_on: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut woken = self.take_pushed();
        woken.retain(|number| is_on(*number));
        for number in &woken {
            settle_one(&self.server, &mut self.hosts[*number]);
        }
        woken
    }

    /// What the store has of a host's device channel.
    pub(super) fn record(&self, number: usize) -> EnrollmentRecord {
        device_of(&self.store, &self.hosts[number].id())
    }

    /// A host's enrollment id.
    pub(super) fn id(&self, number: usize) -> EnrollmentId {
        EnrollmentId::parse(&self.hosts[number].id()).unwrap()
    }

    /// A host tells a token and a magic.
    pub(super) fn token_update(&self, number: usize, token: &[u8], magic: &str) {
        self.tell_token(number, "", token, magic);
    }

    /// A user of a host tells a token.
    pub(super) fn user_token_update(&self, number: usize, user: &str, token: &[u8]) {
        let user = format!("<key>UserID</key><string>{user}</string>");
        self.tell_token(number, &user, token, "magic");
    }

    fn tell_token(&self, number: usize, user: &str, token: &[u8], magic: &str) {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>\
             <key>MessageType</key><string>TokenUpdate</string>\
             <key>Topic</key><string>{}</string><key>UDID</key><string>{}</string>{user}\
             <key>PushMagic</key><string>{magic}</string><key>Token</key><data>{}</data>\
             </dict></plist>",
            self.topic(),
            self.hosts[number].id(),
            STANDARD.encode(token)
        );
        let request = DeviceRequest::from_anyone(body.as_bytes());
        assert_eq!(self.server.answer_device(&request).status(), 200);
    }
}

/// How to reach a stand-in. Waits before a new connection are of real time, which stands still
/// beside the test's.
pub(super) fn options_for(apns: &ApnsServer) -> ApnsOptions {
    ApnsOptions {
        url: apns.url(),
        ca_pem: Some(apns.ca_pem().into_bytes()),
        limits: ApnsLimits {
            backoff_first: Duration::ZERO,
            backoff_max: Duration::ZERO,
            ..ApnsLimits::default()
        },
    }
}

fn device_of(store: &MemoryStore, host: &str) -> EnrollmentRecord {
    let host: Option<HostRecord> = store.host(&HostId::parse(host).unwrap()).unwrap();
    host.unwrap().enrollments.remove(0)
}

fn push_of(store: &MemoryStore, host: &str) -> PushTarget {
    device_of(store, host).push.unwrap()
}

//! A server that asks who is speaking, and letters to it.
//!
//! Invariant: a letter is answered as the device listener would answer it; what is not
//! authenticated gets the refusal that the listener sends.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_identity::{Secret, Trust};
use mooring_server::core::CoreOptions;
use mooring_server::device::{
    Authenticator, DeviceAuth, DeviceReply, DeviceRequest, DeviceSettings, Presented,
};
use mooring_server::enrollment::{Enrollment, EnrollmentSettings, Identities};
use mooring_store::{HostRecord, MemoryStore, RedbOptions, RedbStore, Store};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

use super::{Card, Snapshot, Who, authority, outside};
use crate::server::judge;
use crate::{TestClock, TestServer};

/// The header in which proxies pass certificates on.
pub const HEADER: &str = "X-Client-Cert";
/// The address of a listed proxy.
pub const PROXY: [u8; 4] = [10, 1, 2, 3];
/// The address of somebody else.
pub const STRANGER: [u8; 4] = [203, 0, 113, 9];
/// The topic of the push certificate.
const TOPIC: &str = "com.apple.mgmt.External.4c1d7e0a-93b5-4f62-8a0e-6b2f5d9c1e38";
/// The attribute userId, where Apple puts a push certificate's topic.
const UID: &[u64] = &[0, 9, 2342, 19_200_300, 100, 1, 1];

/// How a device shows who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By its certificate on the connection.
    Mtls,
    /// By a signature over the message.
    Signature,
    /// By a header of a proxy.
    Header,
}

/// All ways.
pub const WAYS: [Way; 3] = [Way::Mtls, Way::Signature, Way::Header];

impl Way {
    fn auth(self) -> DeviceAuth {
        match self {
            Self::Mtls => DeviceAuth::Mtls,
            Self::Signature => DeviceAuth::Signature,
            Self::Header => DeviceAuth::Header,
        }
    }
}

/// A message with what comes along with it.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What the connection and the headers show.
    pub presented: Presented,
    /// The message.
    pub body: Vec<u8>,
}

/// How a site differs from an ordinary one.
#[derive(Debug, Clone)]
pub struct SiteOptions {
    /// What administrators decided.
    pub devices: DeviceSettings,
    /// Who issues identities, if not this server.
    pub identities: Option<Identities>,
    /// The challenge that all devices share.
    pub static_challenge: Option<&'static str>,
    /// Days for which identities are issued.
    pub leaf_days: u16,
    /// How devices show who they are; one of these will do.
    pub ways: Vec<Way>,
    /// Whether what devices say is kept for others.
    pub keeps_events: bool,
}

impl Default for SiteOptions {
    fn default() -> Self {
        Self {
            devices: DeviceSettings::default(),
            identities: None,
            static_challenge: None,
            leaf_days: 365,
            ways: Vec::new(),
            keeps_events: false,
        }
    }
}

/// A server that asks who is speaking. It trusts its own CA and [`outside`].
pub struct Site {
    /// The server.
    pub server: TestServer,
    /// Its store.
    pub store: Arc<dyn Store>,
    authenticator: Authenticator,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Site").field(&self.authenticator).finish()
    }
}

impl Site {
    /// One where devices show who they are in this one way.
    pub fn new(way: Way) -> Self {
        Self::with(&SiteOptions {
            ways: vec![way],
            ..SiteOptions::default()
        })
    }

    /// One of another kind, which forgets everything at the end.
    pub fn with(options: &SiteOptions) -> Self {
        let store = Arc::new(MemoryStore::new().expect("randomness"));
        Self::over(store, &TestClock::new(), options)
    }

    /// One over the store in a file.
    pub fn open(file: &Path, clock: &TestClock, way: Way) -> Self {
        let store = RedbStore::open(file, RedbOptions::default()).expect("a store that opens");
        let options = SiteOptions {
            ways: vec![way],
            ..SiteOptions::default()
        };
        Self::over(Arc::new(store), clock, &options)
    }

    /// One over a store of the test's own.
    pub fn over(store: Arc<dyn Store>, clock: &TestClock, options: &SiteOptions) -> Self {
        let ways = options.ways.iter().map(|way| way.auth()).collect();
        let enrollment = Enrollment::new(EnrollmentSettings {
            public_url: "https://mdm.harborworks.example".to_owned(),
            identities: options
                .identities
                .clone()
                .unwrap_or_else(|| Identities::Own(authority())),
            organization: Some("Harborworks".to_owned()),
            signs_messages: true,
            static_challenge: options.static_challenge.map(Secret::new),
            leaf_days: options.leaf_days,
        });
        let core = CoreOptions {
            devices: options.devices,
            enrollment: Some(enrollment),
            keeps_events: options.keeps_events,
            ..CoreOptions::default()
        };
        let server = TestServer::with_options(Arc::clone(&store), judge(), clock, core);
        server
            .set_push_certificate(push_certificate().as_bytes())
            .expect("a push certificate");
        let trusted = vec![
            authority().ca_certificate().clone(),
            outside().certificate.clone(),
        ];
        let proxies = vec!["10.1.2.0/24".parse().expect("a network")];
        let trust = Trust::new(trusted).expect("somebody to trust");
        Self {
            server,
            store,
            authenticator: Authenticator::new(ways, trust).with_header(HEADER, proxies),
        }
    }

    /// This moment in Unix ms.
    pub fn now_ms(&self) -> u64 {
        self.server.clock.for_server().now().0
    }

    /// A message of whoever has this card.
    pub fn letter(&self, way: Way, card: &Card, body: &[u8]) -> Letter {
        let mut presented = Presented {
            address: Some(IpAddr::from([192, 0, 2, 7])),
            ..Presented::default()
        };
        match way {
            Way::Mtls => presented.certificates = vec![card.der().to_vec()],
            Way::Signature => {
                let signature = card.credential().sign_message(body, self.now_ms());
                presented.signature = vec![signature.expect("a signature").into_bytes()];
            }
            Way::Header => {
                presented.address = Some(IpAddr::from(PROXY));
                presented.header = vec![format!(":{}:", STANDARD.encode(card.der())).into_bytes()];
            }
        }
        Letter {
            presented,
            body: body.to_vec(),
        }
    }

    /// Hands a letter in.
    pub fn send(&self, letter: &Letter) -> DeviceReply {
        let now = self.server.clock.for_server().now();
        let known = self
            .authenticator
            .identify(&letter.presented, &letter.body, now);
        match known {
            Ok(speaker) => self.server.answer_device(&DeviceRequest {
                body: &letter.body,
                speaker: &speaker,
                parameters: BTreeMap::new(),
            }),
            Err(error) => DeviceReply::Refused(error.to_string()),
        }
    }

    /// Hands in a message of whoever has this card.
    pub fn tell(&self, way: Way, card: &Card, body: &[u8]) -> DeviceReply {
        self.send(&self.letter(way, card, body))
    }

    /// Enrolls a Mac with this card.
    #[track_caller]
    pub fn enroll(&self, way: Way, card: &Card, who: &Who) {
        for message in ["authenticate", "token-update"] {
            let reply = self.tell(way, card, &who.says(message));
            assert_eq!(reply, DeviceReply::Empty, "{message} of {who:?}");
        }
    }

    /// The record of a host.
    #[track_caller]
    pub fn host(&self, id: &str) -> HostRecord {
        let id = mooring_mdm::ids::HostId::parse(id).expect("an id");
        self.store.host(&id).expect("a store").expect("a host")
    }

    /// The epoch of a host's device channel.
    #[track_caller]
    pub fn epoch(&self, id: &str) -> u32 {
        self.host(id).enrollments[0].sync.epoch
    }

    /// SHA-256 of the certificates that may speak for a host, newest first.
    #[track_caller]
    pub fn pins(&self, id: &str) -> Vec<[u8; 32]> {
        let pins = &self.host(id).enrollments[0].access.pins;
        pins.iter().map(|pin| pin.fingerprint).collect()
    }

    /// Everything that the server knows.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&*self.store, &self.server)
    }
}

/// A push certificate with its key, PEM.
pub fn push_certificate() -> String {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    let mut names = DistinguishedName::new();
    names.push(DnType::CustomDnType(UID.to_vec()), TOPIC);
    names.push(DnType::CommonName, format!("APSP:{TOPIC}"));
    params.distinguished_name = names;
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    let certificate = params.self_signed(&key).expect("a certificate");
    certificate.pem() + &key.serialize_pem()
}

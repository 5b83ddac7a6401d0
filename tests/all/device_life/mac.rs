//! A simulated Mac that is driven by hand over plain HTTP: it enrolls by a link and SCEP, and shows
//! who it is by signing its messages or through a proxy's header.
//!
//! Knows nothing of the server but its addresses, and nothing of its encoders. Invariant: it speaks
//! once a second of the test's time, so that no two of its messages are signed alike.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_server::api::NewEnrollmentLink;
use mooring_server::device::DeviceAuth;
use mooring_sim::{
    Channel, Credential, Device, DeviceOptions, Ending, Enrollment, EnrollmentProfile, Habits,
    Next, PrivateKey, Reply, Request, SCEP_MESSAGE_TYPE, ScepFailure, Status, Wish,
};
use mooring_tests::TestClock;
use mooring_tests::http;

use super::site::{HEADER, Site, address};

/// Contacts within which it must come to rest.
const CONTACTS_MAX: usize = 8;

/// A Mac and its line to the server.
pub(crate) struct Mac<'a> {
    pub(crate) device: Device,
    site: &'a Site,
    way: DeviceAuth,
    clock: TestClock,
}

impl<'a> Mac<'a> {
    /// The Mac with this number, with one user.
    pub(crate) fn new(site: &'a Site, way: DeviceAuth, clock: &TestClock, index: u32) -> Self {
        let options = DeviceOptions {
            seed: 11,
            index,
            has_user: true,
            ..DeviceOptions::default()
        };
        Self {
            device: Device::new(options),
            site,
            way,
            clock: clock.clone(),
        }
    }

    /// The same Mac with other habits.
    pub(crate) fn with_habits(mut self, habits: Habits) -> Self {
        self.device = self.device.with_habits(habits);
        self
    }

    pub(crate) fn id(&self) -> &str {
        &self.device.identity().udid
    }

    /// Gets an enrollment profile by a new link for its serial number, and an identity by SCEP.
    pub(crate) fn enroll(&mut self) {
        let link = self.site.link(&self.device.identity().serial);
        let profile = self.fetch(&link);
        assert_eq!(self.site.state_of(&link), "open");
        let credential = self.obtain(&profile, None).unwrap();
        assert_eq!(self.site.state_of(&link), "used");
        self.device.enroll(profile, credential);
    }

    /// The same where another server issues the identities, which this one does not hear of: the
    /// link is for any device.
    pub(crate) fn enroll_outside(&mut self) {
        let link = self.site.link_for_any();
        let profile = self.fetch(&link);
        assert_eq!(self.site.state_of(&link), "used");
        assert_ne!(address(&profile.scep.url), self.site.device);
        let credential = self.obtain(&profile, None).unwrap();
        self.device.enroll(profile, credential);
    }

    fn fetch(&self, link: &NewEnrollmentLink) -> EnrollmentProfile {
        let (_, token) = link.url.rsplit_once('/').unwrap();
        let path = format!("/enroll/{token}");
        let fetched = http::exchange(self.site.device, &http::request("GET", &path, &[], b""));
        assert_eq!(fetched.status, 200, "{}", fetched.text());
        let kind = "application/x-apple-aspen-config";
        assert_eq!(fetched.header("content-type"), Some(kind));
        EnrollmentProfile::read(&fetched.body).unwrap()
    }

    /// One contact of both channels.
    pub(crate) fn contact(&mut self) -> [Ending; 2] {
        [Channel::Device, Channel::User].map(|channel| match self.device.begin(channel) {
            None => Ending::Silent,
            Some(request) => self.talk(channel, Next::Send(request)),
        })
    }

    /// Contacts until the server has nothing more to say.
    #[track_caller]
    pub(crate) fn settle(&mut self) {
        for _ in 0..CONTACTS_MAX {
            let endings = self.contact();
            for ending in endings {
                assert!(matches!(ending, Ending::Empty(_)), "{endings:?}");
            }
            if endings == [Ending::Empty(Status::Idle); 2] {
                return;
            }
        }
        panic!("no rest after {CONTACTS_MAX} contacts");
    }

    /// Says what it has to say, without going on: what it would say next.
    pub(crate) fn step(&mut self, request: &Request) -> Next {
        let reply = self.exchange(request);
        self.device.answer(Channel::Device, &reply)
    }

    /// Goes on until the contact of a channel is over.
    pub(crate) fn talk(&mut self, channel: Channel, mut next: Next) -> Ending {
        loop {
            next = match next {
                Next::Send(request) => {
                    let reply = self.exchange(&request);
                    self.device.answer(channel, &reply)
                }
                Next::Renew(profile) => {
                    let present = self.device.credential();
                    let present = present.filter(|_| self.device.habits().signs_renewal);
                    let outcome = self.obtain(&profile, present);
                    self.device.renewed(outcome)
                }
                Next::Over(ending) => return ending,
            };
        }
    }

    /// Sends a message under its own identity.
    pub(crate) fn exchange(&self, request: &Request) -> Reply {
        let credential = self.device.credential().expect("it was enrolled").clone();
        self.exchange_as(&credential, request)
    }

    /// Sends a message under an identity, perhaps not its own any more.
    pub(crate) fn exchange_as(&self, credential: &Credential, request: &Request) -> Reply {
        self.clock.advance(1000);
        let at_ms = self.clock.for_server().now().0;
        let proof = match self.way {
            DeviceAuth::Signature => {
                let signature = credential.sign_message(&request.body, at_ms).unwrap();
                format!("Mdm-Signature: {signature}")
            }
            DeviceAuth::Header => {
                let der = STANDARD.encode(credential.certificate());
                format!(
                    "{HEADER}: {}",
                    passed_on(&der, (at_ms / 1000).is_multiple_of(2))
                )
            }
            DeviceAuth::Mtls | DeviceAuth::None => String::new(),
        };
        let kind = format!("Content-Type: {}", request.content_type);
        let url = self.device.address(request).expect("it was enrolled");
        let (_, path) = url.rsplit_once('/').unwrap();
        let path = format!("/{path}");
        let request = http::request("PUT", &path, &[&kind, &proof], &request.body);
        let answer = http::exchange(self.site.device, &request);
        Reply {
            status: answer.status,
            body: answer.body,
        }
    }

    /// An identity by the SCEP payload of a profile.
    fn obtain(
        &self,
        profile: &EnrollmentProfile,
        present: Option<&Credential>,
    ) -> Result<Credential, ScepFailure> {
        let scep = &profile.scep;
        let operation = |method, name, headers: &[&str], body: &[u8]| {
            let path = format!("/scep?operation={name}");
            let request = http::request(method, &path, headers, body);
            let answer = http::exchange(address(&scep.url), &request);
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            answer.body
        };
        assert!(scep.url.ends_with("/scep"), "{}", scep.url);
        let abilities = String::from_utf8(operation("GET", "GetCACaps", &[], b"")).unwrap();
        assert!(
            abilities.lines().any(|line| line == "Renewal"),
            "{abilities}"
        );
        let authorities = operation("GET", "GetCACert", &[], b"");
        let wish = Wish {
            authorities: &authorities,
            subject: &scep.subject,
            challenge: scep.challenge.as_deref(),
            present,
        };
        let key = PrivateKey::generate(scep.key_size)?;
        let now_ms = self.clock.for_server().now().0;
        let (waiting, message) = Enrollment::begin(wish, key, now_ms)?;
        let kind = format!("Content-Type: {SCEP_MESSAGE_TYPE}");
        waiting.finish(&operation("POST", "PKIOperation", &[&kind], &message))
    }

    /// How often it was told this.
    pub(crate) fn count(&self, request_type: &str) -> u64 {
        self.device
            .tally()
            .commands
            .get(request_type)
            .copied()
            .unwrap_or(0)
    }

    /// Whether a channel holds a profile.
    pub(crate) fn holds(&self, channel: Channel, identifier: &str) -> bool {
        let mut profiles = self.device.profiles(channel);
        profiles.any(|profile| profile.identifier == identifier)
    }
}

/// A certificate as proxies pass it on: as RFC 9440 has it, or as nginx escapes its PEM.
fn passed_on(der: &str, is_rfc_9440: bool) -> String {
    if is_rfc_9440 {
        return format!(":{der}:");
    }
    let lines: Vec<&str> = der
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let body = lines.join("\n").replace('+', "%2B").replace('/', "%2F");
    let body = body.replace('=', "%3D").replace('\n', "%0A");
    format!("-----BEGIN%20CERTIFICATE-----%0A{body}%0A-----END%20CERTIFICATE-----%0A")
}

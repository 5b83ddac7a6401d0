//! A simulated device that enrolls by a link and SCEP and shows who it is.
//!
//! Invariant: it is answered as any device is, and its key is the one with its number.

use std::collections::BTreeSet;

use mooring_server::device::DeviceReply;
use mooring_server::enrollment::LinkRequest;
use mooring_sim::{
    Channel, Contact, Credential, Device, DeviceOptions, Ending, EnrollmentProfile, Habits, Next,
    PrivateKey, Reply, Request, ScepFailure, ScepPayload, Wish,
};

use super::{Card, Site, Way, rsa_key};
use crate::host::{Sent, read_command};

/// Contacts within which a device must come to rest.
const CONTACTS_MAX: usize = 12;

/// A device with an identity.
#[derive(Debug)]
pub struct Member {
    /// The device.
    pub device: Device,
    /// How it shows who it is.
    pub way: Way,
    /// Every command handed out to it, oldest first.
    pub sent: Vec<Sent>,
    /// Every reply that it got.
    pub replies: Vec<DeviceReply>,
    /// The key for its next identity.
    pub key: usize,
}

impl Member {
    /// The device of this number without a user, enrolled by a link for its serial number, and
    /// not heard of yet.
    #[track_caller]
    pub fn new(site: &Site, index: u32, way: Way, habits: Habits) -> Self {
        let device = Device::new(DeviceOptions {
            seed: 7,
            index,
            has_user: false,
            ..DeviceOptions::default()
        });
        let mut member = Self {
            device: device.with_habits(habits),
            way,
            sent: Vec::new(),
            replies: Vec::new(),
            key: usize::try_from(index).expect("a number"),
        };
        member.join(site, &LinkRequest::default());
        member
    }

    /// Enrolls anew by a link like this, for its serial number unless that says otherwise.
    #[track_caller]
    pub fn join(&mut self, site: &Site, link: &LinkRequest) {
        let mut link = link.clone();
        if link.serial.is_none() && link.udid.is_none() {
            link.serial = Some(self.device.identity().serial.clone());
        }
        let profile = site.server.profile_for(&link).expect("a profile");
        let profile = EnrollmentProfile::read(&profile).expect("an enrollment profile");
        let credential = redeem(site, &profile.scep, rsa_key(self.key), None);
        self.device
            .enroll(profile, credential.expect("an identity"));
    }

    /// Its id at the server.
    pub fn id(&self) -> String {
        self.device.identity().udid.clone()
    }

    /// What it shows.
    pub fn card(&self) -> Card {
        Card::of(self.device.credential().expect("an identity"))
    }

    /// One contact, a second after the last: signatures state the second in which they were made.
    /// It takes part in a renewal with the key with its number.
    pub fn contact(&mut self, site: &Site) -> Contact {
        site.server.clock.advance(1000);
        Contact {
            device: self.talk(site, Channel::Device),
            user: self.talk(site, Channel::User),
        }
    }

    fn talk(&mut self, site: &Site, channel: Channel) -> Ending {
        let Some(request) = self.device.begin(channel) else {
            return Ending::Silent;
        };
        let mut next = Next::Send(request);
        loop {
            next = match next {
                Next::Send(request) => {
                    let reply = self.say(site, channel, &request);
                    self.device.answer(channel, &reply)
                }
                Next::Renew(profile) => {
                    let signs = self.device.habits().signs_renewal;
                    let present = self.device.credential().filter(|_| signs);
                    let outcome = redeem(site, &profile.scep, rsa_key(self.key), present);
                    self.device.renewed(outcome)
                }
                Next::Over(ending) => return ending,
            };
        }
    }

    /// Hands one request in.
    pub fn say(&mut self, site: &Site, channel: Channel, request: &Request) -> Reply {
        let reply = site.tell(self.way, &self.card(), &request.body);
        self.replies.push(reply.clone());
        let status = reply.status();
        let body = match reply {
            DeviceReply::Command(body) => {
                self.sent.push(read_command(channel, &body));
                body
            }
            DeviceReply::Plist(body) | DeviceReply::Json(body) => body,
            DeviceReply::Empty
            | DeviceReply::Refused(_)
            | DeviceReply::Dismissed
            | DeviceReply::NoSuchDeclaration
            | DeviceReply::Declined
            | DeviceReply::Unavailable => Vec::new(),
        };
        Reply { status, body }
    }

    /// Makes contact until the server has nothing more for it.
    #[track_caller]
    pub fn settle(&mut self, site: &Site) {
        for _ in 0..CONTACTS_MAX {
            if self.contact(site).device.is_idle() {
                return;
            }
        }
        panic!("no rest after {CONTACTS_MAX} contacts: {:#?}", self.sent);
    }

    /// Request types handed out since the last call, with the identifier of a change.
    pub fn take_work(&mut self) -> Vec<String> {
        self.sent.drain(..).map(|sent| sent.what).collect()
    }

    /// The identifiers of the profiles on it.
    pub fn holds(&self) -> BTreeSet<String> {
        let profiles = self.device.profiles(Channel::Device);
        profiles.map(|profile| profile.identifier.clone()).collect()
    }
}

/// Gets a certificate from a site by what a SCEP payload says, for a key (PKCS#8).
///
/// # Errors
/// [`ScepFailure`] if the site refuses.
pub fn redeem(
    site: &Site,
    payload: &ScepPayload,
    key: &[u8],
    present: Option<&Credential>,
) -> Result<Credential, ScepFailure> {
    let authorities = site.server.scep("GetCACert", b"").body;
    let wish = Wish {
        authorities: &authorities,
        subject: &payload.subject,
        challenge: payload.challenge.as_deref(),
        present,
    };
    let key = PrivateKey::from_pkcs8(key).expect("a key");
    let (waiting, message) = mooring_sim::Enrollment::begin(wish, key, site.now_ms())?;
    let reply = site.server.scep("PKIOperation", &message);
    assert_eq!(reply.status, 200, "SCEP refuses within its own reply");
    waiting.finish(&reply.body)
}

//! Whatever is decided about labels, values and profiles, and whatever devices do meanwhile, the
//! index of all hosts says what a walk over the store says.
//!
//! Goal: no order of changes and messages leaves a host in the wrong class. Method: random steps
//! from fixed seeds, and the comparison after each of them.

use mooring_server::scope::ValueKind;
use mooring_sim::{Channel, ErrorChain, Faults};
use mooring_tests::clock::{HOUR_MS, MINUTE_MS};
use mooring_tests::server::id;
use mooring_tests::{Draft, Host, TestServer};

use super::mac::Mac;
use super::{assign, by_rule, declare, label_name, manual, options, wish};

const SEEDS: u64 = 10;
const STEPS: usize = 250;
const MACS: u32 = 6;
const PROFILES: usize = 5;

/// Numbers that are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

fn profile(number: usize) -> String {
    format!("com.harborworks.p{number}")
}

struct Site {
    server: TestServer,
    macs: Vec<Mac>,
    random: Random,
}

impl Site {
    fn new(seed: u64) -> Self {
        let server = TestServer::new();
        manual(&server, &["red"]);
        declare(&server, "site", ValueKind::Attribute, None);
        declare(&server, "wifi", ValueKind::Secret, Some("first"));
        by_rule(&server, "oslo", r#"attributes.site == "oslo""#);
        by_rule(&server, "new", r#"host.os_version >= "15""#);
        Self {
            server,
            macs: (0..MACS).map(mac).collect(),
            random: Random(seed),
        }
    }

    /// One step, in words. Some cannot be made, as for a host that is not there.
    fn step(&mut self) -> String {
        let mac = self.random.below(self.macs.len());
        let host = self.macs[mac].id();
        let identifier = profile(self.random.below(PROFILES));
        let what = self.random.below(20);
        let made = match what {
            0..=5 => {
                self.macs[mac].contact(&self.server);
                true
            }
            6 => {
                for _ in 0..4 {
                    self.macs[mac].contact(&self.server);
                }
                true
            }
            7 => self.pushed(&identifier),
            8 => self.server.delete(&id(&identifier)).is_ok(),
            9 => {
                let is_enabled = self.random.below(3) > 0;
                self.server
                    .switch(&id(&identifier), is_enabled, None)
                    .is_ok()
            }
            10 => self.assigned(&identifier),
            11 => self.labelled(&host),
            12 => self.valued(&host),
            13 => self.redefined(),
            14 => {
                let ms = self
                    .random
                    .one_of(&[1, 999, MINUTE_MS, 11 * MINUTE_MS, HOUR_MS]);
                self.server.clock.advance(ms);
                true
            }
            15 => {
                let hours = self.random.one_of(&[5, 23, 25, 49, 80]);
                self.server.clock.advance(hours * HOUR_MS + 7);
                true
            }
            16 => self.server.refresh_host(&host).is_ok(),
            17 => self.server.resend(&host, &id(&identifier)).is_ok(),
            18 => self.befallen(mac, &identifier),
            _ => self.rare(&host, mac),
        };
        format!("{what} {host} {identifier} {made}")
    }

    fn pushed(&mut self, identifier: &str) -> bool {
        let texts = [
            "one",
            "two",
            "{{host.serial}}",
            "{{attribute.site}}",
            "{{secret.wifi}}",
        ];
        let mut draft = Draft::new(identifier, self.random.one_of(&texts));
        // An identifier keeps its channel.
        if identifier.ends_with(['1', '3']) {
            draft.scope = Some("User");
        }
        self.server.push_one(draft.xml());
        true
    }

    fn assigned(&mut self, identifier: &str) -> bool {
        let assignments = [
            r#"{"include_all":["red"]}"#,
            r#"{"include_any":["oslo","new"]}"#,
            r#"{"exclude_any":["new"]}"#,
            r#"{"percent":50}"#,
            r#"{"platforms":["ios"]}"#,
            r#"{"os_min":"15"}"#,
            "{}",
        ];
        let assignment = self.random.one_of(&assignments);
        if self.server.shelf().profiles.contains_key(&id(identifier)) {
            assign(&self.server, identifier, assignment);
        }
        true
    }

    fn labelled(&mut self, host: &str) -> bool {
        let (add, remove) = match self.random.below(2) {
            0 => (vec![host.to_owned()], Vec::new()),
            _ => (Vec::new(), vec![host.to_owned()]),
        };
        let label = label_name("red");
        let changed = self
            .server
            .change_members(&label, &add, &remove, &options());
        changed.is_ok()
    }

    fn valued(&mut self, host: &str) -> bool {
        let wish = match self.random.below(4) {
            0 => wish(&[("site", "oslo")], &[]),
            1 => wish(&[("site", "bergen"), ("wifi", "second")], &[]),
            2 => wish(&[("wifi", "third")], &[]),
            _ => wish(&[], &["site"]),
        };
        let set = self.server.set_host_values(host, &wish, &options());
        set.is_ok()
    }

    fn redefined(&mut self) -> bool {
        match self.random.below(4) {
            0 => by_rule(&self.server, "new", r#"host.os_version >= "14""#),
            1 => by_rule(&self.server, "new", r#"host.os_version >= "15""#),
            2 => declare(&self.server, "site", ValueKind::Attribute, Some("oslo")),
            _ => declare(&self.server, "site", ValueKind::Attribute, None),
        }
        true
    }

    fn befallen(&mut self, mac: usize, identifier: &str) -> bool {
        let mac = &mut self.macs[mac];
        match self.random.below(4) {
            0 => mac.host.device.lock(2),
            1 => mac.runs("15.1", "24B83"),
            2 => drop(mac.host.device.user_removes(Channel::Device, identifier)),
            _ => {
                let foreign = Draft::new(identifier, "another's").xml();
                drop(
                    mac.host
                        .device
                        .user_installs(Channel::Device, foreign.as_bytes()),
                );
            }
        }
        true
    }

    fn rare(&mut self, host: &str, place: usize) -> bool {
        match self.random.below(6) {
            0 => self.server.remove_host(host).is_ok(),
            1 => {
                self.macs[place].host.device.erase();
                true
            }
            2 => {
                let left = self.macs[place].host.device.check_out();
                self.macs[place]
                    .host
                    .say(&self.server, Channel::Device, &left);
                true
            }
            3 => self.server.pause("test", None).is_ok(),
            4 => {
                self.server.clock.set_back(2 * HOUR_MS);
                true
            }
            _ => self.server.resume("test").is_ok(),
        }
    }
}

/// Some of them with a user, some with faults.
fn mac(number: u32) -> Mac {
    let mut faults = Faults {
        is_without_user: number.is_multiple_of(2),
        ..Faults::default()
    };
    match number {
        1 => {
            let chain = ErrorChain::installation(&profile(0), "MCProfileErrorDomain", 1009, "no");
            faults.failing.insert(profile(0), chain);
        }
        2 => faults.dropped_reports = 5,
        3 => faults.refused_lists = 2,
        _ => {}
    }
    Mac::of(Host::with_faults(number, faults))
}

/// Steps of every kind, in any order; after each of them the index is right.
#[test]
fn the_index_says_what_the_store_says() {
    for seed in 0..SEEDS {
        let mut site = Site::new(seed);
        let mut steps = Vec::new();
        for _ in 0..STEPS {
            steps.push(site.step());
            let faults = site.server.fleet_faults().expect("hosts that can be read");
            let tail = &steps[steps.len().saturating_sub(12)..];
            assert!(faults.is_empty(), "seed {seed}: {faults:#?}\n{tail:#?}");
        }
    }
}

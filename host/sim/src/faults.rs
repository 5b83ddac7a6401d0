//! How devices misbehave, and which of a fleet do.
//!
//! Knows nothing of messages. Invariant: which hosts are chosen follows from the seed, the
//! behaviour's position and the number of hosts; nothing here is kept from run to run.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::error_chain::ErrorChain;
use crate::random::SplitMix64;

/// How one device misbehaves; the default is not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Contacts for which installs and removals are answered with `NotNow`, per channel.
    pub locked_contacts: u32,
    /// Identifiers that never install, and the error given.
    pub failing: BTreeMap<String, ErrorChain>,
    /// The user removes the first profile installed, that many contacts of its channel later; 0 is
    /// at once, before the next list.
    pub lose_after_contacts: Option<u32>,
    /// Reports of installs and removals that never leave the device.
    pub dropped_reports: u32,
    /// Reports of installs and removals that are sent twice, as after a lost reply.
    pub repeated_reports: u32,
    /// Contacts that open with an acknowledgement of a command that nobody sent.
    pub stray_reports: u32,
    /// `ProfileList` commands that are answered with an error.
    pub refused_lists: u32,
    /// Makes one contact in that many polls; 0 and 1 are every poll.
    pub polls_per_contact: u32,
    /// Polls, once enrolled, in which the user channel alone makes contact.
    pub user_only_polls: u32,
    /// Has no managed user, and so no user channel.
    pub is_without_user: bool,
}

/// One kind of misbehaviour with its measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// See [`Faults::locked_contacts`].
    NotNow(u32),
    /// See [`Faults::failing`].
    Fail(String, ErrorChain),
    /// See [`Faults::lose_after_contacts`].
    Lose(u32),
    /// See [`Faults::dropped_reports`].
    Drop(u32),
    /// See [`Faults::repeated_reports`].
    Repeat(u32),
    /// See [`Faults::stray_reports`].
    Stray(u32),
    /// See [`Faults::refused_lists`].
    NoList(u32),
    /// See [`Faults::polls_per_contact`].
    Slow(u32),
    /// See [`Faults::user_only_polls`].
    UserOnly(u32),
    /// See [`Faults::is_without_user`].
    NoUser,
}

/// How many of a fleet's hosts are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostShare {
    /// Every one.
    All,
    /// That many, or all if there are fewer.
    Hosts(u32),
    /// Hundredths of a percent, rounded up to whole hosts.
    BasisPoints(u32),
}

/// A misbehaviour and the share of the hosts that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviour {
    /// Which hosts.
    pub share: HostShare,
    /// What they do.
    pub fault: Fault,
}

/// Why a text is no behaviour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BehaviourError {
    /// There is no `=`.
    #[error("{text:?} is no behaviour; write NAME=SHARE, such as notnow=5%")]
    NoValue {
        /// The whole text.
        text: String,
    },
    /// The part before `=` is unknown.
    #[error(
        "no behaviour is called {name:?}; known are notnow, fail, lose, drop, repeat, stray, \
         nolist, slow, useronly, nouser"
    )]
    UnknownName {
        /// The part before `=`.
        name: String,
    },
    /// A share is neither a count, a percentage nor `all`.
    #[error("{text:?} is no share of hosts; write a count (3), a percentage (2.5%) or all")]
    BadShare {
        /// The share as written.
        text: String,
    },
    /// The number after `:` is none.
    #[error("{text:?} is no whole number")]
    BadNumber {
        /// The number as written.
        text: String,
    },
    /// The error after `fail=...:` is not of the form domain/code.
    #[error("{text:?} is no error; write DOMAIN/CODE, such as MCInstallationErrorDomain/4009")]
    BadError {
        /// The error as written.
        text: String,
    },
    /// `fail=` names no profile.
    #[error("fail= needs the identifier of the profile that fails")]
    NoIdentifier,
}

impl Behaviour {
    /// The forms that [`Behaviour::from_str`] reads, for help texts.
    pub const HELP: &str = "\
notnow=SHARE[:CONTACTS]    locked: installs and removals get NotNow for that many contacts (3)
fail=IDENTIFIER[@SHARE][:DOMAIN/CODE]
                           this profile never installs (all hosts, MCProfileErrorDomain/1009)
lose=SHARE[:CONTACTS]      the user removes the first profile installed, so many contacts later (0)
drop=SHARE[:COUNT]         so many reports of installs and removals never leave the device (1)
repeat=SHARE[:COUNT]       so many reports of installs and removals are sent twice (1)
stray=SHARE[:COUNT]        so many contacts open with an answer to a command nobody sent (1)
nolist=SHARE[:COUNT]       so many ProfileList commands get an error (1)
slow=SHARE[:POLLS]         makes contact in one of so many polls (4)
useronly=SHARE[:POLLS]     once enrolled, only the user channel makes contact for so many polls (5)
nouser=SHARE               has no user channel
SHARE is a count of hosts (3), a percentage (2.5%) or all.";

    fn apply(&self, faults: &mut Faults) {
        match &self.fault {
            Fault::NotNow(contacts) => faults.locked_contacts = *contacts,
            Fault::Fail(identifier, chain) => {
                faults.failing.insert(identifier.clone(), chain.clone());
            }
            Fault::Lose(contacts) => faults.lose_after_contacts = Some(*contacts),
            Fault::Drop(count) => faults.dropped_reports = *count,
            Fault::Repeat(count) => faults.repeated_reports = *count,
            Fault::Stray(count) => faults.stray_reports = *count,
            Fault::NoList(count) => faults.refused_lists = *count,
            Fault::Slow(polls) => faults.polls_per_contact = *polls,
            Fault::UserOnly(polls) => faults.user_only_polls = *polls,
            Fault::NoUser => faults.is_without_user = true,
        }
    }
}

/// The faults of every host of a fleet, by index.
pub(crate) fn assign(behaviours: &[Behaviour], seed: u64, hosts: u32) -> Vec<Faults> {
    let mut all = vec![Faults::default(); usize::try_from(hosts).unwrap_or(usize::MAX)];
    for (position, behaviour) in behaviours.iter().enumerate() {
        let wanted = match behaviour.share {
            HostShare::All => hosts,
            HostShare::Hosts(count) => count.min(hosts),
            HostShare::BasisPoints(points) => {
                let exact = (u64::from(hosts) * u64::from(points)).div_ceil(10_000);
                u32::try_from(exact).unwrap_or(hosts).min(hosts)
            }
        };
        // A ranking of its own per behaviour, so that one host does not collect them all.
        let purpose = format!("behaviour {position}");
        let mut ranking: Vec<(u64, usize)> = (0..hosts)
            .map(|index| SplitMix64::new(seed, &purpose, index).next())
            .zip(0..all.len())
            .collect();
        ranking.sort_unstable();
        for &(_, index) in ranking
            .iter()
            .take(usize::try_from(wanted).unwrap_or(usize::MAX))
        {
            behaviour.apply(&mut all[index]);
        }
    }
    all
}

impl FromStr for Behaviour {
    type Err = BehaviourError;

    /// Reads one of the forms of [`Behaviour::HELP`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no_value = || BehaviourError::NoValue {
            text: text.to_owned(),
        };
        let (name, value) = text.split_once('=').ok_or_else(no_value)?;
        if name == "fail" {
            return read_fail(value);
        }
        let (share, measure) = match value.split_once(':') {
            Some((share, measure)) => (share, Some(read_number(measure)?)),
            None => (value, None),
        };
        let fault = match name {
            "notnow" => Fault::NotNow(measure.unwrap_or(3)),
            "lose" => Fault::Lose(measure.unwrap_or(0)),
            "drop" => Fault::Drop(measure.unwrap_or(1)),
            "repeat" => Fault::Repeat(measure.unwrap_or(1)),
            "stray" => Fault::Stray(measure.unwrap_or(1)),
            "nolist" => Fault::NoList(measure.unwrap_or(1)),
            "slow" => Fault::Slow(measure.unwrap_or(4)),
            "useronly" => Fault::UserOnly(measure.unwrap_or(5)),
            "nouser" => Fault::NoUser,
            _ => {
                return Err(BehaviourError::UnknownName {
                    name: name.to_owned(),
                });
            }
        };
        Ok(Self {
            share: read_share(share)?,
            fault,
        })
    }
}

fn read_fail(value: &str) -> Result<Behaviour, BehaviourError> {
    let (target, error) = match value.split_once(':') {
        Some((target, error)) => (target, Some(error)),
        None => (value, None),
    };
    let (identifier, share) = match target.split_once('@') {
        Some((identifier, share)) => (identifier, read_share(share)?),
        None => (target, HostShare::All),
    };
    if identifier.is_empty() {
        return Err(BehaviourError::NoIdentifier);
    }
    let (domain, code) = match error {
        None => ("MCProfileErrorDomain", 1009),
        Some(error) => {
            let bad = || BehaviourError::BadError {
                text: error.to_owned(),
            };
            let (domain, code) = error.split_once('/').ok_or_else(bad)?;
            (domain, code.parse().map_err(|_| bad())?)
        }
    };
    let text = "The simulated device was told to refuse this profile.";
    let chain = ErrorChain::installation(identifier, domain, code, text);
    Ok(Behaviour {
        share,
        fault: Fault::Fail(identifier.to_owned(), chain),
    })
}

fn read_number(text: &str) -> Result<u32, BehaviourError> {
    text.parse().map_err(|_| BehaviourError::BadNumber {
        text: text.to_owned(),
    })
}

fn read_share(text: &str) -> Result<HostShare, BehaviourError> {
    let bad = || BehaviourError::BadShare {
        text: text.to_owned(),
    };
    if text == "all" {
        return Ok(HostShare::All);
    }
    let Some(percent) = text.strip_suffix('%') else {
        return text.parse().map(HostShare::Hosts).map_err(|_| bad());
    };
    let (whole, fraction) = percent.split_once('.').unwrap_or((percent, "0"));
    let is_short =
        (1..=2).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
    if !is_short {
        return Err(bad());
    }
    let whole: u32 = whole.parse().map_err(|_| bad())?;
    let hundredths: u32 = format!("{fraction:0<2}").parse().map_err(|_| bad())?;
    match whole
        .checked_mul(100)
        .and_then(|points| points.checked_add(hundredths))
    {
        Some(points) if points <= 10_000 => Ok(HostShare::BasisPoints(points)),
        Some(_) | None => Err(bad()),
    }
}

//! Every profile of which there may be something to say on a channel, with what the channel has of
//! it.
//!
//! Knows nothing of judgements. Invariant: profiles come in order of number, each once.

use mooring_mdm::ids::Channel;

use super::exception::Exception;
use super::group::Group;
use super::held::Held;
use super::judge::{Bits, Found, Part};

/// Walks side by side over what a group wants and what a channel has.
#[derive(Debug, Clone)]
pub(super) struct Walk<'a> {
    bits: Bits,
    wanted: [&'a [u32]; 2],
    held: &'a [u32],
    exceptions: &'a [u32],
    /// The profile of each copy.
    profiles: &'a [u32],
}

impl<'a> Walk<'a> {
    pub(super) fn over(part: &Part<'a>, group: &'a Group, profiles: &'a [u32]) -> Self {
        Self {
            bits: part.bits,
            wanted: [Channel::Device, Channel::User].map(|channel| group.wanted(channel)),
            held: part.held,
            exceptions: part.exceptions,
            profiles,
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (u32, Found<'a>);

    fn next(&mut self) -> Option<(u32, Found<'a>)> {
        let held = Held::all(self.held).next();
        let exception = Exception::all(self.exceptions).next();
        let profile_held = held.map(|held| self.profiles[held.copy() as usize]);
        let profile_special = exception.map(Exception::profile);
        let [device, user] = self.wanted.map(|wanted| wanted.first().copied());
        let heads = [profile_held, profile_special, device, user];
        let profile = heads.into_iter().flatten().min()?;
        for wanted in &mut self.wanted {
            if let [first, rest @ ..] = wanted
                && *first == profile
            {
                *wanted = rest;
            }
        }
        let held = held.filter(|_| profile_held == Some(profile));
        let exception = exception.filter(|_| profile_special == Some(profile));
        if held.is_some() {
            self.held = self.held.get(1..).unwrap_or_default();
        }
        if exception.is_some() {
            self.exceptions = Exception::behind_first(self.exceptions);
        }
        Some((profile, Found::of(self.bits, held, exception)))
    }
}

//! Reads one profile's settings, and collects everything that is wrong with them.
//!
//! Knows nothing of profiles. Invariant: a value that is refused is replaced by the default, so that
//! reading goes on and all refusals are reported together; `finish` must be looked at before
//! anything that was read is used. Values never appear in messages: they may be secret.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use mooring_sdk::Finding;
use serde_json::{Map, Value};

/// The rule id of findings about settings.
const RULE: &str = "settings";

/// The longest text that a setting may hold, in characters.
const TEXT_MAX: usize = 200;

/// An error about the setting at a JSON pointer.
pub(crate) fn refusal(pointer: &str, message: &str, hint: &str) -> Finding {
    Finding::error_document(RULE, format!("{pointer}: {message}")).with_hint(hint)
}

/// The members of one profile's settings object.
pub(crate) struct Fields<'a> {
    name: &'static str,
    members: &'a Map<String, Value>,
    known: BTreeSet<&'static str>,
    findings: Vec<Finding>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(name: &'static str, members: &'a Map<String, Value>) -> Self {
        Self {
            name,
            members,
            known: BTreeSet::new(),
            findings: Vec::new(),
        }
    }

    /// A boolean, or the default if the member is absent.
    pub(crate) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        self.optional_boolean(key).unwrap_or(default)
    }

    /// A boolean, if the member is there.
    pub(crate) fn optional_boolean(&mut self, key: &'static str) -> Option<bool> {
        let value = self.member(key)?;
        if value.as_bool().is_none() {
            self.refuse(key, "this is not true or false", "write true or false");
        }
        value.as_bool()
    }

    /// A whole number, or the default if the member is absent.
    pub(crate) fn integer(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
        default: i64,
    ) -> i64 {
        self.optional_integer(key, range).unwrap_or(default)
    }

    /// A whole number, if the member is there.
    pub(crate) fn optional_integer(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let value = self.member(key)?;
        let number = value.as_i64().filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = range.into_inner();
            let message = format!("this is not a whole number from {low} to {high}");
            self.refuse(key, &message, "write a number in the range");
        }
        number
    }

    /// A text of one line, or the default if the member is absent.
    pub(crate) fn line(&mut self, key: &'static str, default: &str) -> String {
        let Some(value) = self.member(key) else {
            return default.to_owned();
        };
        let is_line = |text: &&str| {
            let length = text.chars().count();
            (1..=TEXT_MAX).contains(&length) && !text.chars().any(char::is_control)
        };
        let Some(text) = value.as_str().filter(is_line) else {
            let message = format!("this is not one line of 1 to {TEXT_MAX} characters");
            self.refuse(key, &message, "write a short text");
            return default.to_owned();
        };
        text.to_owned()
    }

    /// A text of any form, if the member is there.
    pub(crate) fn optional_text(&mut self, key: &'static str) -> Option<&'a str> {
        let value = self.member(key)?;
        if value.as_str().is_none() {
            self.refuse(key, "this is not a text", "write a JSON string");
        }
        value.as_str()
    }

    /// Records that the member under `key`, or its absence, is not acceptable.
    pub(crate) fn refuse(&mut self, key: &str, message: &str, hint: &str) {
        let pointer = format!("/{}/{key}", self.name);
        self.findings.push(refusal(&pointer, message, hint));
    }

    /// Everything that is wrong, members that nobody asked for included.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        let known: Vec<_> = self.known.iter().copied().collect();
        let hint = format!("the settings of {} are {}", self.name, known.join(", "));
        for key in self.members.keys() {
            if !self.known.contains(key.as_str()) {
                self.refuse(key, "there is no such setting", &hint);
            }
        }
        self.findings
    }

    fn member(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.insert(key);
        self.members.get(key)
    }
}

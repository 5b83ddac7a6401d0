//! Reads the settings, object by object, and collects everything that is wrong with them.
//!
//! Knows nothing of profiles. Invariant: a value that is refused reads as absent, so that reading
//! goes on and all refusals are reported together; `finish` must be looked at before anything that
//! was read is used. Values never appear in messages.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mooring_sdk::Finding;
use serde_json::{Map, Value};

use crate::address;
use crate::nearest::nearest;

/// The rule id of findings about settings.
const RULE: &str = "settings";

/// How a placeholder begins. Settings may hold none: the host would fill a secret into a text that
/// people see.
const PLACEHOLDER: &str = "{{";

/// An error about the setting at a JSON pointer.
pub(crate) fn refusal(pointer: &str, message: &str, hint: &str) -> Finding {
    Finding::error_document(RULE, format!("{pointer}: {message}")).with_hint(hint)
}

/// The members of one object of the settings.
pub(crate) struct Fields<'a> {
    /// The object's JSON pointer; empty for the settings as a whole.
    path: String,
    members: &'a Map<String, Value>,
    known: BTreeSet<&'static str>,
    findings: Vec<Finding>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(members: &'a Map<String, Value>) -> Self {
        Self::at(String::new(), members)
    }

    fn at(path: String, members: &'a Map<String, Value>) -> Self {
        Self {
            path,
            members,
            known: BTreeSet::new(),
            findings: Vec::new(),
        }
    }

    /// The JSON pointer of a member.
    pub(crate) fn pointer(&self, key: &str) -> String {
        format!("{}/{key}", self.path)
    }

    /// The member as it stands, which from now on counts as known.
    pub(crate) fn member(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.insert(key);
        self.members.get(key)
    }

    /// A boolean, or the default if the member is absent.
    pub(crate) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.member(key) else {
            return default;
        };
        if value.as_bool().is_none() {
            self.refuse(key, "this is not true or false", "write true or false");
        }
        value.as_bool().unwrap_or(default)
    }

    /// A whole number in a range, if the member is there.
    pub(crate) fn integer(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.member(key)?;
        let number = value.as_i64().filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = range.into_inner();
            let message = format!("this is not a whole number from {low} to {high}");
            self.refuse(key, &message, "write a number in the range");
        }
        number
    }

    /// One of some numbers; the first of them if the member is absent.
    pub(crate) fn number_of(&mut self, key: &'static str, choices: &[i64]) -> i64 {
        let default = choices.first().copied().unwrap_or_default();
        let Some(value) = self.member(key) else {
            return default;
        };
        let number = value.as_i64().filter(|number| choices.contains(number));
        if number.is_none() {
            let listed: Vec<_> = choices.iter().map(ToString::to_string).collect();
            let hint = format!("the choices are {}", listed.join(", "));
            self.refuse(key, "this is not one of the choices", &hint);
        }
        number.unwrap_or(default)
    }

    /// A text of one line with at most `max` characters and no placeholder, if the member is there.
    pub(crate) fn line(&mut self, key: &'static str, max: usize) -> Option<&'a str> {
        let value = self.member(key)?;
        let is_line = |text: &&str| {
            let length = text.chars().count();
            (1..=max).contains(&length) && !text.chars().any(char::is_control)
        };
        let Some(text) = value.as_str().filter(is_line) else {
            let message = format!("this is not one line of 1 to {max} characters");
            self.refuse(key, &message, "write a short text");
            return None;
        };
        if text.contains(PLACEHOLDER) {
            let message = "this has the beginning of a placeholder, two opening braces";
            self.refuse(
                key,
                message,
                "write the text itself: nothing is filled in here",
            );
            return None;
        }
        Some(text)
    }

    /// A URL that a device may be sent to, if the member is there.
    pub(crate) fn url(&mut self, key: &'static str) -> Option<&'a str> {
        let value = self.member(key)?;
        let hint = "write an absolute URL such as https://mdm.example.org/mdm";
        let Some(text) = value.as_str() else {
            self.refuse(key, "this is not a text", hint);
            return None;
        };
        match address::check(text) {
            Ok(()) => Some(text),
            Err(error) => {
                self.refuse(key, error.message(), hint);
                None
            }
        }
    }

    /// Bytes written in base64, if the member is there.
    pub(crate) fn bytes(&mut self, key: &'static str) -> Option<Vec<u8>> {
        let value = self.member(key)?;
        let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
        if bytes.is_none() {
            let hint = "write the bytes in base64, with its padding";
            self.refuse(key, "this is not base64", hint);
        }
        bytes
    }

    /// An object of further settings, if the member is there; hand it back to [`Self::close`].
    pub(crate) fn object(&mut self, key: &'static str) -> Option<Self> {
        let Some(members) = self.member(key)?.as_object() else {
            self.refuse(key, "this is no object of settings", "write a JSON object");
            return None;
        };
        Some(Self::at(self.pointer(key), members))
    }

    /// Takes over everything that is wrong with an object inside this one.
    pub(crate) fn close(&mut self, inner: Self) {
        self.findings.extend(inner.finish());
    }

    /// Records a member that must be there and is not. One that is there and was refused has its
    /// finding already.
    pub(crate) fn require(&mut self, key: &'static str, hint: &str) {
        if !self.members.contains_key(key) {
            self.refuse(key, "this setting is missing", hint);
        }
    }

    /// Records that the member under `key`, or its absence, is not acceptable.
    pub(crate) fn refuse(&mut self, key: &str, message: &str, hint: &str) {
        let finding = refusal(&self.pointer(key), message, hint);
        self.findings.push(finding);
    }

    /// Everything that is wrong, members that nobody asked for included.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        for key in self.members.keys() {
            if self.known.contains(key.as_str()) {
                continue;
            }
            let known: Vec<_> = self.known.iter().copied().collect();
            let list = format!("the settings here are {}", known.join(", "));
            let hint = match nearest(key, known.into_iter()) {
                Some(name) => format!("did you mean {name}? {list}"),
                None => list,
            };
            self.refuse(key, "there is no such setting", &hint);
        }
        self.findings
    }
}

//! The profile as the rules look at it: the payloads, and the settings that they make.
//!
//! Knows no rule. Invariant: `payloads` holds exactly the dictionaries of `PayloadContent` that
//! have a type, in file order.

use mooring_sdk::{Document, Kind, Node};

/// The type that carries preferences of any domain, sorted by domain and frequency.
pub(crate) const PREFERENCES_TYPE: &str = "com.apple.ManagedClient.preferences";

/// One profile.
pub(crate) struct ProfileTree<'a> {
    pub(crate) root: Node<'a>,
    pub(crate) payloads: Vec<Payload<'a>>,
}

/// One dictionary of `PayloadContent` that has a type.
#[derive(Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) node: Node<'a>,
    /// `PayloadType`.
    pub(crate) kind: &'a str,
    /// Counted from 1, as people count.
    pub(crate) number: usize,
}

/// The settings of one domain: a payload's own keys, or one dictionary of preferences.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// The payload type or the preference domain.
    pub(crate) domain: &'a str,
    pub(crate) node: Node<'a>,
}

impl<'a> ProfileTree<'a> {
    pub(crate) fn read(document: &'a Document) -> Self {
        let root = document.root();
        let content = root.find(Kind::Array, "PayloadContent");
        let items = content.into_iter().flat_map(Node::items).enumerate();
        let payloads = items
            .filter_map(|(index, node)| {
                let kind = node.get("PayloadType")?.as_str()?;
                let number = index + 1;
                Some(Payload { node, kind, number })
            })
            .collect();
        Self { root, payloads }
    }

    /// The payloads of one type.
    pub(crate) fn of_type(&self, kind: &'a str) -> impl Iterator<Item = Payload<'a>> {
        let payloads = self.payloads.iter().copied();
        payloads.filter(move |payload| payload.kind == kind)
    }

    /// Everything that sets keys of a domain, whichever way it takes to the device.
    pub(crate) fn settings(&self) -> impl Iterator<Item = Settings<'a>> {
        self.payloads.iter().flat_map(|payload| payload.settings())
    }

    /// The settings of one domain, whichever way they take to the device.
    pub(crate) fn settings_of(&self, domain: &'a str) -> impl Iterator<Item = Settings<'a>> {
        self.settings().filter(move |found| found.domain == domain)
    }
}

impl<'a> Payload<'a> {
    /// What to call it in a message.
    pub(crate) fn label(self) -> String {
        format!("payload {} ({})", self.number, quoted(self.kind))
    }

    fn settings(self) -> Vec<Settings<'a>> {
        if self.kind != PREFERENCES_TYPE {
            return vec![Settings {
                domain: self.kind,
                node: self.node,
            }];
        }
        self.domains()
            .flat_map(|(domain, frequencies)| {
                frequencies.entries().flat_map(move |(_, list)| {
                    let items = list.items();
                    items
                        .filter_map(|item| item.find(Kind::Dictionary, "mcx_preference_settings"))
                        .map(move |node| Settings { domain, node })
                })
            })
            .collect()
    }

    /// The domains of a payload of preferences, with what stands under each.
    pub(crate) fn domains(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let is_preferences = self.kind == PREFERENCES_TYPE;
        let content = self.node.find(Kind::Dictionary, "PayloadContent");
        let content = content.filter(|_| is_preferences);
        content.into_iter().flat_map(Node::entries)
    }
}

/// The string under `key`, unless it is absent, blank or another kind.
pub(crate) fn text<'a>(dictionary: Node<'a>, key: &str) -> Option<&'a str> {
    let found = dictionary.get(key)?.as_str()?;
    (!found.trim().is_empty()).then_some(found)
}

/// What a switch says: a boolean, or the integers 0 and 1 that devices take for one.
pub(crate) fn switch(node: Node<'_>) -> Option<bool> {
    node.as_bool().or(match node.as_integer() {
        Some(0) => Some(false),
        Some(1) => Some(true),
        _ => None,
    })
}

/// The switch under `key`, if it is there and says `wanted`.
pub(crate) fn switched<'a>(dictionary: Node<'a>, key: &str, wanted: bool) -> Option<Node<'a>> {
    let node = dictionary.get(key)?;
    (switch(node) == Some(wanted)).then_some(node)
}

/// A name of the file inside a message, cut to 60 characters. Never for a value that may be secret.
pub(crate) fn quoted(text: &str) -> String {
    const LENGTH_MAX: usize = 60;
    match text.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("\"{}...\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

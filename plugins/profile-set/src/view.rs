//! The set as the rules look at it: profiles with their payloads.
//!
//! Knows no rule. Invariant: `payloads` holds exactly the dictionaries of `PayloadContent`, in file
//! order; an absent name is an empty one.

use mooring_sdk::{Edition, Kind, Node, ProfileSet, SetSubject, Spot};

/// The set.
pub(crate) struct Set<'a> {
    pub(crate) members: Vec<Member<'a>>,
    pub(crate) gone: Vec<View<'a>>,
}

/// A profile that the host would get.
pub(crate) struct Member<'a> {
    pub(crate) now: View<'a>,
    pub(crate) before: Option<View<'a>>,
}

/// One version of a profile.
pub(crate) struct View<'a> {
    pub(crate) edition: &'a Edition,
    pub(crate) subject: SetSubject,
    pub(crate) payloads: Vec<Payload<'a>>,
}

/// One dictionary of `PayloadContent`.
#[derive(Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) node: Node<'a>,
    /// Counted from 1, as people count.
    pub(crate) number: usize,
    pub(crate) kind: &'a str,
    pub(crate) identifier: &'a str,
    pub(crate) uuid: &'a str,
}

impl<'a> Set<'a> {
    pub(crate) fn read(set: &'a ProfileSet) -> Self {
        let members = (0..).zip(&set.members).map(|(number, member)| Member {
            now: View::read(&member.now, SetSubject::Member(number)),
            before: member
                .before
                .as_ref()
                .map(|before| View::read(before, SetSubject::Member(number))),
        });
        let gone = (0..).zip(&set.gone);
        let gone = gone.map(|(number, gone)| View::read(gone, SetSubject::Gone(number)));
        Self {
            members: members.collect(),
            gone: gone.collect(),
        }
    }

    /// The profiles as they would be, in order.
    pub(crate) fn now(&self) -> impl Iterator<Item = &View<'a>> {
        self.members.iter().map(|member| &member.now)
    }

    /// Everything that would be no longer as it was: what is replaced, and what is gone.
    pub(crate) fn past(&self) -> impl Iterator<Item = &View<'a>> {
        let replaced = self
            .members
            .iter()
            .filter_map(|member| member.before.as_ref());
        replaced.chain(&self.gone)
    }

    /// Profiles whose version before is known, with it.
    pub(crate) fn replaced(&self) -> impl Iterator<Item = (&View<'a>, &View<'a>)> {
        let pair = |member: &'_ Member<'a>| member.before.is_some();
        let members = self.members.iter().filter(move |member| pair(member));
        members.filter_map(|member| Some((&member.now, member.before.as_ref()?)))
    }
}

impl<'a> View<'a> {
    fn read(edition: &'a Edition, subject: SetSubject) -> Self {
        let content = edition.document.root().find(Kind::Array, "PayloadContent");
        let items = content.into_iter().flat_map(Node::items);
        let dictionaries = (1..)
            .zip(items)
            .filter(|(_, node)| node.kind() == Kind::Dictionary);
        let payload = |(number, node)| Payload {
            node,
            number,
            kind: text(node, "PayloadType"),
            identifier: text(node, "PayloadIdentifier"),
            uuid: text(node, "PayloadUUID"),
        };
        Self {
            edition,
            subject,
            payloads: dictionaries.map(payload).collect(),
        }
    }

    /// What to call it in a message.
    pub(crate) fn name(&self) -> String {
        quoted(&self.edition.identifier)
    }

    /// The version in words; files have none.
    pub(crate) fn version(&self) -> String {
        match self.edition.version {
            0 => "the version before".to_owned(),
            number => format!("version {number}"),
        }
    }

    /// A value of it.
    pub(crate) fn spot(&self, node: Node<'_>) -> Spot {
        Spot::at(self.subject, node)
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Spot {
        Spot::of(self.subject)
    }

    /// Its `PayloadUUID`, as a place.
    pub(crate) fn key_spot(&self, key: &str) -> Spot {
        match self.edition.document.root().get(key) {
            Some(node) => self.spot(node),
            None => self.whole(),
        }
    }

    /// Whether two are the same profile, or two versions of it.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.edition.identifier == other.edition.identifier
    }

    /// Whether both go to the same channel.
    pub(crate) fn shares_channel(&self, other: &Self) -> bool {
        self.edition.channel == other.edition.channel
    }
}

impl<'a> Payload<'a> {
    /// What to call it in a message.
    pub(crate) fn label(self) -> String {
        format!("payload {} ({})", self.number, quoted(self.kind))
    }

    /// The node of one of its names.
    pub(crate) fn key(self, key: &str) -> Node<'a> {
        self.node.get(key).unwrap_or(self.node)
    }
}

/// The text under a key, or none.
pub(crate) fn text<'a>(node: Node<'a>, key: &str) -> &'a str {
    node.get(key).and_then(Node::as_str).unwrap_or_default()
}

/// A value of a file inside a message, cut to 60 characters.
pub(crate) fn quoted(text: &str) -> String {
    const LENGTH_MAX: usize = 60;
    match text.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("\"{}...\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

/// Some things in a message: the first few, and how many more there are.
pub(crate) fn listed(things: &[String]) -> String {
    const NAMED_MAX: usize = 3;
    let named = things
        .iter()
        .take(NAMED_MAX)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match things.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

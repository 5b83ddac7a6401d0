//! A profile's identity: which profile it is, and which revision.
//!
//! The uuid of a revision follows from identifier and content, so that the same content always
//! has the same uuid and devices are told of a change exactly when there is one. Knows nothing of
//! versions or storage. Invariant: the bytes to be delivered say what [`Identified`] says; this
//! is checked by reading them again.

use crate::finding::{Finding, Severity};
use crate::ids::{PayloadIdentifier, PayloadUuid};
use crate::plist::{self, Document, LineIndex, NodeId, NodeRef, ReaderLimits};

use super::canonical::{self, Digest};
use super::rewrite;
use super::{Container, Profile, Scope};

/// A profile with its identity, ready to be stored and delivered.
#[derive(Debug, Clone)]
pub struct Identified {
    /// Which profile it is.
    pub identifier: PayloadIdentifier,
    /// Which revision: derived from the content, or the signed file's own.
    pub uuid: PayloadUuid,
    /// The bytes to deliver.
    pub raw: Vec<u8>,
    /// The tree of the XML to deliver.
    pub document: Document,
    /// Digest of the content without the identity; finds a file again that has no identifier.
    pub content: Digest,
    /// Like `content`, without the uuids of payloads; equal where only those changed.
    pub loose: Digest,
    /// Digest of the bytes that were uploaded.
    pub uploaded_digest: Digest,
    /// The uuid that the author wrote.
    pub uploaded_uuid: Option<PayloadUuid>,
    /// Whether the bytes are signed and so were left as they came.
    pub signed: bool,
    /// What was odd about the file, and what was filled in.
    pub notices: Vec<Finding>,
    /// The channel it names.
    pub scope: Option<Scope>,
    /// The name that people see.
    pub display_name: Option<String>,
    /// The type of each payload, in order.
    pub payload_types: Vec<String>,
    /// The place of each node of the uploaded XML.
    places: Vec<(u32, u32)>,
}

impl Identified {
    /// Line and column in the uploaded XML of a node of [`Identified::document`]. A node that was
    /// filled in stands for the dictionary that lacked it.
    pub fn place(&self, node: NodeId) -> (u32, u32) {
        let top = self.places.first().copied().unwrap_or((0, 0));
        self.places.get(node as usize).copied().unwrap_or(top)
    }
}

impl Profile {
    /// Settles identifier and uuid. `given` is the identifier for a file that has none.
    ///
    /// XML gets the derived uuid at the place of its own and is otherwise left alone; a missing
    /// key is added at the end of the top-level dictionary, with a warning. A signed file is
    /// never changed.
    ///
    /// # Errors
    /// `T003` or `T004` if an identifier or uuid is of the wrong type or unusable, if the
    /// identifier is missing and none is given, or if either is missing in a signed file.
    pub fn identify(self, given: Option<PayloadIdentifier>) -> Result<Identified, Finding> {
        let content = canonical::content(&self.document);
        let mut notices = self.notices.clone();
        let own = self.own_identifier()?;
        let own_uuid = self.own_uuid()?;
        let (identifier, uuid, raw, document) = if self.container == Container::Signed {
            let identifier = own.ok_or_else(|| self.missing_in_signed("T003", IDENTIFIER))?;
            let uuid = own_uuid
                .and_then(|node| PayloadUuid::parse(node.as_str()?).ok())
                .ok_or_else(|| self.missing_in_signed("T004", UUID))?;
            (
                identifier,
                uuid,
                self.uploaded().to_vec(),
                self.document.clone(),
            )
        } else {
            let identifier = match (&own, given) {
                (Some(own), _) => own.clone(),
                (None, Some(given)) => given,
                (None, None) => return Err(self.no_identifier()),
            };
            let uuid = canonical::payload_uuid(&identifier, &content);
            self.note_filled_in(own.is_none().then_some(&identifier), &uuid, &mut notices);
            let raw = self.rewritten(own.is_none(), &identifier, &uuid);
            let document = self.delivered(&raw, &identifier)?;
            (identifier, uuid, raw, document)
        };
        let lines = LineIndex::new(&self.text);
        let place = |node: &plist::Node| lines.position(node.start() as usize);
        Ok(Identified {
            content,
            loose: canonical::loose(&self.document),
            uploaded_digest: Digest::of(self.uploaded()),
            uploaded_uuid: self.uuid(),
            signed: self.container == Container::Signed,
            scope: self.scope(),
            display_name: self.display_name().map(str::to_owned),
            payload_types: self.payload_types(),
            places: self.document.nodes().iter().map(place).collect(),
            identifier,
            uuid,
            raw,
            document,
            notices,
        })
    }

    fn own_identifier(&self) -> Result<Option<PayloadIdentifier>, Finding> {
        let Some(node) = self.document.root().get(IDENTIFIER) else {
            return Ok(None);
        };
        let hint = "write a stable name such as com.example.wifi in a <string>";
        let unusable = |message: String| {
            Finding::host(Severity::Error, "T003", self.place(node), message).with_hint(hint)
        };
        let Some(text) = node.as_str() else {
            return Err(unusable(format!(
                "the top-level {IDENTIFIER} is not a string"
            )));
        };
        PayloadIdentifier::parse(text).map(Some).map_err(|error| {
            unusable(format!(
                "the top-level {IDENTIFIER} cannot be used: {error}"
            ))
        })
    }

    fn own_uuid(&self) -> Result<Option<NodeRef<'_>>, Finding> {
        match self.document.root().get(UUID) {
            Some(node) if node.as_str().is_none() => {
                let message = format!("the top-level {UUID} is not a string");
                let finding = Finding::host(Severity::Error, "T004", self.place(node), message);
                Err(finding.with_hint("write a uuid in a <string>, or leave the key out"))
            }
            found => Ok(found),
        }
    }

    fn no_identifier(&self) -> Finding {
        let place = self.place(self.document.root());
        let message = format!("the profile has no {IDENTIFIER}");
        let hint = "add the key with a stable name such as com.example.wifi";
        Finding::host(Severity::Error, "T003", place, message).with_hint(hint)
    }

    fn missing_in_signed(&self, rule: &str, key: &str) -> Finding {
        let root = self.document.root();
        let place = self.place(root.get(key).unwrap_or(root));
        let message = format!("the signed profile has no usable {key}, and cannot be given one");
        let hint = "add the key and sign the profile again, or upload it unsigned";
        Finding::host(Severity::Error, rule, place, message).with_hint(hint)
    }

    /// Adds a warning for each value that the file lacks and gets.
    fn note_filled_in(
        &self,
        identifier: Option<&PayloadIdentifier>,
        uuid: &PayloadUuid,
        notices: &mut Vec<Finding>,
    ) {
        let root = self.document.root();
        let note = |rule, node, message, hint: &str| {
            let finding = Finding::host(Severity::Warning, rule, self.place(node), message);
            finding.with_hint(hint)
        };
        if let Some(identifier) = identifier {
            let message = format!("the profile has no {IDENTIFIER}; it was given {identifier}");
            let hint = "add that key, so that the next upload is the same profile";
            notices.push(note("T003", root, message, hint));
        }
        match root.get(UUID) {
            Some(node) if node.as_str() != Some("") => {}
            found => {
                let message = format!("the profile has no {UUID}; it was given {uuid}");
                let hint = "nothing needs to be done; other tools may want the key";
                let notice = note("T004", found.unwrap_or(root), message, hint);
                // Of a given identifier nobody knows whether it will be the same again.
                notices.push(match (identifier, found) {
                    (Some(_), _) => notice,
                    (None, Some(_)) => notice.with_fix(format!("value <string>{uuid}</string>")),
                    (None, None) => {
                        notice.with_fix(format!("insert {UUID} <string>{uuid}</string>"))
                    }
                });
            }
        }
    }

    /// The XML with the uuid in it, and with the identifier if the file has none.
    fn rewritten(
        &self,
        lacks_identifier: bool,
        identifier: &PayloadIdentifier,
        uuid: &PayloadUuid,
    ) -> Vec<u8> {
        let root = self.document.root();
        let mut edits = Vec::new();
        let mut added = Vec::new();
        if lacks_identifier {
            added.push((IDENTIFIER, identifier.as_str()));
        }
        match root.get(UUID) {
            Some(node) if node.as_str() == Some(uuid.as_str()) => {}
            Some(node) => edits.push(plist::replace_string(node, uuid.as_str())),
            None => added.push((UUID, uuid.as_str())),
        }
        if !added.is_empty() {
            edits.push(rewrite::append(&self.text, root, &added));
        }
        plist::apply_edits(&self.text, edits)
    }

    /// Reads the rewritten XML again and makes sure that it says what it should.
    fn delivered(&self, raw: &[u8], wanted: &PayloadIdentifier) -> Result<Document, Finding> {
        let limits = self.limits.reader;
        // What was filled in is ours and does not count against the author's limits.
        let limits = ReaderLimits {
            bytes: limits.bytes.saturating_add(4096),
            nodes: limits.nodes.saturating_add(2),
            ..limits
        };
        let document = plist::read_xml(raw, &limits)?.document;
        let says = document.root().get(IDENTIFIER).and_then(NodeRef::as_str);
        if says == Some(wanted.as_str()) {
            return Ok(document);
        }
        let message = format!("the given {IDENTIFIER} cannot be written in XML");
        let finding = Finding::host(Severity::Error, "T003", (0, 0), message);
        Err(finding.with_hint("give one of letters, digits, dots and hyphens"))
    }
}

const IDENTIFIER: &str = "PayloadIdentifier";
const UUID: &str = "PayloadUUID";

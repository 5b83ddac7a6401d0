//! Configuration profiles: from uploaded bytes to a tree with an identity.
//!
//! A profile comes as XML, as a binary property list, or as either inside a CMS signature. All
//! become one XML text and one tree here, so that nothing later asks how a profile was packed.
//! Whether its values make sense is for plugins; this module knows the envelope's identity alone.
//!
//! Invariant: parsing is a function of the bytes and the limits, and the top-level value of a
//! [`Profile`] is a dictionary.
//! See <https://developer.apple.com/documentation/devicemanagement/toplevel>.

mod binary;
mod canonical;
mod container;
mod encrypt;
mod identity;
pub mod introduced;
mod lookalike;
pub mod placeholder;
mod readings;
mod rewrite;
pub mod secrets;
mod signed;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use canonical::{CANONICAL_FORMAT, Digest};
pub use container::Container;
pub use encrypt::{EncryptPayloadsError, encrypt_payloads};
pub use identity::Identified;

use crate::finding::{Finding, Severity};
use crate::ids::{PayloadIdentifier, PayloadUuid};
use crate::plist::{self, Document, NodeRef, ReaderLimits};

/// What a profile may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileLimits {
    /// Bounds of the file in any form, and of the XML in it.
    pub reader: ReaderLimits,
    /// Above this many bytes a file is accepted with a warning.
    pub warn_above_bytes: usize,
}

impl Default for ProfileLimits {
    /// The reader's own limits but for 100,000 values, since two trees of a profile are in memory
    /// while it is judged; and a warning above 512 KiB: devices are reported to refuse profiles from
    /// about 1 MB on.
    fn default() -> Self {
        Self {
            reader: ReaderLimits {
                nodes: 100_000,
                ..ReaderLimits::default()
            },
            warn_above_bytes: 512 * 1024,
        }
    }
}

/// Reads XML that was made here of what was read within the limits of uploads, which bound it.
fn read_again(xml: &[u8]) -> Result<Document, Finding> {
    let limits = ReaderLimits {
        bytes: xml.len(),
        depth: plist::DEPTH_MAX,
        nodes: usize::MAX,
    };
    plist::read_xml(xml, &limits).map(|read| read.document)
}

/// Which channel a profile is for, its `PayloadScope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// The whole device.
    System,
    /// One managed user.
    User,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::User => "User",
        })
    }
}

/// A profile as it was uploaded, read strictly.
#[derive(Debug, Clone)]
pub struct Profile {
    container: Container,
    /// The file as it came; `None` if it is `text` itself.
    packed: Option<Vec<u8>>,
    text: Vec<u8>,
    document: Document,
    notices: Vec<Finding>,
    limits: ProfileLimits,
}

impl Profile {
    /// Reads a profile in any of its forms.
    ///
    /// # Errors
    /// A [`Finding`] with the rule broken (`P` or `S`, or `T001` if the top-level value is not a
    /// dictionary). Places are those of the XML, also where that was packed into something else.
    pub fn parse(bytes: &[u8], limits: &ProfileLimits) -> Result<Self, Finding> {
        let mut notices = Vec::new();
        check_size(bytes.len(), limits, &mut notices)?;
        let container = container::detect(bytes)?;
        let text = match container {
            Container::Xml => bytes.to_vec(),
            Container::Binary => binary::to_xml(bytes, &limits.reader, &mut notices)?,
            Container::Signed => {
                let content = signed::content(bytes, &mut notices)?;
                match container::detect(&content)? {
                    Container::Xml => content,
                    Container::Binary => binary::to_xml(&content, &limits.reader, &mut notices)?,
                    Container::Signed => return Err(signed::nested()),
                }
            }
        };
        let read = plist::read_xml(&text, &limits.reader)?;
        notices.extend(read.notices);
        readings::check_readings(&read.document, &text)?;
        lookalike::check_keys(&read.document, &text)?;
        notices.extend(lookalike::hidden_characters(&read.document, &text));
        if container == Container::Signed {
            signed::check_fixed(&read.document, &text)?;
        }
        let packed = (container != Container::Xml).then(|| bytes.to_vec());
        let profile = Self {
            container,
            packed,
            text,
            document: read.document,
            notices,
            limits: *limits,
        };
        if profile.document.root().is_dictionary() {
            return Ok(profile);
        }
        let place = profile.place(profile.document.root());
        let message = "the outermost value is not a dictionary, so this is no profile";
        let hint = "put the profile's keys into a <dict> directly inside <plist>";
        Err(Finding::host(Severity::Error, "T001", place, message).with_hint(hint))
    }

    /// How the file was packed.
    pub fn container(&self) -> Container {
        self.container
    }

    /// The XML: the file itself, what it was converted to, or what the signature contains.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The tree of [`Profile::text`].
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// What was odd about the file, though it was read.
    pub fn notices(&self) -> &[Finding] {
        &self.notices
    }

    /// The top-level `PayloadIdentifier`, if the file has a usable one.
    pub fn identifier(&self) -> Option<PayloadIdentifier> {
        PayloadIdentifier::parse(self.top("PayloadIdentifier")?).ok()
    }

    /// The top-level `PayloadUUID` that the author wrote, if it is a usable one.
    pub fn uuid(&self) -> Option<PayloadUuid> {
        PayloadUuid::parse(self.top("PayloadUUID")?).ok()
    }

    /// The `PayloadScope`, if it is one of the two that exist.
    pub fn scope(&self) -> Option<Scope> {
        match self.top("PayloadScope")? {
            "System" => Some(Scope::System),
            "User" => Some(Scope::User),
            _ => None,
        }
    }

    /// The name that people see, the top-level `PayloadDisplayName`.
    pub fn display_name(&self) -> Option<&str> {
        self.top("PayloadDisplayName")
    }

    /// The `PayloadType` of each payload, in order; a type used twice is here twice.
    pub fn payload_types(&self) -> Vec<String> {
        let content = self.document.root().get("PayloadContent");
        let payloads = content.into_iter().flat_map(NodeRef::items);
        payloads
            .filter_map(|payload| payload.get("PayloadType")?.as_str())
            .map(str::to_owned)
            .collect()
    }

    /// The file as it came, in whatever form.
    pub fn uploaded(&self) -> &[u8] {
        self.packed.as_deref().unwrap_or(&self.text)
    }

    /// Digest of the content without the identity, as in [`Identified::content`].
    pub fn content_digest(&self) -> Digest {
        canonical::content(&self.document)
    }

    /// Digest of the content without the identity and the payloads' uuids, as in
    /// [`Identified::loose`].
    pub fn loose_digest(&self) -> Digest {
        canonical::loose(&self.document)
    }

    fn top(&self, key: &str) -> Option<&str> {
        self.document.root().get(key)?.as_str()
    }

    /// The line and column where a person looks for a node in the XML; costs a walk over the text.
    fn place(&self, node: NodeRef<'_>) -> (u32, u32) {
        plist::LineIndex::new(&self.text).position(node.node().start() as usize)
    }
}

fn check_size(
    bytes: usize,
    limits: &ProfileLimits,
    notices: &mut Vec<Finding>,
) -> Result<(), Finding> {
    let hint = "split it into several profiles, or shrink fonts and images";
    if bytes > limits.reader.bytes {
        let message = format!(
            "the file has {bytes} bytes; at most {} are accepted",
            limits.reader.bytes
        );
        return Err(Finding::host(Severity::Error, "P020", (0, 0), message).with_hint(hint));
    }
    if bytes > limits.warn_above_bytes {
        let message = format!(
            "the file has {bytes} bytes; some devices refuse profiles over {}",
            limits.warn_above_bytes
        );
        notices.push(Finding::host(Severity::Warning, "P020", (0, 0), message).with_hint(hint));
    }
    Ok(())
}

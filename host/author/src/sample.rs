//! A profile as a plugin is shown it.
//!
//! Knows nothing of plugins. Invariant: it came the way of an upload, so that a plugin sees here what
//! it will see on a server.

use std::path::Path;

use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::plist::{Document, LineIndex, NodeId};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_plugin::{Grade, Subject};

/// A profile that was read.
#[derive(Debug, Clone)]
pub struct Sample {
    document: Document,
    bytes: Vec<u8>,
    places: Vec<(u32, u32)>,
}

impl Sample {
    /// Reads a profile. For [`Grade::DeviceLenient`] it gets the identity that an upload would be
    /// given, and `name` stands in for a missing identifier; for [`Grade::AppleStrict`] it stays as
    /// it is.
    ///
    /// # Errors
    /// What the host itself finds: then no plugin is asked.
    pub fn read(name: &Path, bytes: &[u8], grade: Grade) -> Result<Self, Finding> {
        let profile = Profile::parse(bytes, &ProfileLimits::default())?;
        match grade {
            Grade::AppleStrict => {
                let lines = LineIndex::new(profile.text());
                let nodes = profile.document().nodes().iter();
                let places = nodes.map(|node| lines.position(node.start() as usize));
                Ok(Self {
                    places: places.collect(),
                    document: profile.document().clone(),
                    bytes: bytes.to_vec(),
                })
            }
            Grade::DeviceLenient => {
                let identified = profile.identify(stand_in(name))?;
                let nodes = 0..u32::try_from(identified.document.nodes().len()).unwrap_or(u32::MAX);
                Ok(Self {
                    places: nodes.map(|node| identified.place(node)).collect(),
                    document: identified.document,
                    bytes: identified.raw,
                })
            }
        }
    }

    /// The same tree with other bytes, as of a signed file.
    #[must_use]
    pub fn with_bytes(self, bytes: Vec<u8>) -> Self {
        Self { bytes, ..self }
    }

    /// Its tree.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The profile as the plugin runtime takes it.
    pub fn subject(&self) -> Subject<'_> {
        Subject::new(&self.document, &self.bytes, |node| self.place(node))
    }

    /// Line and column of a value in the text, both from 1; 0 if there is no such value.
    pub fn place(&self, node: NodeId) -> (u32, u32) {
        let place = self.places.get(node as usize);
        place.copied().unwrap_or((0, 0))
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.document.nodes().len()
    }

    /// Never: there is always the dictionary that is the profile.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn stand_in(name: &Path) -> Option<PayloadIdentifier> {
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let stem: String = stem.chars().map(plain).take(100).collect();
    PayloadIdentifier::parse(&format!("com.mooring.unnamed.{stem}")).ok()
}

//! The enrollments that a request names: ids with commas between them.
//!
//! Knows nothing of who is enrolled. Invariant: each enrollment is there once, and what is no id
//! is kept with the reason, so that it fails alone.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::ids::EnrollmentId;

/// Most ids that one request names. Of UDIDs, the head of a request holds some four hundred.
pub const TARGETS_MAX: usize = 1000;

/// The enrollments that a request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// Those that have the form of an id.
    pub ids: BTreeSet<EnrollmentId>,
    /// What is no id, and why.
    pub refused: BTreeMap<String, String>,
}

/// Why a request names nobody that can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetsError {
    /// There is no id.
    #[error("no enrollment id is named")]
    None,
    /// There are too many.
    #[error("{0} enrollment ids are named; at most {TARGETS_MAX} are taken in one request")]
    TooMany(usize),
}

impl Targets {
    /// Reads ids with commas between them. Repeated ones count once, and empty ones do not.
    ///
    /// # Errors
    /// [`TargetsError`] if there are none, or too many.
    pub fn parse(text: &str) -> Result<Self, TargetsError> {
        let mut targets = Self::default();
        let named: Vec<_> = text.split(',').filter(|id| !id.trim().is_empty()).collect();
        if named.is_empty() {
            return Err(TargetsError::None);
        }
        if named.len() > TARGETS_MAX {
            return Err(TargetsError::TooMany(named.len()));
        }
        for id in named {
            match EnrollmentId::parse(id.trim()) {
                Ok(id) => {
                    targets.ids.insert(id);
                }
                Err(error) => {
                    targets.refused.insert(id.to_owned(), error.to_string());
                }
            }
        }
        Ok(targets)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ids.len() + self.refused.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that repeated ids count once, and that what is none is kept with its reason.
    #[test]
    fn ids() {
        let targets = Targets::parse("A,B:u,A,:x,").unwrap();
        assert_eq!((targets.ids.len(), targets.count()), (2, 3));
        assert!(targets.refused.contains_key(":x"));
        assert_eq!(Targets::parse(","), Err(TargetsError::None));
        let many = vec!["A"; TARGETS_MAX + 1].join(",");
        assert_eq!(Targets::parse(&many), Err(TargetsError::TooMany(1001)));
    }
}

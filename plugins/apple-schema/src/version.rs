//! Versions of operating systems, such as `10.13.4`.
//!
//! Invariant: a missing part counts as 0, so `15` and `15.0` are equal.

/// A version that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version([u32; 3]);

impl Version {
    /// Reads one to three numbers with dots between; further ones are passed over. `None` for
    /// anything else, such as `n/a`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = [0; 3];
        for (at, part) in text.split('.').enumerate() {
            let number = part.parse().ok()?;
            if let Some(slot) = parts.get_mut(at) {
                *slot = number;
            }
        }
        Some(Self(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers are compared as numbers, and missing parts are 0.
    #[test]
    fn order() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("10.9") < version("10.13.4"));
        assert!(version("10.15.7") < version("11"));
        assert_eq!(version("15"), version("15.0.0"));
        assert_eq!(Version::parse("n/a"), None);
        assert_eq!(Version::parse(""), None);
    }
}

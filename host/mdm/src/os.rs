//! Versions of Apple's systems, and which system a model runs.
//!
//! Knows nothing of hosts, profiles or rules. Invariant: a version is one to four plain numbers,
//! so any two can be put in order, and it is shown exactly as it was written.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most numbers in a version. Apple uses three; a fourth has come with single betas.
pub const VERSION_PARTS_MAX: usize = 4;

/// Why a text is not a version of a system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a version: one to {VERSION_PARTS_MAX} numbers with dots between them, such as 15.1"
)]
pub struct OsVersionError {
    /// The text, cut to a length that can be shown.
    text: String,
}

/// A version of a system, such as `15.1` or `14.4.1`.
///
/// Versions are put in order number by number, and a number that is not there counts as 0: `14`
/// and `14.0` are equal, and `14.10` comes after `14.9`.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OsVersion {
    numbers: [u32; VERSION_PARTS_MAX],
    /// How many of the numbers were written, at least 1.
    written: u8,
}

impl OsVersion {
    /// Reads a version: one to [`VERSION_PARTS_MAX`] numbers below 2^32 without leading zeros.
    ///
    /// # Errors
    /// [`OsVersionError`] for anything else, a text with spaces around it too.
    pub fn parse(text: &str) -> Result<Self, OsVersionError> {
        Self::read(text).ok_or_else(|| OsVersionError {
            text: crate::device::bounded_text(text, 64),
        })
    }

    fn read(text: &str) -> Option<Self> {
        let mut version = Self {
            numbers: [0; VERSION_PARTS_MAX],
            written: 0,
        };
        for part in text.split('.') {
            // `u32::from_str` would take a plus sign; a leading zero would not be shown again.
            let is_plain = part.bytes().all(|b| b.is_ascii_digit());
            if !is_plain || (part.len() > 1 && part.starts_with('0')) {
                return None;
            }
            *version.numbers.get_mut(usize::from(version.written))? = part.parse().ok()?;
            version.written += 1;
        }
        Some(version)
    }

    /// Whether the version lies within `max`, which includes everything that begins with it: `15`
    /// is the last of all 15.x, and `15.1` of all 15.1.x.
    pub fn is_within(self, max: Self) -> bool {
        let written = usize::from(max.written);
        self.numbers[..written] <= max.numbers[..written]
    }
}

impl PartialEq for OsVersion {
    fn eq(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }
}

impl Eq for OsVersion {}

impl PartialOrd for OsVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OsVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers)
    }
}

impl fmt::Display for OsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.numbers[0])?;
        for number in &self.numbers[1..usize::from(self.written)] {
            write!(f, ".{number}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for OsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OsVersion({self})")
    }
}

impl FromStr for OsVersion {
    type Err = OsVersionError;

    fn from_str(text: &str) -> Result<Self, OsVersionError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for OsVersion {
    type Error = OsVersionError;

    fn try_from(text: String) -> Result<Self, OsVersionError> {
        Self::parse(&text)
    }
}

impl From<OsVersion> for String {
    fn from(version: OsVersion) -> Self {
        version.to_string()
    }
}

/// Why a text is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a platform; there are macos, ios, ipados, tvos, watchos and visionos")]
pub struct PlatformError {
    /// The text, cut to a length that can be shown.
    text: String,
}

/// One of Apple's systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Platform {
    /// macOS.
    MacOs,
    /// iOS: iPhone and iPod touch.
    Ios,
    /// iPadOS.
    IpadOs,
    /// tvOS.
    TvOs,
    /// watchOS.
    WatchOs,
    /// visionOS.
    VisionOs,
}

impl Platform {
    /// Every platform, in the order in which they are named to people.
    pub const ALL: [Self; 6] = [
        Self::MacOs,
        Self::Ios,
        Self::IpadOs,
        Self::TvOs,
        Self::WatchOs,
        Self::VisionOs,
    ];

    /// The system that a model runs, from the `Model` a device tells: `MacBookPro18,3`, `Mac14,2`
    /// and `VirtualMac2,1` run macOS. `None` for a model that this server has never heard of.
    ///
    /// See <https://developer.apple.com/documentation/devicemanagement/deviceinformationresponse>.
    pub fn from_model(model: &str) -> Option<Self> {
        if model.contains("Mac") {
            return Some(Self::MacOs);
        }
        let families = [
            ("iPhone", Self::Ios),
            ("iPod", Self::Ios),
            ("iPad", Self::IpadOs),
            ("AppleTV", Self::TvOs),
            ("Watch", Self::WatchOs),
            ("RealityDevice", Self::VisionOs),
        ];
        let family = families.iter().find(|(start, _)| model.starts_with(start));
        family.map(|(_, platform)| *platform)
    }

    /// The name in rules, documents and lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MacOs => "macos",
            Self::Ios => "ios",
            Self::IpadOs => "ipados",
            Self::TvOs => "tvos",
            Self::WatchOs => "watchos",
            Self::VisionOs => "visionos",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let mut all = Self::ALL.into_iter();
        all.find(|platform| platform.as_str() == text)
            .ok_or_else(|| PlatformError {
                text: crate::device::bounded_text(text, 64),
            })
    }
}

impl TryFrom<String> for Platform {
    type Error = PlatformError;

    fn try_from(text: String) -> Result<Self, PlatformError> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> OsVersion {
        OsVersion::parse(text).unwrap()
    }

    /// Versions are ordered as numbers, missing numbers count as 0, and they are shown as written.
    #[test]
    fn order_and_form() {
        let rising = ["9.9", "14", "14.0.1", "14.4.1", "14.10", "15.1", "26.0.0.1"];
        for pair in rising.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("14"), version("14.0"));
        assert_eq!(version("14.0.0.0").cmp(&version("14")), Ordering::Equal);
        for text in ["14", "14.0", "14.4.1", "0", "4294967295.0.0.0"] {
            assert_eq!(version(text).to_string(), text);
        }
    }

    /// Anything but one to four plain numbers is refused, and the refusal is short.
    #[test]
    fn refused_versions() {
        let long = "1".repeat(10_000);
        for text in [
            "",
            ".",
            "14.",
            ".1",
            "1.2.3.4.5",
            "14a",
            " 14",
            "14 ",
            "+14",
            "-1",
            "014",
            "14.04",
            "4294967296",
            "１４",
            "14..1",
            &long,
        ] {
            let refused = OsVersion::parse(text).unwrap_err();
            assert!(refused.to_string().len() < 200, "{text:?}");
        }
    }

    /// A highest version includes everything that begins with it.
    #[test]
    fn highest_version() {
        for (text, max, expected) in [
            ("15", "15", true),
            ("15.7.3", "15", true),
            ("16", "15", false),
            ("15.1.2", "15.1", true),
            ("15.2", "15.1", false),
            ("15.0.1", "15.0", true),
            ("15.1", "15.0", false),
            ("14", "15.0.1", true),
        ] {
            assert_eq!(
                version(text).is_within(version(max)),
                expected,
                "{text} {max}"
            );
        }
    }

    /// A document's string, read as serde would.
    fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, serde::de::value::Error> {
        T::deserialize(serde::de::value::BorrowedStrDeserializer::new(text))
    }

    /// Both types are strings in documents, and a wrong string is refused with its reason.
    #[test]
    fn documents() {
        assert_eq!(read::<OsVersion>("15.1").unwrap(), version("15.1"));
        assert_eq!(String::from(version("15.1")), "15.1");
        let wrong = read::<OsVersion>("Sequoia").unwrap_err();
        assert!(wrong.to_string().contains("such as 15.1"), "{wrong}");
        for platform in Platform::ALL {
            let read: Platform = read(platform.as_str()).unwrap();
            assert_eq!(read, platform);
        }
        let wrong = read::<Platform>("macOS").unwrap_err();
        assert!(wrong.to_string().contains("there are macos"), "{wrong}");
    }

    /// Models are told apart as Apple names them; an unheard-of model has no platform.
    #[test]
    fn models() {
        for (model, platform) in [
            ("MacBookPro18,3", Some(Platform::MacOs)),
            ("iMac21,1", Some(Platform::MacOs)),
            ("Mac14,2", Some(Platform::MacOs)),
            ("VirtualMac2,1", Some(Platform::MacOs)),
            ("iPhone15,2", Some(Platform::Ios)),
            ("iPod9,1", Some(Platform::Ios)),
            ("iPad13,1", Some(Platform::IpadOs)),
            ("AppleTV14,1", Some(Platform::TvOs)),
            ("Watch7,5", Some(Platform::WatchOs)),
            ("RealityDevice14,1", Some(Platform::VisionOs)),
            ("AudioAccessory5,1", None),
            ("", None),
        ] {
            assert_eq!(Platform::from_model(model), platform, "{model}");
        }
    }
}

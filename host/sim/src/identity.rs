//! Who a simulated Mac is: names, numbers and software, all derived from seed and index.
//!
//! Knows nothing of the protocol. Invariant: the same seed and index give the same Mac.

use crate::random::SplitMix64;

/// Hardware that runs the systems of [`SYSTEMS`]: model, product name for people.
const MODELS: [(&str, &str); 8] = [
    ("MacBookAir10,1", "MacBook Air"),
    ("Mac14,2", "MacBook Air"),
    ("Mac15,12", "MacBook Air"),
    ("Mac15,3", "MacBook Pro"),
    ("Mac16,1", "MacBook Pro"),
    ("Mac14,3", "Mac mini"),
    ("Mac16,10", "Mac mini"),
    ("Mac15,5", "iMac"),
];
/// Version and build of macOS.
const SYSTEMS: [(&str, &str); 5] = [
    ("13.7.1", "22H221"),
    ("14.6.1", "23G93"),
    ("14.7.1", "23H222"),
    ("15.0.1", "24A348"),
    ("15.1", "24B83"),
];
const FIRST_NAMES: [&str; 12] = [
    "Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Femi", "Greta", "Hiro", "Ines", "Jonas",
    "Kavya", "Liam",
];
const LAST_NAMES: [&str; 12] = [
    "Abiola",
    "Berg",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ito",
    "Jensen",
    "Kowalski",
    "Lindqvist",
];
/// Apple's serial alphabet has no vowels but A and E nor look-alikes; this one is close.
const SERIAL_ALPHABET: &[u8] = b"0123456789CDFGHJKLMNPQRTVWXY";

/// What a Mac says about itself and about its managed user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The hardware uuid, in upper case.
    pub udid: String,
    /// Ten characters, no vowels.
    pub serial: String,
    /// Such as `Mac15,12`.
    pub model: &'static str,
    /// Such as `MacBook Air`.
    pub model_name: &'static str,
    /// Such as `15.1`.
    pub os_version: &'static str,
    /// Such as `24B83`.
    pub build_version: &'static str,
    /// The name its owner gave it.
    pub device_name: String,
    /// The managed user's `GeneratedUID`.
    pub user_id: String,
    /// The managed user's account name.
    pub user_short_name: String,
    /// The managed user's full name.
    pub user_long_name: String,
}

impl Identity {
    /// The Mac with this number in the fleet of this seed.
    pub fn derive(seed: u64, index: u32) -> Self {
        let mut numbers = SplitMix64::new(seed, "serial", index);
        let serial: String = (0..10)
            .map(|_| {
                let at = numbers.below(SERIAL_ALPHABET.len() as u64);
                char::from(SERIAL_ALPHABET[usize::try_from(at).unwrap_or(0)])
            })
            .collect();
        let mut choices = SplitMix64::new(seed, "identity", index);
        let (model, model_name) = choices.pick(&MODELS.each_ref());
        let (os_version, build_version) = choices.pick(&SYSTEMS.each_ref());
        let (first, last) = (choices.pick(&FIRST_NAMES), choices.pick(&LAST_NAMES));
        Self {
            udid: SplitMix64::new(seed, "udid", index).uuid(),
            device_name: format!("{first}'s {model_name} ({})", &serial[6..]),
            serial,
            model,
            model_name,
            os_version,
            build_version,
            user_id: SplitMix64::new(seed, "user", index).uuid(),
            user_short_name: format!("{}.{}", first.to_lowercase(), last.to_lowercase()),
            user_long_name: format!("{first} {last}"),
        }
    }
}

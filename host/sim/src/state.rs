//! The state file: the devices' stores and enrollment progress from run to run, as JSON.
//!
//! Knows nothing of contacts. Invariant: a file is replaced whole or not at all, and what a device
//! is (names, numbers) is not in it, since that follows from the seed. Equal profiles of many
//! devices are written once and named by position. The file is its owner's alone, since it may hold
//! private keys.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::credential::Credential;
use crate::device::{Device, Membership};
use crate::enrollment_profile::EnrollmentProfile;
use crate::pki::PkiError;
use crate::pki::key::PrivateKey;
use crate::profile::InstalledProfile;
use crate::side::{Progress, Remembered, Side};

/// Goes up when the form changes; another number is refused rather than guessed at.
const FORMAT: u32 = 1;

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is there but cannot be read.
    #[error("cannot read the state file {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the state file {}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no state file.
    #[error("{} is no state file of a simulated fleet", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It was written in another form.
    #[error("the state file {} has format {found}; this program reads {FORMAT}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It names a profile that is not in it.
    #[error("the state file {} is damaged: it has no profile {position}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// The position asked for.
        position: usize,
    },
    /// A device's identity in it is none.
    #[error("the state file {} is damaged: an identity is of no use", path.display())]
    Identity {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: PkiError,
    },
}

#[derive(Serialize, Deserialize)]
struct StateFile {
    format: u32,
    seed: u64,
    profiles: Vec<InstalledProfile>,
    /// In the order of their index.
    devices: Vec<DeviceState>,
}

#[derive(Serialize, Deserialize)]
struct DeviceState {
    #[serde(default)]
    is_unenrolled: bool,
    device: SideState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<SideState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    membership: Option<MembershipState>,
}

/// What makes a device a member, its private key included.
#[derive(Serialize, Deserialize)]
struct MembershipState {
    profile: EnrollmentProfile,
    /// Base64 of DER.
    certificate: String,
    /// Base64 of PKCS#8.
    private_key: String,
    #[serde(default)]
    is_left: bool,
    #[serde(default)]
    is_escrowed: bool,
}

#[derive(Serialize, Deserialize)]
struct SideState {
    progress: Progress,
    profiles: Vec<usize>,
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    remembered: VecDeque<Remembered>,
}

/// A fleet as a state file holds it.
pub(crate) struct SavedFleet {
    pub(crate) seed: u64,
    /// In the order of their index.
    pub(crate) devices: Vec<SavedDevice>,
}

/// One device of it.
pub(crate) struct SavedDevice {
    is_unenrolled: bool,
    device: SavedSide,
    user: Option<SavedSide>,
    membership: Option<Membership>,
}

struct SavedSide {
    progress: Progress,
    profiles: BTreeMap<String, Arc<InstalledProfile>>,
    remembered: VecDeque<Remembered>,
}

impl SavedDevice {
    pub(crate) fn has_user(&self) -> bool {
        self.user.is_some()
    }

    /// Makes a fresh device go on where the saved one ended.
    pub(crate) fn restore(self, device: &mut Device) {
        device.is_unenrolled = self.is_unenrolled;
        device.membership = self.membership;
        self.device.restore(&mut device.sides.device);
        if let (Some(saved), Some(user)) = (self.user, &mut device.sides.user) {
            saved.restore(user);
        }
    }
}

impl SavedSide {
    fn restore(self, side: &mut Side) {
        side.progress = self.progress;
        side.profiles = self.profiles;
        side.remembered = self.remembered;
    }
}

/// Reads a state file; nothing if there is none yet.
///
/// # Errors
/// [`StateError`] if there is a file but it cannot be used.
pub(crate) fn load(path: &Path) -> Result<Option<SavedFleet>, StateError> {
    let path_buf = || path.to_owned();
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(StateError::Read {
                path: path_buf(),
                source,
            });
        }
    };
    let file: StateFile = serde_json::from_slice(&text).map_err(|source| StateError::Parse {
        path: path_buf(),
        source,
    })?;
    if file.format != FORMAT {
        return Err(StateError::Format {
            path: path_buf(),
            found: file.format,
        });
    }
    let table: Vec<Arc<InstalledProfile>> = file.profiles.into_iter().map(Arc::new).collect();
    let damaged = |position| StateError::Damaged {
        path: path_buf(),
        position,
    };
    let key = |source| StateError::Identity {
        path: path_buf(),
        source,
    };
    let side = |saved: SideState| saved_side(saved, &table).map_err(damaged);
    let device = |saved: DeviceState| {
        Ok(SavedDevice {
            is_unenrolled: saved.is_unenrolled,
            device: side(saved.device)?,
            user: saved.user.map(side).transpose()?,
            membership: saved.membership.map(member).transpose().map_err(key)?,
        })
    };
    let devices: Result<Vec<SavedDevice>, StateError> =
        file.devices.into_iter().map(device).collect();
    Ok(Some(SavedFleet {
        seed: file.seed,
        devices: devices?,
    }))
}

fn member(saved: MembershipState) -> Result<Membership, PkiError> {
    let decode = |text: &str, what| {
        let malformed = |_| PkiError::Malformed { what };
        STANDARD.decode(text).map_err(malformed)
    };
    let key = PrivateKey::from_pkcs8(&decode(&saved.private_key, "the private key")?)?;
    let certificate = decode(&saved.certificate, "the certificate")?;
    let mut member = Membership::new(saved.profile, Credential::new(&certificate, key)?);
    member.is_left = saved.is_left;
    member.is_escrowed = saved.is_escrowed;
    Ok(member)
}

fn membership_state(member: &Membership) -> MembershipState {
    MembershipState {
        profile: EnrollmentProfile::clone(&member.profile),
        certificate: STANDARD.encode(member.credential.certificate()),
        private_key: STANDARD.encode(member.credential.pkcs8()),
        is_left: member.is_left,
        is_escrowed: member.is_escrowed,
    }
}

fn saved_side(saved: SideState, table: &[Arc<InstalledProfile>]) -> Result<SavedSide, usize> {
    let mut profiles = BTreeMap::new();
    for position in saved.profiles {
        let profile = table.get(position).ok_or(position)?;
        profiles.insert(profile.identifier.clone(), Arc::clone(profile));
    }
    Ok(SavedSide {
        progress: saved.progress,
        profiles,
        remembered: saved.remembered,
    })
}

/// Writes the state file anew, beside the old one and then in its place.
///
/// # Errors
/// [`StateError::Write`]; the old file is untouched then.
pub(crate) fn save<'a>(
    path: &Path,
    seed: u64,
    devices: impl Iterator<Item = &'a Device>,
) -> Result<(), StateError> {
    let mut table = Table::default();
    let devices = devices
        .map(|device| DeviceState {
            is_unenrolled: device.is_unenrolled,
            device: table.side(&device.sides.device),
            user: device.sides.user.as_ref().map(|user| table.side(user)),
            membership: device.membership.as_ref().map(membership_state),
        })
        .collect();
    let file = StateFile {
        format: FORMAT,
        seed,
        profiles: table.profiles,
        devices,
    };
    replace(path, &file).map_err(|source| StateError::Write {
        path: path.to_owned(),
        source,
    })
}

fn replace(path: &Path, file: &StateFile) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut out = BufWriter::new(create_private(&beside)?);
    serde_json::to_writer(&mut out, file)?;
    out.write_all(b"\n")?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    fs::rename(&beside, path)
}

/// A new file that only its owner can read: it may hold private keys.
fn create_private(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Profiles met so far, each once.
#[derive(Default)]
struct Table {
    profiles: Vec<InstalledProfile>,
    positions: BTreeMap<Arc<InstalledProfile>, usize>,
}

impl Table {
    fn side(&mut self, side: &Side) -> SideState {
        SideState {
            progress: side.progress,
            profiles: side
                .profiles
                .values()
                .map(|profile| self.position(profile))
                .collect(),
            remembered: side.remembered.clone(),
        }
    }

    fn position(&mut self, profile: &Arc<InstalledProfile>) -> usize {
        if let Some(&position) = self.positions.get(profile) {
            return position;
        }
        let position = self.profiles.len();
        self.profiles.push(InstalledProfile::clone(profile));
        self.positions.insert(Arc::clone(profile), position);
        position
    }
}

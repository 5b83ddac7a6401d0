//! A schema in memory: payload types, their keys, and where each is supported.
//!
//! Knows no file format. Invariants: group 0 of a variant holds the payload's own keys; a key's
//! group is an index into the groups of its variant, so that a recursive type is finite here.

use std::collections::BTreeMap;

/// All payload types by name, each with one variant or several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// Where the facts are from, one line each.
    pub sources: Vec<String>,
    /// Variants by payload type, in order of file name.
    pub types: BTreeMap<String, Vec<Variant>>,
}

/// What described a payload type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Apple's own data.
    Apple,
    /// A manifest that users wrote about a preference domain.
    Manifest,
}

/// One description of a payload type. Apple has several files for a few types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// What tells it from the others of its type, such as `EnergySaver`; empty for the only one.
    pub name: String,
    /// Who described it.
    pub origin: Origin,
    /// Where the payload is supported.
    pub supports: Supports,
    /// Lists of keys; the first is the payload's own.
    pub groups: Vec<Group>,
}

impl Variant {
    /// Every key with its way from the payload, names with dots between, in the order of the source.
    /// A recursive group is walked once around.
    pub fn paths(&self) -> Vec<(String, &Key)> {
        let mut paths = Vec::new();
        self.walk(0, "", &mut Vec::new(), &mut paths);
        paths
    }

    fn walk<'a>(
        &'a self,
        group: usize,
        above: &str,
        open: &mut Vec<usize>,
        paths: &mut Vec<(String, &'a Key)>,
    ) {
        if open.contains(&group) {
            return;
        }
        open.push(group);
        for key in self.groups.get(group).into_iter().flatten() {
            let path = match above {
                "" => key.name.clone(),
                above => format!("{above}.{}", key.name),
            };
            paths.push((path.clone(), key));
            if let Some(inner) = key.group {
                self.walk(inner, &path, open, paths);
            }
        }
        open.pop();
    }
}

/// The keys of one dictionary, or the elements of one array.
pub type Group = Vec<Key>;

/// One key of a dictionary, or one sort of element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name; `ANY` stands for every name.
    pub name: String,
    /// What its value is.
    pub kind: Kind,
    /// Whether it has to be there.
    pub is_required: bool,
    /// The only values, if there is a list.
    pub choices: Vec<String>,
    /// Lower and upper bound of a number; an empty text is no bound.
    pub range: Option<(String, String)>,
    /// A regular expression for the whole text.
    pub format: Option<String>,
    /// Lowest and highest number of elements; an empty text is no bound.
    pub repetition: Option<(String, String)>,
    /// `url`, `hostname` or `email`.
    pub subtype: Option<String>,
    /// What holds when it is absent.
    pub default: Option<String>,
    /// The source's name of the sort of dictionary inside.
    pub item: Option<String>,
    /// What is inside, as an index into the variant's groups.
    pub group: Option<usize>,
    /// Where it is supported, if otherwise than what it stands in.
    pub supports: Supports,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `<string>`.
    String,
    /// `<integer>`.
    Integer,
    /// `<real>`.
    Real,
    /// `<boolean>`.
    Boolean,
    /// `<date>`.
    Date,
    /// `<data>`.
    Data,
    /// `<array>`.
    Array,
    /// `<dictionary>`.
    Dictionary,
    /// Not judged.
    Any,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::String,
        Self::Integer,
        Self::Real,
        Self::Boolean,
        Self::Date,
        Self::Data,
        Self::Array,
        Self::Dictionary,
        Self::Any,
    ];

    /// Its letter in a table.
    pub fn letter(self) -> char {
        match self {
            Self::String => 's',
            Self::Integer => 'i',
            Self::Real => 'r',
            Self::Boolean => 'b',
            Self::Date => 't',
            Self::Data => 'x',
            Self::Array => 'a',
            Self::Dictionary => 'd',
            Self::Any => '*',
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Data => "data",
            Self::Array => "array",
            Self::Dictionary => "dictionary",
            Self::Any => "any",
        }
    }

    /// The kind of this word, as in Apple's `<string>`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// An operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// iOS and iPadOS.
    Ios,
    /// macOS.
    Macos,
    /// tvOS.
    Tvos,
    /// visionOS.
    Visionos,
    /// watchOS.
    Watchos,
}

impl Platform {
    /// All of them, in Apple's order.
    pub const ALL: [Self; 5] = [
        Self::Ios,
        Self::Macos,
        Self::Tvos,
        Self::Visionos,
        Self::Watchos,
    ];

    /// Apple's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ios => "iOS",
            Self::Macos => "macOS",
            Self::Tvos => "tvOS",
            Self::Visionos => "visionOS",
            Self::Watchos => "watchOS",
        }
    }

    /// Its letter in a table.
    pub fn letter(self) -> char {
        match self {
            Self::Ios => 'i',
            Self::Macos => 'm',
            Self::Tvos => 't',
            Self::Visionos => 'v',
            Self::Watchos => 'w',
        }
    }
}

/// What is said per platform; a platform that is absent inherits.
pub type Supports = BTreeMap<Platform, Support>;

/// What is said about one platform; a facet that is absent inherits.
pub type Support = BTreeMap<Facet, String>;

/// One thing that is said about support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// First version, or `n/a`.
    Introduced,
    /// First version in which it is deprecated.
    Deprecated,
    /// First version without it.
    Removed,
    /// The access right that the enrollment needs.
    AccessRights,
    /// Whether several may be installed.
    Multiple,
    /// Whether the device channel takes it.
    DeviceChannel,
    /// Whether the user channel takes it.
    UserChannel,
    /// Whether the device must be supervised.
    Supervised,
    /// Whether the device must come from automated enrollment.
    RequiresDep,
    /// Whether the enrollment must be approved by the user.
    UserApprovedMdm,
    /// Whether a person may install it by hand.
    AllowManualInstall,
    /// In user enrollments: allowed, required, forbidden or ignored.
    UserEnrollment,
    /// On Shared iPad: allowed, required, forbidden or ignored.
    SharedIpad,
}

impl Facet {
    /// All of them, with their letter in a table and their key in Apple's files.
    pub const ALL: [(Self, char, &'static str); 13] = [
        (Self::Introduced, 'n', "introduced"),
        (Self::Deprecated, 'd', "deprecated"),
        (Self::Removed, 'x', "removed"),
        (Self::AccessRights, 'a', "accessrights"),
        (Self::Multiple, 'M', "multiple"),
        (Self::DeviceChannel, 'D', "devicechannel"),
        (Self::UserChannel, 'U', "userchannel"),
        (Self::Supervised, 'S', "supervised"),
        (Self::RequiresDep, 'E', "requiresdep"),
        (Self::UserApprovedMdm, 'A', "userapprovedmdm"),
        (Self::AllowManualInstall, 'I', "allowmanualinstall"),
        (Self::UserEnrollment, 'u', "userenrollment"),
        (Self::SharedIpad, 'h', "sharedipad"),
    ];
}

//! The keys of a payload against the table: A001, A006, A007 and A017, down to the last value.
//!
//! Knows no type by name. Several variants of a type are taken together: what any of them knows is
//! known, and what one demands counts where the payload is one of that sort. Invariants: the walk
//! follows the profile's tree, so that a recursive table ends with it; a key that no variant knows
//! is reported once.

use mooring_sdk::{Kind, Node, Severity};

use crate::errata;
use crate::near::nearest;
use crate::number::Number;
use crate::report::{Remark, Report, quoted};
use crate::support::{self, Subject};
use crate::table::{Facet, Fields, Key, Shape, Variant};
use crate::target::Platform;
use crate::values::{self, What};
use crate::version::Version;

/// How many keys a message names.
const NAMED_MAX: usize = 5;

/// Keys that every payload may have; they have rules of their own.
const COMMON: [&str; 8] = [
    "PayloadDescription",
    "PayloadDisplayName",
    "PayloadEnabled",
    "PayloadIdentifier",
    "PayloadOrganization",
    "PayloadType",
    "PayloadUUID",
    "PayloadVersion",
];

/// How one dictionary of settings is judged.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// The payload's type, or the preference domain.
    pub(crate) type_name: &'a str,
    /// Words for the place, such as `payload 2 ("com.apple.dock")`.
    pub(crate) label: &'a str,
    /// A domain of preferences may hold anything: nothing is demanded, and an unknown key is
    /// reported only if it looks like a slip.
    pub(crate) is_open: bool,
    /// The type is a preference domain of macOS at heart: it takes what it does not know.
    pub(crate) is_domain: bool,
}

/// The walk over one dictionary of settings.
struct Walk<'a, 'b> {
    settings: Settings<'b>,
    variant: &'b Variant<'a>,
    report: &'b mut Report,
    /// Keys that are set to what holds without them.
    defaults: Vec<String>,
}

/// Judges a payload's own keys, or those of a domain.
pub(crate) fn judge<'a>(
    node: Node<'a>,
    variants: &[Variant<'a>],
    settings: Settings<'_>,
    report: &mut Report,
) {
    let Some(best) = best(node, variants) else {
        return;
    };
    report.is_advice = best.is_manifest;
    report.is_domain = settings.is_domain;
    let mut walk = Walk {
        settings,
        variant: best,
        report,
        defaults: Vec::new(),
    };
    walk.required(node, best.keys(), "");
    for (name, value) in node.entries() {
        if COMMON.contains(&name) {
            continue;
        }
        let found = variants
            .iter()
            .find_map(|variant| Some((variant, find(variant.keys(), name, value)?)));
        // The best variant comes first, so that its own description of a shared key counts.
        let own = find(best.keys(), name, value).map(|key| (best, key));
        match own.or(found) {
            Some((variant, key)) => {
                walk.variant = variant;
                walk.entry(key, value, name);
            }
            None => walk.unknown(node, name, value, &all_names(variants)),
        }
    }
    walk.a017(node);
    report.is_advice = false;
    report.is_domain = false;
}

/// The variant that says most about a payload: it knows the most of its keys, and none of its fixed
/// values is another.
pub(crate) fn best<'v, 'a>(node: Node<'_>, variants: &'v [Variant<'a>]) -> Option<&'v Variant<'a>> {
    let score = |variant: &Variant<'_>| {
        let mut score = 0_i32;
        for (name, value) in node.entries() {
            let Some(key) = find(variant.keys(), name, value) else {
                continue;
            };
            let choices = key.choices();
            let fits = value
                .as_str()
                .is_some_and(|text| choices.iter().any(|choice| choice == text));
            score += match (choices.is_empty(), fits) {
                (true, _) => 1,
                (false, true) => 10,
                (false, false) => -10,
            };
        }
        score
    };
    let mut best: Option<(i32, &Variant<'_>)> = None;
    for variant in variants {
        let score = score(variant);
        if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, variant));
        }
    }
    best.map(|(_, variant)| variant)
}

/// The key of this name; of several the one whose type the value has. A wildcard comes last.
fn find<'k, 'a>(keys: &'k [Key<'a>], name: &str, value: Node<'_>) -> Option<&'k Key<'a>> {
    let mut named = keys.iter().filter(|key| key.name == name);
    let first = named.clone().next();
    named
        .find(|key| values::takes(key, value))
        .or(first)
        .or_else(|| keys.iter().find(|key| key.is_any()))
}

fn all_names<'v>(variants: &'v [Variant<'_>]) -> Vec<&'v str> {
    let keys = variants.iter().flat_map(Variant::keys);
    keys.map(|key| key.name.as_ref()).collect()
}

impl Walk<'_, '_> {
    fn label(&self, path: &str) -> String {
        format!("{path} of {}", self.settings.label)
    }

    fn what<'l>(&self, label: &'l str) -> What<'l>
    where
        Self: 'l,
    {
        let type_name = self.settings.type_name;
        What { label, type_name }
    }

    /// One key with its value; `path` is the way to it from the payload.
    fn entry(&mut self, key: &Key<'_>, value: Node<'_>, path: &str) {
        let label = self.label(path);
        let subject = Subject {
            at: value,
            payload: self.variant.support,
            own: key.fields,
            is_key: true,
            type_name: self.settings.type_name,
        };
        support::judge(subject, &label, self.report);
        self.value(key, value, path);
        let default = key.text(':').filter(|_| !key.is_required);
        if default.is_some_and(|default| is_default(&default, value)) {
            self.defaults.push(path.to_owned());
        }
    }

    fn value(&mut self, key: &Key<'_>, value: Node<'_>, path: &str) {
        let label = self.label(path);
        if !values::judge(key, value, self.what(&label), self.report) {
            return;
        }
        let variant = self.variant;
        let inside = variant.inside(key);
        match value.kind() {
            Kind::Dictionary => {
                if let Some(keys) = inside {
                    self.dictionary(keys, value, path);
                }
            }
            Kind::Array => {
                self.a007(key, inside, value, &label);
                for (at, item) in value.items().enumerate() {
                    let path = format!("{path}[{at}]");
                    self.item(key, inside, item, &path);
                }
            }
            Kind::String | Kind::Integer | Kind::Real | Kind::Boolean | Kind::Date | Kind::Data => {
            }
        }
    }

    fn dictionary(&mut self, keys: &[Key<'_>], node: Node<'_>, path: &str) {
        self.required(node, keys, path);
        for (name, value) in node.entries() {
            let path = format!("{path}.{name}");
            if let Some(key) = find(keys, name, value) {
                self.entry(key, value, &path);
            } else {
                let names: Vec<_> = keys.iter().map(|key| key.name.as_ref()).collect();
                self.unknown(node, name, value, &names);
            }
        }
    }

    /// One element of an array: it is one of the sorts that the table lists.
    fn item(&mut self, array: &Key<'_>, sorts: Option<&[Key<'_>]>, item: Node<'_>, path: &str) {
        let Some(sorts) = sorts.filter(|sorts| !sorts.is_empty()) else {
            // A list of values at the array itself is about its elements.
            if !array.choices().is_empty() && !matches!(item.kind(), Kind::Dictionary | Kind::Array)
            {
                let label = self.label(path);
                values::judge_item(array, item, self.what(&label), self.report);
            }
            return;
        };
        let fitting = sorts.iter().find(|sort| values::takes(sort, item));
        self.value(fitting.unwrap_or(&sorts[0]), item, path);
    }

    /// A001: what has to be there is there.
    fn required(&mut self, node: Node<'_>, keys: &[Key<'_>], path: &str) {
        if self.settings.is_open && path.is_empty() {
            return;
        }
        for key in keys.iter().filter(|key| key.is_required && !key.is_any()) {
            let name = key.name.as_ref();
            if node.get(name).is_some()
                || (path.is_empty() && COMMON.contains(&name))
                || !self.demanded(key.fields)
                || errata::is_replaced(self.settings.type_name, name, |key| node.get(key).is_some())
                || (self.report.is_lenient() && errata::is_optional(self.settings.type_name, name))
            {
                continue;
            }
            let full = match path {
                "" => name.to_owned(),
                path => format!("{path}.{name}"),
            };
            let message = format!("{} is missing", self.label(&full));
            let hint = format!("add {name}, {}", described(key));
            let mut remark = Remark::new("A001", self.report.for_value(), node, message, hint);
            remark.absent = Some(name.to_owned());
            if let [only] = key.choices().as_slice()
                && key.shape == Shape::Of(Kind::String)
            {
                remark.fix = Some(format!("insert {name} <string>{only}</string>"));
                remark.absent = None;
            }
            self.report.add(remark);
        }
    }

    /// Whether the target knows a key at all, so that it can miss it.
    fn demanded(&self, own: Fields<'_>) -> bool {
        let target = self.report.target;
        let Some(platform) = target.platform else {
            return Platform::ALL
                .into_iter()
                .filter(|one| !self.variant.support.is_absent(*one))
                .all(|one| !own.is_absent(one));
        };
        let since = own
            .facet(platform, Facet::Introduced)
            .and_then(Version::parse);
        let until = own.facet(platform, Facet::Removed).and_then(Version::parse);
        let Some(now) = target.version else {
            return !own.is_absent(platform) && until.is_none();
        };
        !own.is_absent(platform)
            && since.is_none_or(|since| since <= now)
            && until.is_none_or(|until| now < until)
    }

    /// A006: a key that nobody knows.
    fn unknown(&mut self, node: Node<'_>, name: &str, value: Node<'_>, known: &[&str]) {
        let named = known.iter().copied().filter(|one| *one != "ANY");
        let near = if self.report.may_search() {
            // A name that is there already was not meant.
            nearest(name, named).filter(|near| node.get(near).is_none())
        } else {
            None
        };
        let type_name = self.settings.type_name;
        if (self.settings.is_open && near.is_none()) || errata::knows_key(type_name, name) {
            return;
        }
        let label = self.settings.label;
        let message = format!("{label} has no key {} that is known", quoted(name));
        let (severity, hint) = match near {
            Some(near) => (Severity::Warning, format!("did you mean {near}?")),
            None if self.settings.is_domain => {
                let hint = "an app may read it all the same; Apple does not document it";
                (Severity::Info, hint.to_owned())
            }
            None => {
                let hint = "it is misspelt, or newer than the table: `mooring schema update` brings \
                            newer keys; a device that does not know it passes over it";
                (Severity::Warning, hint.to_owned())
            }
        };
        let fix = near.filter(|near| near.eq_ignore_ascii_case(name));
        let fix = fix.map(|near| format!("rename {near}"));
        self.report
            .add(Remark::new("A006", severity, value, message, hint).with_fix(fix));
    }

    /// A007: as many elements as there may be, which Apple's data says at the sort of element.
    fn a007(&mut self, key: &Key<'_>, inside: Option<&[Key<'_>]>, value: Node<'_>, label: &str) {
        let (low, high) = match inside {
            Some([only]) if only.text('#').is_some() => only.bounds('#'),
            Some(_) | None => key.bounds('#'),
        };
        let count = i128::try_from(value.items().count()).ok();
        let Some(count) = count.and_then(Number::from_integer) else {
            return;
        };
        if low.is_some_and(|low| count < low) || high.is_some_and(|high| count > high) {
            let message = format!("{label} has {count} elements");
            let hint = format!("it can have {}", values::span(low, high));
            let severity = self.report.for_value();
            self.report
                .add(Remark::new("A007", severity, value, message, hint));
        }
    }

    /// A017: what holds anyway, all of a payload in one remark.
    fn a017(&mut self, node: Node<'_>) {
        if self.defaults.is_empty() {
            return;
        }
        let mut named = self.defaults.clone();
        named.truncate(NAMED_MAX);
        let more = self.defaults.len() - named.len();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let label = self.settings.label;
        let message = format!(
            "{label} sets what holds without it: {}{more}",
            named.join(", ")
        );
        let hint = "fine where it is meant to stay so; else leave it out";
        self.report
            .add(Remark::new("A017", Severity::Info, node, message, hint));
    }
}

/// What to write for a key, in words.
fn described(key: &Key<'_>) -> String {
    let choices = key.choices();
    let kind = match key.shape {
        Shape::Any => "any value",
        Shape::Of(kind) => kind.name(),
    };
    match choices.as_slice() {
        [] => kind.to_owned(),
        choices => {
            let named: Vec<_> = choices.iter().take(NAMED_MAX).map(AsRef::as_ref).collect();
            format!("{kind}, one of: {}", named.join(", "))
        }
    }
}

fn is_default(default: &str, value: Node<'_>) -> bool {
    match value.kind() {
        Kind::Boolean => value
            .as_bool()
            .is_some_and(|value| value.to_string() == default),
        Kind::String => value.as_str() == Some(default) && !default.is_empty(),
        Kind::Integer => value
            .as_integer()
            .is_some_and(|value| value.to_string() == default),
        Kind::Real => {
            let value = value.as_real().and_then(Number::from_real);
            value.is_some() && value == Number::parse(default)
        }
        Kind::Date | Kind::Data | Kind::Array | Kind::Dictionary => false,
    }
}

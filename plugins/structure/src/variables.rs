//! Per-host variables in a profile: T024 and T025.
//!
//! The server fills in no variables yet, so its catalogue is empty and every variable is unknown;
//! what matters is to tell a variable from ordinary text. Three forms count:
//!
//! - `{{host.serial}}`, `{{enrollment.id}}`: the form reserved for this server. Always an error.
//! - `$FLEET_VAR_...`, `$FLEET_SECRET_...`, with or without braces: cannot mean anything else than
//!   another server's variable. Always an error.
//! - a closed list of names that other servers replace, as `$SERIALNUMBER` or `{{serialnumber}}`.
//!   Delivered as they are they do no good, but devices take them, and an app may read `$USERNAME`
//!   by itself: a warning, and an error in `apple-strict`.
//!
//! `%ComputerName%` and its kin are replaced by macOS itself and other `%...%` by apps, so no
//! percent form counts, and neither does an unknown `{{...}}` or `$NAME`: templates of apps look
//! the same. Invariant: no other text is a variable.

use std::collections::BTreeSet;

use mooring_sdk::Node;

use crate::profile_tree::ProfileTree;
use crate::report::Report;

/// First parts of the variables reserved for this server.
const OWN_NAMES: &[&str] = &["host", "enrollment"];

/// How the names of variables that only Fleet replaces begin.
const FLEET_PREFIXES: &[&str] = &["FLEET_VAR_", "FLEET_SECRET_"];

/// Names that other servers replace after a dollar sign.
const DOLLAR_NAMES: &[&str] = &[
    "ASSET_TAG",
    "COMPUTERNAME",
    "DEVICENAME",
    "DEVICE_ID",
    "DEVICE_NAME",
    "EMAIL",
    "FULLNAME",
    "FULL_NAME",
    "JSSID",
    "MACADDRESS",
    "PROFILEJSSID",
    "PROFILE_UUID",
    "REALNAME",
    "SERIALNUMBER",
    "SERIAL_NUMBER",
    "SITENAME",
    "UDID",
    "USERNAME",
];

/// Names that other servers replace between double braces.
const BRACE_NAMES: &[&str] = &[
    "aaddeviceid",
    "deviceid",
    "devicename",
    "device_name",
    "email",
    "mail",
    "partialupn",
    "serialnumber",
    "serial_number",
    "udid",
    "username",
    "userprincipalname",
];

/// The longest variable between braces, in bytes: a bound on how far one pair of braces looks.
const TOKEN_MAX: usize = 100;

/// Whose variable it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Own,
    Fleet,
    Elsewhere,
}

/// T024: no variable that the server does not know.
pub(crate) fn t024_unknown(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for node in profile.values() {
        for (token, origin) in node.as_str().map(variables).unwrap_or_default() {
            let message = format!("the variable {token} would reach devices as it stands");
            let hint = "write the value itself: this server fills in no variables";
            match origin {
                Origin::Own | Origin::Fleet => report.error("T024", node, message, hint),
                Origin::Elsewhere => report.error_if_strict("T024", node, message, hint),
            }
        }
    }
}

/// T025: no variable in an identifier or a uuid, which decide what is replaced by what, and none
/// inside data. An integer cannot hold one, since the host's reader takes digits only.
pub(crate) fn t025_misplaced(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for node in profile.values() {
        let names = matches!(node.key(), Some("PayloadIdentifier" | "PayloadUUID"));
        let (text, place) = match (node.as_str(), data_text(node)) {
            (Some(text), _) if names => (text, "an identifier"),
            (_, Some(text)) => (text, "data"),
            _ => continue,
        };
        if let Some((token, _)) = variables(text).first() {
            let message = format!("the variable {token} stands in {place}");
            let hint = "variables belong in strings other than identifiers";
            report.warning("T025", node, message, hint);
        }
    }
}

fn data_text(node: Node<'_>) -> Option<&str> {
    std::str::from_utf8(node.as_data()?).ok()
}

/// The variables in a text, each once.
fn variables(text: &str) -> BTreeSet<(&str, Origin)> {
    let mut found = BTreeSet::new();
    for (start, _) in text.match_indices("{{") {
        found.extend(in_braces(&text[start..]));
    }
    for (start, _) in text.match_indices('$') {
        found.extend(after_dollar(&text[start..]));
    }
    found
}

/// The variable that `text`, beginning with two braces, begins with.
fn in_braces(text: &str) -> Option<(&str, Origin)> {
    let end = text[..text.floor_char_boundary(TOKEN_MAX)].find("}}")?;
    let name = text[2..end].trim();
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    let is_name = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
    };
    let token = &text[..end + 2];
    if OWN_NAMES.contains(&first) && !rest.is_empty() && is_name(rest) {
        Some((token, Origin::Own))
    } else {
        let lower = name.to_ascii_lowercase();
        let known = BRACE_NAMES.contains(&lower.as_str());
        known.then_some((token, Origin::Elsewhere))
    }
}

/// The variable that `text`, beginning with a dollar sign, begins with.
fn after_dollar(text: &str) -> Option<(&str, Origin)> {
    let open = if text[1..].starts_with('{') { 2 } else { 1 };
    let rest = &text[open..];
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let length = rest.bytes().take_while(|byte| is_name(*byte)).count();
    let name = &rest[..length];
    let is_closed = open == 1 || rest[length..].starts_with('}');
    let is_fleet = FLEET_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_fleet && is_closed {
        let end = open + length + (open - 1);
        Some((&text[..end], Origin::Fleet))
    } else {
        let known = open == 1 && DOLLAR_NAMES.contains(&name);
        known.then_some((&text[..open + length], Origin::Elsewhere))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(&str, Origin)> {
        variables(text).into_iter().collect()
    }

    /// Each form of variable is found, whole.
    #[test]
    fn found() {
        assert_eq!(
            tokens("a{{ host.serial }}b"),
            [("{{ host.serial }}", Origin::Own)]
        );
        assert_eq!(
            tokens("$FLEET_VAR_HOST_UUID/x"),
            [("$FLEET_VAR_HOST_UUID", Origin::Fleet)]
        );
        assert_eq!(
            tokens("${FLEET_SECRET_A}"),
            [("${FLEET_SECRET_A}", Origin::Fleet)]
        );
        assert_eq!(
            tokens("$USERNAME $USERNAME"),
            [("$USERNAME", Origin::Elsewhere)]
        );
        assert_eq!(
            tokens("{{SerialNumber}}"),
            [("{{SerialNumber}}", Origin::Elsewhere)]
        );
    }

    /// Text of apps, shells and macOS is no variable.
    #[test]
    fn passed() {
        for text in [
            "%ComputerName%",
            "https://server/%file_sha%",
            "{{ count }} items",
            "{{host}}",
            "$type",
            "$USERNAMES",
            "${USERNAME}",
            "$",
            "{{",
            "costs $5",
            "$é",
        ] {
            assert_eq!(tokens(text), [], "{text}");
        }
    }
}

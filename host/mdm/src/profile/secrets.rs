//! Which values of a profile are secrets.
//!
//! Decided by payload type and key alone, after Apple's published format of the payloads; a value
//! is never judged by how it looks. Knows nothing of what is done about secrets. Invariant: only
//! strings and data that are not empty can be secrets, so a switch such as `allowPasswordSharing`
//! or a number such as `minLength` never is.
//!
//! See <https://developer.apple.com/documentation/devicemanagement/profile-specific-payload-keys>.

use crate::plist::{Document, NodeId, NodeRef, Value};

/// How the keys end whose values are secrets in every payload, in lower case: Apple's own are
/// `Password` (Wi-Fi, Exchange, directories), `IncomingPassword`, `UserPassword`, `ProxyPassword`
/// and their like, `password` (APN), `SharedSecret` (VPN), `sharedSecret` (Xsan) and `Challenge`
/// (SCEP). Payloads of other vendors follow the same habit, and add the other two.
const ENDINGS: [&str; 5] = [
    "password",
    "passphrase",
    "sharedsecret",
    "clientsecret",
    "challenge",
];

/// Keys that hold a secret in one payload type only, with that type.
const KEYS: [(&str, &str); 3] = [
    // The identity itself; its key is protected by a password that stands beside it.
    ("com.apple.security.pkcs12", "PayloadContent"),
    ("com.apple.extensiblesso", "RegistrationToken"),
    // The vendor's own key of WireGuard: a whole configuration with its private key.
    ("com.apple.vpn.managed", "WgQuickConfig"),
];

/// Whether any value of a profile is a secret.
pub fn has_secrets(document: &Document) -> bool {
    secrets(document).next().is_some()
}

/// The nodes of a profile whose values are secrets, in the order of the text.
pub fn secret_places(document: &Document) -> Vec<NodeId> {
    secrets(document).map(NodeRef::id).collect()
}

fn secrets(document: &Document) -> impl Iterator<Item = NodeRef<'_>> {
    let mut payload: (NodeId, &str) = (0, "");
    (0..).zip(document.nodes()).filter_map(move |(id, _)| {
        let node = document.node(id)?;
        if id >= payload.0 {
            payload = payload_at(node).unwrap_or((0, ""));
        }
        is_secret(payload.1, node).then_some(node)
    })
}

/// The type of the payload that this node is, and the end of its subtree.
fn payload_at(node: NodeRef<'_>) -> Option<(NodeId, &str)> {
    let content = node.parent()?;
    let is_content = content.node().key.as_ref()?.text == "PayloadContent";
    let is_payload = is_content && content.is_array() && content.parent()?.id() == 0;
    let payload_type = node.get("PayloadType")?.as_str()?;
    is_payload.then_some((node.node().end, payload_type))
}

fn is_secret(payload_type: &str, node: NodeRef<'_>) -> bool {
    let is_filled = match &node.node().value {
        Value::String(text) => !text.is_empty(),
        Value::Data(bytes) => !bytes.is_empty(),
        Value::Dictionary
        | Value::Array
        | Value::Integer(_)
        | Value::Real(_)
        | Value::Boolean(_)
        | Value::Date(_) => false,
    };
    let Some(key) = node.node().key.as_ref().filter(|_| is_filled) else {
        return false;
    };
    let key = key.text.as_str();
    ENDINGS.iter().any(|ending| ends_with(key, ending)) || KEYS.contains(&(payload_type, key))
}

/// Whether `key` ends with `ending`, whatever the case of its letters.
fn ends_with(key: &str, ending: &str) -> bool {
    let start = key.len().checked_sub(ending.len());
    let end = start.and_then(|start| key.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

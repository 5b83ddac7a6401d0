//! The validator `{{name}}`: networks that devices join are encrypted.
//!
//! A network with `EncryptionType` `None` is an error; where the key is missing, devices
//! find out by themselves, so that is none.

use mooring_sdk::{Context, Failure, Finding, Kind, Node, Profile, Validator};

/// The rule, as `manifest.json` lists it.
const RULE: &str = "{{rule}}";

struct Plugin;

mooring_sdk::export_validator!(Plugin, include_str!("../manifest.json"));

impl Validator for Plugin {
    fn validate(profile: &Profile, _: &Context) -> Result<Vec<Finding>, Failure> {
        let root = profile.document().root();
        let payloads = root
            .find(Kind::Array, "PayloadContent")
            .into_iter()
            .flat_map(Node::items);
        let networks = payloads
            .filter(|payload| text(*payload, "PayloadType") == Some("com.apple.wifi.managed"));
        Ok(networks.filter_map(is_open).collect())
    }
}

fn is_open(network: Node<'_>) -> Option<Finding> {
    let encryption = network.get("EncryptionType")?;
    (encryption.as_str() == Some("None")).then(|| {
        let name = text(network, "SSID_STR").unwrap_or("without a name");
        Finding::error(RULE, encryption, format!("the network {name} is open"))
            .with_hint("use WPA2 or WPA3, or leave EncryptionType out")
    })
}

fn text<'a>(node: Node<'a>, key: &str) -> Option<&'a str> {
    node.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mooring_sdk::testing::profile_from_json;

    /// An open network is reported by its name.
    #[test]
    fn open_network() {
        let profile = profile_from_json(
            r#"{"PayloadContent": [{"PayloadType": "com.apple.wifi.managed",
                "SSID_STR": "guests", "EncryptionType": "None"}]}"#,
        );
        let findings = Plugin::validate(&profile, &Context::default()).unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].rule, RULE);
        assert!(findings[0].message.contains("guests"));
    }
}

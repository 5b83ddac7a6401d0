//! The set validator `{{name}}`: a network is in one profile of a host.
//!
//! A device keeps one configuration of a Wi-Fi network; which of two that is, nothing
//! says. A set validator sees every profile that one host would get, and never the host itself.

use std::collections::BTreeMap;

use mooring_sdk::{
    Context, Document, Failure, Kind, Node, ProfileSet, SetFinding, SetSubject, SetValidator,
    Severity, Spot,
};

/// The rule, as `manifest.json` lists it.
const RULE: &str = "{{rule}}";

struct Plugin;

mooring_sdk::export_set_validator!(Plugin, include_str!("../manifest.json"));

impl SetValidator for Plugin {
    fn validate_set(profiles: &ProfileSet, _: &Context) -> Result<Vec<SetFinding>, Failure> {
        let mut known: BTreeMap<&str, Spot> = BTreeMap::new();
        let mut findings = Vec::new();
        for (index, member) in (0..).zip(&profiles.members) {
            let subject = SetSubject::Member(index);
            for (name, node) in networks(&member.now.document) {
                let spot = Spot::at(subject, node);
                let first = known.entry(name).or_insert_with(|| spot.clone());
                if first.subject != subject {
                    findings.push(again(name, spot, first.clone()));
                }
            }
        }
        Ok(findings)
    }
}

fn again(name: &str, here: Spot, first: Spot) -> SetFinding {
    let message = format!("the network {name} is in two profiles of one host");
    SetFinding::new(Severity::Error, RULE, here, message)
        .with_other(first)
        .with_hint("keep it in one of them, or assign the two to different hosts")
}

/// The networks of a profile, each with the node that names it.
fn networks(document: &Document) -> impl Iterator<Item = (&str, Node<'_>)> {
    let payloads = document.root().find(Kind::Array, "PayloadContent");
    let payloads = payloads.into_iter().flat_map(Node::items);
    payloads.filter_map(|payload| {
        let payload_type = payload.get("PayloadType")?.as_str()?;
        let name = payload.get("SSID_STR")?;
        (payload_type == "com.apple.wifi.managed").then_some((name.as_str()?, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mooring_sdk::testing::set_from_json;

    /// The network that two profiles have is reported in the second, with the place in the first.
    #[test]
    fn one_network_twice() {
        let office = r#"{"PayloadContent": [{"PayloadType": "com.apple.wifi.managed",
            "SSID_STR": "office"}]}"#;
        let guests = office.replace("office", "guests");
        let profiles = set_from_json([office, &guests, office]);
        let findings = Plugin::validate_set(&profiles, &Context::default()).unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].about.subject, SetSubject::Member(2));
        let first = findings[0].other.as_ref().unwrap();
        assert_eq!(first.subject, SetSubject::Member(0));
    }
}

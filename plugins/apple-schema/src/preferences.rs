//! Preferences of any domain inside `com.apple.ManagedClient.preferences`.
//!
//! The payload sorts settings by domain and by how firmly they hold; the table knows the frame, and
//! this looks into the domains that it knows too. Knows no rule of its own. Invariant: nothing is
//! demanded of a domain, since preferences may come in parts from several profiles.

use mooring_sdk::{Kind, Node};

use crate::keys::{self, Settings};
use crate::profile_tree::Payload;
use crate::report::{Report, quoted};
use crate::table::Table;

/// The type whose payloads hold domains.
pub(crate) const TYPE: &str = "com.apple.ManagedClient.preferences";

/// How firmly settings hold, as the payload's keys say it.
const FREQUENCIES: [&str; 3] = ["Forced", "Set-Once", "Often"];

/// Judges the settings of every domain that the table knows.
pub(crate) fn judge(table: Table<'_>, payload: Payload<'_>, report: &mut Report) {
    if payload.type_name != TYPE {
        return;
    }
    let domains = payload.node.find(Kind::Dictionary, "PayloadContent");
    for (domain, node) in domains.into_iter().flat_map(Node::entries) {
        let Some(known) = table.payload_type(domain) else {
            continue;
        };
        let label = format!(
            "the domain {} in payload {}",
            quoted(domain),
            payload.number
        );
        let settings = Settings {
            type_name: domain,
            label: &label,
            is_open: true,
            is_domain: true,
        };
        for frequency in FREQUENCIES {
            let parts = node.find(Kind::Array, frequency);
            for part in parts.into_iter().flat_map(Node::items) {
                if let Some(inner) = part.find(Kind::Dictionary, "mcx_preference_settings") {
                    keys::judge(inner, &known.variants, settings, report);
                }
            }
        }
    }
}

//! Installed plugins and bindings on the screen.
//!
//! Knows nothing of requests. Invariant: a plugin without a verified signature is never shown without
//! the word UNSIGNED.

use mooring_server::api::{
    BindingDetail, OnFailure, PluginDetail, PluginListing, PluginRole, PluginSummary, Signer,
};

use crate::text::{NOT_KNOWN, Table, clean, or_dash, pairs};
use crate::words::word;

/// What stands where a signer would.
const UNSIGNED: &str = "UNSIGNED";

/// What is said of a signer whose key was taken off the list.
const NOT_TRUSTED: &str = "no longer trusted";

/// A list of plugins.
pub(super) fn list(listing: &PluginListing) -> String {
    let mut table = Table::new([
        "PLUGIN",
        "VERSION",
        "ROLES",
        "STATE",
        "SIGNED BY",
        "BINDINGS",
    ]);
    for plugin in &listing.plugins {
        table.row([
            clean(&plugin.id),
            clean(&plugin.version),
            plugin.roles.iter().map(word).collect::<Vec<_>>().join(","),
            word(&plugin.state),
            vouched(plugin),
            names(&plugin.bindings),
        ]);
    }
    table.render("")
}

/// Who signed it, and whether that still counts.
fn vouched(plugin: &PluginSummary) -> String {
    let signer = signer(plugin.signed_by.as_ref());
    if plugin.is_signer_untrusted {
        return format!("{signer} ({NOT_TRUSTED})");
    }
    signer
}

/// Who signed something.
pub(super) fn signer(signed_by: Option<&Signer>) -> String {
    match signed_by {
        None => UNSIGNED.to_owned(),
        Some(signer) if signer.name.is_empty() => clean(&signer.key),
        Some(signer) => clean(&signer.name),
    }
}

fn names(names: &[String]) -> String {
    if names.is_empty() {
        return NOT_KNOWN.to_owned();
    }
    names
        .iter()
        .map(|name| clean(name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// One plugin with its bindings.
pub(super) fn render(detail: &PluginDetail) -> String {
    let plugin = &detail.summary;
    let mut lines = vec![
        ("name", or_dash(detail.name.as_deref().map(clean))),
        ("digest", format!("sha256:{}", clean(&plugin.digest))),
        ("class", word(&plugin.class)),
        (
            "roles",
            plugin.roles.iter().map(word).collect::<Vec<_>>().join(", "),
        ),
        ("state", word(&plugin.state)),
        ("signed by", vouched(plugin)),
        ("installed at", clean(&plugin.installed_at)),
    ];
    lines.extend(
        plugin
            .problem
            .iter()
            .map(|problem| ("problem", clean(problem))),
    );
    lines.extend(
        detail
            .license
            .iter()
            .map(|license| ("license", clean(license))),
    );
    let mut text = format!(
        "{} {}\n{}",
        clean(&plugin.id),
        clean(&plugin.version),
        pairs(&lines)
    );
    if !detail.rules.is_empty() {
        let mut table = Table::new(["RULE", "SEVERITY", "DEMANDS"]);
        for rule in &detail.rules {
            table.row([clean(&rule.id), clean(&rule.severity), clean(&rule.text)]);
        }
        text += "\n";
        text += &table.render("  ");
    }
    for bound in &detail.bound {
        text += "\n";
        text += &binding(bound);
    }
    text
}

/// One binding.
pub(super) fn binding(detail: &BindingDetail) -> String {
    let wish = &detail.binding;
    let mut covers: Vec<String> = wish.profiles.iter().map(|it| clean(it)).collect();
    covers.extend(
        wish.labels
            .iter()
            .map(|label| format!("label {}", label.as_str())),
    );
    let mut lines = vec![
        ("plugin", clean(&wish.plugin)),
        ("role", wish.role.as_ref().map(word).unwrap_or_default()),
        ("state", word(&detail.state)),
    ];
    if wish.prefixes.is_empty() {
        let all = if covers.is_empty() {
            "every profile".to_owned()
        } else {
            covers.join(", ")
        };
        lines.push(("judges", all));
        lines.push((
            "on failure",
            match (wish.role, wish.on_failure) {
                (Some(PluginRole::SetValidator), _) => "reported; it refuses nothing",
                (_, OnFailure::Block) => "block",
                (_, OnFailure::Warn) => "warn",
                (_, OnFailure::LastKnown) => "last known result",
            }
            .to_owned(),
        ));
    } else {
        let prefixes: Vec<String> = wish.prefixes.iter().map(|it| clean(it)).collect();
        lines.push(("may make", prefixes.join(", ")));
        let values: Vec<_> = wish.values.iter().map(ToString::to_string).collect();
        lines.push((
            "may use",
            if values.is_empty() {
                "no values of hosts".to_owned()
            } else {
                values.join(", ")
            },
        ));
        let makes: Vec<String> = detail.makes.values().map(ToString::to_string).collect();
        lines.push(("makes", makes.join(", ")));
    }
    let settings = wish.settings.as_ref();
    lines.extend(settings.map(|it| ("settings", clean(&it.to_string()))));
    let limits = wish.limits;
    lines.extend(limits.timeout_ms.map(|ms| ("timeout", format!("{ms} ms"))));
    lines.extend(
        limits
            .memory_bytes
            .map(|it| ("memory", format!("{it} bytes"))),
    );
    format!("binding {}\n{}", clean(&detail.name), pairs(&lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that an unsigned plugin is shown as one, and that control characters are not.
    #[test]
    fn unsigned_is_said() {
        let listing: PluginListing = serde_json::from_str(
            r#"{"plugins":[{"id":"com.example.x","version":"1\u001b","digest":"00",
                "class":"compiled","roles":["validator"],"state":"enabled",
                "installed_at":"2026-01-01T00:00:00.000Z","bindings":["a","b"]}]}"#,
        )
        .unwrap();
        let text = list(&listing);
        assert!(text.contains("UNSIGNED") && text.contains("a, b"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}

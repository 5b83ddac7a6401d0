//! Why a plugin is not installed or bound.
//!
//! Knows nothing of HTTP. Invariant: each text says what to do, or names the cause beside it.

use mooring_author::signing::VerifyError;
use mooring_mdm::finding::Finding;
use mooring_plugin::LoadError;
use mooring_store::StoreError;

use super::trust::PluginTrustError;
use crate::api::Signer;
use crate::change::ChangeError;

/// Why a change of plugins or bindings did not happen.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// No plugin has this id.
    #[error("no plugin {0} is installed; `plugin list` shows those that are")]
    NotFound(String),
    /// No binding has this name.
    #[error("there is no binding {0}; `plugin list` shows those that there are")]
    NoBinding(String),
    /// The host does not take the component.
    #[error("the component is not taken")]
    Refused(#[source] Box<LoadError>),
    /// Its manifest cannot be read as a whole.
    #[error("the component is not taken")]
    Manifest(#[from] mooring_author::manifest::SourceError),
    /// It does not pass its own tests, or what every plugin has to.
    #[error(
        "{id} {version} fails a check ({check}): {why}; `mooring plugin test FILE` shows all of them"
    )]
    Fails {
        /// The plugin.
        id: String,
        /// Its version.
        version: String,
        /// The part of the suite, and the check.
        check: String,
        /// What it did.
        why: String,
    },
    /// It has no signature.
    #[error(
        "the component is not signed; sign it with a key that this server trusts, or allow an \
         unsigned one (--allow-unsigned)"
    )]
    Unsigned,
    /// It has a signature, and the server trusts nobody.
    #[error(
        "this server trusts no key: start it with --plugin-trust FILE, or allow an unsigned plugin \
         (--allow-unsigned)"
    )]
    NobodyTrusted,
    /// The signature is not taken.
    #[error("the signature is not taken")]
    Untrusted(#[from] VerifyError),
    /// The files of trusted keys cannot be used.
    #[error("nobody's signature counts at the moment, so nothing is taken")]
    Trust(#[from] PluginTrustError),
    /// Another one signed the plugin before.
    #[error(
        "{id} was signed with the key {}, and this is signed with {}; if it is meant, allow it \
         (--allow-other-signer)",
        named(was),
        named(signer)
    )]
    OtherSigner {
        /// The plugin.
        id: String,
        /// Who signed it before.
        was: Signer,
        /// Who signed what was offered.
        signer: Signer,
    },
    /// The key that it was signed with is not trusted any more.
    #[error(
        "{0} was signed with a key that this server does not trust any more: upgrade it to a version \
         of a trusted key, or allow it all the same (--allow-untrusted)"
    )]
    NoLongerTrusted(String),
    /// The signature is for another plugin or version.
    #[error("the signature is for {signed}, and the component is {found}")]
    OtherSigned {
        /// What was signed.
        signed: String,
        /// What it is.
        found: String,
    },
    /// It brings its interpreter.
    #[error(
        "{0} brings its own interpreter, and so takes more time and memory than others; allow that \
         (--allow-interpreted)"
    )]
    Interpreted(String),
    /// It has the id of one of this program's own.
    #[error("{0} is the id of a plugin that is built in; its findings would pass for that one's")]
    BuiltIn(String),
    /// It declares a rule that is somebody else's.
    #[error(
        "{id} declares the rule {rule}, which {owner}; a finding under it would pass for another's, \
         and a policy would weigh both. Its author has to give it an id of its own"
    )]
    Rule {
        /// The plugin.
        id: String,
        /// The rule.
        rule: String,
        /// Whose it is.
        owner: String,
    },
    /// Another version is installed.
    #[error("{id} {version} is installed already; put another version in its place with `upgrade`")]
    Installed {
        /// The plugin.
        id: String,
        /// The installed version.
        version: String,
    },
    /// A newer version is installed, or was.
    #[error(
        "{id} {installed} is or was installed, and {version} is older; if it is meant, allow it \
         (--allow-downgrade)"
    )]
    Older {
        /// The plugin.
        id: String,
        /// The version that was offered.
        version: String,
        /// The highest that was ever installed.
        installed: String,
    },
    /// It is bound.
    #[error("{id} is bound as {}; remove that first (`plugin unbind`)", bindings.join(", "))]
    Bound {
        /// The plugin.
        id: String,
        /// Its bindings.
        bindings: Vec<String>,
    },
    /// It is disabled.
    #[error(
        "{0} is disabled, so it is not asked whether it takes the settings; enable it first \
         (`plugin enable`)"
    )]
    Disabled(String),
    /// A part of a binding makes no sense.
    #[error("{detail}")]
    Wish {
        /// Which part.
        pointer: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The plugin does not load, so nothing can be asked of it.
    #[error("{id} does not load: {problem}")]
    NotLoaded {
        /// The plugin.
        id: String,
        /// Why.
        problem: String,
    },
    /// The plugin does not take the settings of a binding.
    #[error("the plugin does not take the settings of the binding {binding}")]
    Settings {
        /// The binding.
        binding: String,
        /// What it says.
        findings: Vec<Finding>,
    },
    /// What a generator makes is not taken.
    #[error("what the plugin makes for the binding {binding} is not taken; nothing has changed")]
    Output {
        /// The binding.
        binding: String,
        /// What is wrong with it.
        findings: Vec<Finding>,
    },
    /// The change was held, or could not be stored.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<LoadError> for PluginError {
    fn from(error: LoadError) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// A key with what the list calls it; nobody signed that name.
fn named(signer: &Signer) -> String {
    let name = signer.name.escape_debug();
    if signer.name.is_empty() {
        return signer.key.clone();
    }
    format!("{} ({name})", signer.key)
}

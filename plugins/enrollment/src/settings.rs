//! The settings of the enrollment profile, read from JSON.
//!
//! Knows nothing of payloads. Invariant: a [`Settings`] came through [`Settings::read`], so every URL
//! in it may be given to a device and no text of it holds a placeholder.

use mooring_sdk::Finding;
use serde_json::Value as Json;

use crate::anchors;
use crate::fields::{Fields, refusal};
use crate::identity::{self, Identity};

/// The longest name, in characters.
const NAME_MAX: usize = 200;

/// The longest organization, in characters: it is also the O of the subject that devices ask for,
/// and X.520 allows no more.
const ORGANIZATION_MAX: usize = 64;

/// The longest push topic and account, in characters.
const TOPIC_MAX: usize = 200;
const ACCOUNT_MAX: usize = 254;

/// How every push topic of device management begins (Apple, `com.apple.mdm`, key Topic).
const TOPIC_PREFIX: &str = "com.apple.mgmt.";

const DEFAULT_ORGANIZATION: &str = "Mooring";
const DEFAULT_NAME: &str = "Device management";

/// What the enrollment profile is made from.
pub(crate) struct Settings {
    pub(crate) server_url: String,
    pub(crate) check_in_url: Option<String>,
    pub(crate) topic: String,
    pub(crate) identity: Identity,
    pub(crate) organization: String,
    pub(crate) display_name: String,
    /// Certificates in DER, each once.
    pub(crate) anchors: Vec<Vec<u8>>,
    /// Whether each message carries `Mdm-Signature`.
    pub(crate) signs_messages: bool,
    /// `ServerCapabilities`.
    pub(crate) capabilities: Vec<&'static str>,
    /// The Managed Apple Account, in User Enrollment only.
    pub(crate) account: Option<String>,
    /// Whether devices listen to Apple's development push service.
    pub(crate) is_development: bool,
    /// What is worth knowing about settings that are accepted.
    pub(crate) remarks: Vec<Finding>,
}

impl Settings {
    /// Reads the settings, or says all that is wrong with them.
    pub(crate) fn read(text: &str) -> Result<Self, Vec<Finding>> {
        let hint = "give a JSON object with server_url, topic and identity";
        let members = match serde_json::from_str(text) {
            Ok(Json::Object(members)) => members,
            Ok(_) => return Err(vec![refusal("/", "the settings are no JSON object", hint)]),
            Err(error) => {
                let message = format!("the settings are no JSON: {error}");
                return Err(vec![refusal("/", &message, hint)]);
            }
        };
        let mut fields = Fields::new(&members);
        let settings = Self::from_fields(&mut fields);
        let findings = fields.finish();
        match settings {
            Some(settings) if findings.is_empty() => Ok(settings),
            Some(_) | None => Err(findings),
        }
    }

    /// Reads every member before it gives up on any, so that all refusals are known. `None` only
    /// if a required one is absent or refused.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let server_url = fields.url("server_url");
        fields.require("server_url", "name the URL that devices connect to");
        let check_in_url = fields.url("check_in_url").map(str::to_owned);
        let topic = topic(fields);
        let mut remarks = Vec::new();
        let identity = identity::read(fields, &mut remarks);
        let organization = fields.line("organization", ORGANIZATION_MAX);
        let display_name = fields.line("display_name", NAME_MAX);
        let anchors = anchors::read(fields);
        let signs_messages = fields.boolean("sign_message", true);
        let capabilities = capabilities(fields, &mut remarks);
        let account = account(fields);
        let is_development = fields.boolean("development", false);
        Some(Self {
            server_url: server_url?.to_owned(),
            check_in_url,
            topic: topic?,
            identity: identity?,
            organization: organization.unwrap_or(DEFAULT_ORGANIZATION).to_owned(),
            display_name: display_name.unwrap_or(DEFAULT_NAME).to_owned(),
            anchors,
            signs_messages,
            capabilities,
            account,
            is_development,
            remarks,
        })
    }
}

fn topic(fields: &mut Fields<'_>) -> Option<String> {
    let hint = "copy the topic of your push certificate: its subject's UID, which begins with \
                com.apple.mgmt.External.";
    fields.require("topic", hint);
    let text = fields.line("topic", TOPIC_MAX)?;
    let is_of_topic = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    let rest = text.strip_prefix(TOPIC_PREFIX).unwrap_or_default();
    if rest.is_empty() || !rest.bytes().all(is_of_topic) {
        fields.refuse("topic", "this is no push topic of device management", hint);
        return None;
    }
    Some(text.to_owned())
}

/// The capabilities cannot be changed by a renewal, so doubts are told now.
fn capabilities(fields: &mut Fields<'_>, remarks: &mut Vec<Finding>) -> Vec<&'static str> {
    let mut capabilities = Vec::new();
    if fields.boolean("user_channel", true) {
        capabilities.push("com.apple.mdm.per-user-connections");
    } else {
        let message = "/user_channel: a Mac does not enroll without a user channel";
        let finding = Finding::warning_document("user-channel", message);
        remarks.push(finding.with_hint("leave user_channel out unless you have no Macs"));
    }
    if fields.boolean("bootstrap_token", true) {
        capabilities.push("com.apple.mdm.bootstraptoken");
    }
    capabilities
}

fn account(fields: &mut Fields<'_>) -> Option<String> {
    let mut inner = fields.object("user_enrollment")?;
    let hint = "write the Managed Apple Account, such as ada@example.org";
    inner.require("managed_apple_id", hint);
    let account = inner.line("managed_apple_id", ACCOUNT_MAX);
    let is_account = |text: &str| {
        let parts = text.split_once('@');
        let has_both = parts.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
        has_both && text.matches('@').count() == 1 && !text.contains(char::is_whitespace)
    };
    if account.is_some_and(|text| !is_account(text)) {
        inner.refuse("managed_apple_id", "this is no account name", hint);
    }
    fields.close(inner);
    account.map(str::to_owned)
}

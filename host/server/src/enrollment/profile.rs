//! The enrollment profile: made by a plugin, with the challenge filled in when it is served.
//!
//! Knows nothing of links. Invariant: the plugin never sees a challenge, and no profile with one
//! is stored.

use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_identity::Secret;
use mooring_mdm::plist::fill_string;
use serde_json::{Map, Value, json};

use super::link::{LinkError, Made, Template};
use super::{Enrollment, Identities};
use crate::core::Core;

/// What the plugin writes where the challenge belongs.
const PLACEHOLDER: &str = "{{mooring.challenge}}";

impl Core {
    /// The profile with this challenge, if its identities need one.
    pub(crate) fn enrollment_profile(
        &self,
        enrollment: &Enrollment,
        challenge: Option<&Secret>,
        topic: &str,
    ) -> Result<Made, LinkError> {
        let template = self.template(enrollment, topic)?;
        let challenge = match &enrollment.settings.identities {
            Identities::Own(_) => challenge,
            Identities::Scep { challenge, .. } => challenge.as_ref(),
            Identities::Acme { .. } => {
                return Ok(Made {
                    raw: template.to_vec(),
                    has_challenge: false,
                    has_secrets: false,
                });
            }
        };
        let text = challenge.map_or("", Secret::expose);
        let raw = fill_string(&template, PLACEHOLDER, text);
        Ok(Made {
            raw: raw.map_err(|error| LinkError::Placeholder(error.to_string()))?,
            has_challenge: matches!(enrollment.settings.identities, Identities::Own(_)),
            has_secrets: challenge.is_some(),
        })
    }

    /// The profile as the plugin makes it; made anew only when what it is made from changed.
    fn template(&self, enrollment: &Enrollment, topic: &str) -> Result<Template, LinkError> {
        let settings = settings(enrollment, topic).to_string();
        let mut made = enrollment
            .made
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((from, template)) = &*made
            && *from == settings
        {
            return Ok(Template::clone(template));
        }
        let template = self.judge.enrollment_profile(&settings);
        let template = Template::new(template.map_err(LinkError::Profile)?);
        *made = Some((settings, Template::clone(&template)));
        Ok(template)
    }
}

/// The settings of the plugin.
fn settings(enrollment: &Enrollment, topic: &str) -> Value {
    let settings = &enrollment.settings;
    let url = &settings.public_url;
    let (identity, anchors) = match &settings.identities {
        Identities::Own(authority) => {
            let ca = authority.ca_certificate();
            let scep = json!({ "url": format!("{url}/scep"), "name": "Mooring" });
            (json!({ "scep": scep }), vec![STANDARD.encode(ca.der())])
        }
        Identities::Scep { url, .. } => (json!({ "scep": { "url": url } }), Vec::new()),
        Identities::Acme {
            directory_url,
            client_identifier,
            attests,
        } => {
            let acme = json!({
                "directory_url": directory_url,
                "client_identifier": client_identifier,
                "hardware_bound": attests,
                "attest": attests,
            });
            (json!({ "acme": acme }), Vec::new())
        }
    };
    let mut members = Map::new();
    members.insert("server_url".to_owned(), json!(format!("{url}/mdm")));
    members.insert("check_in_url".to_owned(), json!(format!("{url}/checkin")));
    members.insert("topic".to_owned(), json!(topic));
    members.insert("identity".to_owned(), identity);
    members.insert("anchors".to_owned(), json!(anchors));
    members.insert("sign_message".to_owned(), json!(settings.signs_messages));
    if let Some(organization) = &settings.organization {
        members.insert("organization".to_owned(), json!(organization));
    }
    Value::Object(members)
}

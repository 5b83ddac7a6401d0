//! What a server says of itself once it runs, and what to do next.
//!
//! Invariant: nothing secret is in it; the token is named by its file.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use mooring_server::device::DeviceAuth;
use mooring_server::serve::{EnrollmentOptions, TOKEN_FILE};
use mooring_server::{ServeOptions, Server};
use serde::Serialize;

use crate::output::{self, OutputError};

/// Where a running server is, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Ready<'a> {
    pub(crate) admin_url: &'a str,
    pub(crate) device_url: &'a str,
    pub(crate) token_file: &'a str,
    /// How devices show who they are.
    pub(crate) device_auth: &'a [DeviceAuth],
    /// Where devices enroll, if they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<&'a str>,
}

/// What there is to say.
#[derive(Debug)]
pub(super) struct Announcement {
    device_auth: Vec<DeviceAuth>,
    enrollment: Option<EnrollmentOptions>,
    has_admin_tls: bool,
    /// The topic of the push certificate, if one is set.
    topic: Option<String>,
}

impl Announcement {
    /// Of a server with these options.
    pub(super) fn new(options: &ServeOptions) -> Self {
        let mut device_auth = options.device_auth.clone();
        if device_auth.is_empty() {
            device_auth.push(DeviceAuth::None);
        }
        Self {
            device_auth,
            enrollment: options.enrollment.clone(),
            has_admin_tls: options.admin_tls.is_some(),
            topic: None,
        }
    }

    /// Looks whether there is a push certificate.
    pub(super) async fn look(&mut self, server: &Server) {
        let core = Arc::clone(server.core());
        let found = tokio::task::spawn_blocking(move || core.push_certificate(None).ok()).await;
        // Whatever is in the way is told when somebody asks for it.
        self.topic = found.ok().flatten().map(|found| found.topic);
    }

    /// Says it.
    pub(super) fn make(
        &self,
        server: &Server,
        data: &Path,
        is_json: bool,
    ) -> Result<(), OutputError> {
        let (admin, device) = (server.admin_url(), server.device_url());
        let token_file = data.join(TOKEN_FILE).display().to_string();
        if is_json {
            return output::json(&Ready {
                admin_url: &admin,
                device_url: &device,
                token_file: &token_file,
                device_auth: &self.device_auth,
                public_url: self.enrollment.as_ref().map(|one| one.public_url.as_str()),
            });
        }
        output::data(&self.text(&admin, &device, &token_file, &data.display().to_string()))
    }

    fn text(&self, admin: &str, device: &str, token_file: &str, data: &str) -> String {
        let mut text = format!(
            "Mooring is running.\n\
             \n\
             \x20 administrators  {admin}\n\
             \x20 devices         {device}\n\
             \x20 token           {token_file}\n\
             \x20 authentication  {}\n\
             \x20 enrollment      {}\n\
             \x20 push            {}\n\
             \n",
            self.authentication(),
            self.enrollment(),
            self.push(),
        );
        for (what, command) in self.steps(device, data) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{what:<18} {command}");
        }
        text.push_str("\nCtrl-C stops it.\n");
        text
    }

    fn authentication(&self) -> String {
        if self.trusts_anyone() {
            return "NONE: whoever reaches the address for devices can act as any of them"
                .to_owned();
        }
        let ways = self.device_auth.iter().map(|way| way.as_str());
        ways.collect::<Vec<_>>().join(", ")
    }

    fn enrollment(&self) -> String {
        let Some(enrollment) = &self.enrollment else {
            return "off; --public-url URL turns it on".to_owned();
        };
        let from = match (&enrollment.scep_url, &enrollment.acme_url) {
            (Some(url), _) => format!("identities from the SCEP server {url}"),
            (None, Some(url)) => format!("identities from the ACME server {url}"),
            (None, None) => "identities from this server's own CA".to_owned(),
        };
        format!("{}, {from}", enrollment.public_url)
    }

    fn push(&self) -> String {
        match &self.topic {
            Some(topic) => topic.clone(),
            None => {
                "no push certificate: devices are not woken, they connect by themselves".to_owned()
            }
        }
    }

    /// What to do next, and the command for it.
    fn steps(&self, device: &str, data: &str) -> Vec<(&'static str, String)> {
        let ca = if self.has_admin_tls { " --ca FILE" } else { "" };
        let data = format!("--data {data}{ca}");
        let mut steps = Vec::new();
        if self.enrollment.is_some() {
            if self.topic.is_none() {
                let command = format!("mooring pushcert set FILE {data}");
                steps.push(("Wake devices:", command));
            }
            let command = format!("mooring enroll --serial SERIAL {data}");
            steps.push(("Enroll a device:", command));
        }
        steps.push((
            "Push profiles:",
            format!("mooring profile push FILE... {data}"),
        ));
        let way = self.device_auth.iter().find_map(|way| match way {
            DeviceAuth::Mtls | DeviceAuth::Signature => Some(way.as_str()),
            DeviceAuth::Header | DeviceAuth::None => None,
        });
        if self.trusts_anyone() {
            let command = format!("mooring sim --device-url {device} --hosts 20");
            steps.push(("Simulate devices:", command));
        } else if let (Some(way), true) = (way, self.enrollment.is_some()) {
            let command = format!("mooring sim --auth {way} --hosts 20 {data}");
            steps.push(("Simulate devices:", command));
        }
        steps.push(("See what happens:", format!("mooring status {data}")));
        steps
    }

    fn trusts_anyone(&self) -> bool {
        self.device_auth == [DeviceAuth::None]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(options: &ServeOptions, topic: Option<&str>) -> String {
        let mut announcement = Announcement::new(options);
        announcement.topic = topic.map(str::to_owned);
        announcement.text("http://a", "http://d/mdm", "t", "DIR")
    }

    /// Proves that it is said loudly when devices are not authenticated.
    #[test]
    fn nobody_is_authenticated() {
        let text = text(&ServeOptions::new("DIR"), None);
        assert!(text.contains("authentication  NONE"), "{text}");
        assert!(text.contains("sim --device-url http://d/mdm"), "{text}");
        assert!(!text.contains("mooring enroll"), "{text}");
    }

    /// Proves that the next steps are those that are left, in an order that works.
    #[test]
    fn next_steps() {
        let mut options = ServeOptions::new("DIR");
        options.device_auth = vec![DeviceAuth::Signature];
        options.enrollment = Some(EnrollmentOptions::new("https://mdm.example.com"));
        let before = text(&options, None);
        let place = |text: &str, part: &str| text.find(part).unwrap_or(usize::MAX);
        let set = place(&before, "mooring pushcert set FILE --data DIR\n");
        assert!(set < place(&before, "mooring enroll --serial SERIAL --data DIR\n"));
        assert!(
            before.contains("sim --auth signature --hosts 20"),
            "{before}"
        );
        assert!(
            before.contains("https://mdm.example.com, identities from this"),
            "{before}"
        );
        let after = text(&options, Some("com.apple.mgmt.External.1"));
        assert!(!after.contains("pushcert"), "{after}");
    }
}

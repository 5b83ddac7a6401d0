//! Profiles as text, written for one test.
//!
//! Invariant: a draft as [`Draft::new`] makes it passes every validator, and the same draft gives
//! the same text.

/// A profile with one payload of one setting. Change the fields that a test is about.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Top-level `PayloadIdentifier`.
    pub identifier: Option<String>,
    /// Top-level `PayloadUUID`, the author's own.
    pub uuid: Option<String>,
    /// `PayloadUUID` of the payload.
    pub payload_uuid: String,
    /// `PayloadType` of the payload.
    pub payload_type: String,
    /// `PayloadScope`.
    pub scope: Option<&'static str>,
    /// The value of the one setting; the content that tests change.
    pub value: String,
}

impl Draft {
    /// A profile for the device channel.
    pub fn new(identifier: &str, value: &str) -> Self {
        Self {
            identifier: Some(identifier.to_owned()),
            uuid: Some(uuid_of(identifier, 1)),
            payload_uuid: uuid_of(identifier, 2),
            payload_type: "com.harborworks.settings".to_owned(),
            scope: Some("System"),
            value: value.to_owned(),
        }
    }

    /// The profile with tabs, in Apple's usual order of keys.
    pub fn xml(&self) -> String {
        written(&self.keys(), "\n\t")
    }

    /// The same content with the keys in another order, other whitespace and comments.
    pub fn xml_rearranged(&self) -> String {
        let mut keys = self.keys();
        keys.reverse();
        written(&keys, "\n\n    <!-- rearranged -->\n    ")
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let string = |text: &str| format!("<string>{text}</string>");
        let payload = format!(
            "<array><dict><key>PayloadType</key>{}<key>PayloadVersion</key><integer>1</integer>\
             <key>PayloadIdentifier</key>{}<key>PayloadUUID</key>{}<key>Greeting</key>{}</dict></array>",
            string(&self.payload_type),
            string("com.harborworks.settings.1"),
            string(&self.payload_uuid),
            string(&self.value),
        );
        let mut keys = vec![
            ("PayloadContent", payload),
            ("PayloadDisplayName", string("A profile of a test")),
            ("PayloadType", string("Configuration")),
            ("PayloadVersion", "<integer>1</integer>".to_owned()),
        ];
        let optional = [
            ("PayloadIdentifier", self.identifier.as_deref()),
            ("PayloadScope", self.scope),
            ("PayloadUUID", self.uuid.as_deref()),
        ];
        keys.extend(
            optional
                .into_iter()
                .filter_map(|(key, text)| text.map(|text| (key, string(text)))),
        );
        keys
    }
}

/// A uuid that follows from a text and a number.
pub fn uuid_of(text: &str, number: u64) -> String {
    let mix = |start: u64| {
        text.bytes().fold(
            start ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3),
        )
    };
    let (high, low) = (mix(0xcbf2_9ce4_8422_2325), mix(0x8422_2325_cbf2_9ce4));
    format!(
        "{:08X}-{:04X}-4{:03X}-8{:03X}-{:012X}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

fn written(keys: &[(&str, String)], between: &str) -> String {
    let entries = keys
        .iter()
        .map(|(key, value)| format!("{between}<key>{key}</key>{between}{value}"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \
         \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>{}\n</dict>\n</plist>\n",
        entries.collect::<String>()
    )
}

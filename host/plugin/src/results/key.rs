//! What an answer depends on, as one digest.
//!
//! Knows nothing of answers. Invariant: two calls that could be answered differently have different
//! keys; every part is written with its length or a mark, so that no two lists of parts run together
//! to the same bytes.

use mooring_mdm::plist::{Node, Value};
use sha2::{Digest as _, Sha256};

use crate::{Context, Device, Digest, Limits, Role, Subject};

/// Keeps these digests apart from those of another form of the same things.
const FORM: &[u8] = b"mooring result 1";

/// Everything that the answer of a validator depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResultKey([u8; 32]);

impl ResultKey {
    /// The key of one validation by the plugin with this component.
    pub(crate) fn of_validation(
        plugin: Digest,
        contract: &str,
        subject: &Subject<'_>,
        context: &Context,
        limits: &Limits,
    ) -> Self {
        let mut parts = Parts(Sha256::new());
        parts.bytes(FORM);
        parts.bytes(plugin.as_bytes());
        parts.text(contract);
        parts.text(&Role::Validator.to_string());
        parts.limits(limits);
        parts.context(context);
        parts.bytes(subject.bytes);
        parts.number(subject.document.nodes().len());
        for node in subject.document.nodes() {
            parts.node(node);
        }
        Self(parts.0.finalize().into())
    }
}

struct Parts(Sha256);

impl Parts {
    fn number(&mut self, number: usize) {
        self.0.update(number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn mark(&mut self, mark: u8) {
        self.0.update([mark]);
    }

    fn perhaps(&mut self, text: Option<&str>) {
        match text {
            None => self.mark(0),
            Some(text) => {
                self.mark(1);
                self.text(text);
            }
        }
    }

    fn pairs(&mut self, pairs: &[(String, String)]) {
        self.number(pairs.len());
        for (key, value) in pairs {
            self.text(key);
            self.text(value);
        }
    }

    fn limits(&mut self, limits: &Limits) {
        let Limits {
            timeout,
            memory_bytes,
            input_bytes,
            findings,
            output_bytes,
            log_bytes,
        } = limits;
        self.0.update(timeout.as_nanos().to_le_bytes());
        for limit in [memory_bytes, input_bytes, findings, output_bytes, log_bytes] {
            self.number(*limit);
        }
    }

    fn context(&mut self, context: &Context) {
        let Context {
            settings,
            grade,
            device,
            extra,
        } = context;
        self.text(settings);
        self.text(grade.as_str());
        match device {
            None => self.mark(0),
            Some(device) => {
                self.mark(1);
                self.device(device);
            }
        }
        self.pairs(extra);
    }

    fn device(&mut self, device: &Device) {
        let Device {
            platform,
            os_version,
            model,
            supervised,
            channel,
            labels,
            extra,
        } = device;
        self.text(platform);
        self.perhaps(os_version.as_deref());
        self.perhaps(model.as_deref());
        self.mark(supervised.map_or(2, u8::from));
        self.text(channel);
        self.number(labels.len());
        for label in labels {
            self.text(label);
        }
        self.pairs(extra);
    }

    /// A node as plugins see it: not where it stands in the file.
    fn node(&mut self, node: &Node) {
        self.perhaps(node.key.as_ref().map(|key| key.text.as_str()));
        self.0.update(node.end.to_le_bytes());
        match &node.value {
            Value::Dictionary => self.mark(0),
            Value::Array => self.mark(1),
            Value::String(text) => {
                self.mark(2);
                self.text(text);
            }
            Value::Integer(number) => {
                self.mark(3);
                self.0.update(number.to_le_bytes());
            }
            Value::Real(number) => {
                self.mark(4);
                self.0.update(number.to_bits().to_le_bytes());
            }
            Value::Boolean(is_true) => self.mark(5 + u8::from(*is_true)),
            Value::Date(text) => {
                self.mark(7);
                self.text(text);
            }
            Value::Data(bytes) => {
                self.mark(8);
                self.bytes(bytes);
            }
        }
    }
}

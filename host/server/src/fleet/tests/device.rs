//! A device in as few lines as will do: it says what it is told to, and holds what it took.
//!
//! Knows nothing of the index. It reads what it was handed out from the server's own record.

use std::collections::BTreeMap;

use mooring_drift::command::Command;
use mooring_mdm::ids::{EnrollmentId, HostId};

use crate::core::Core;
use crate::device::{DeviceReply, DeviceRequest};

/// How a command is answered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    Obeys,
    /// It acknowledges and does nothing.
    Lies,
    Fails,
    NotNow,
    /// It goes away with the command.
    Leaves,
}

/// One device, with one user perhaps.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) id: HostId,
    model: &'static str,
    pub(super) version: &'static str,
    pub(super) serial: u64,
    /// By channel: what is installed.
    holds: [BTreeMap<String, String>; 2],
}

impl Device {
    pub(super) fn new(number: u64) -> Self {
        let models = ["Mac15,12", "iPhone15,2", "iPad14,1", "Unknown1,1"];
        let model = models[usize::try_from(number).unwrap_or(0) % 4];
        let id = match number % 3 {
            0 => format!("{number:08X}-2D35-5B8E-9A77-D1B0C2E4F613"),
            1 => format!("{number:08}-001A2B3C4D5E6F70"),
            _ => format!("a device with a long name and number {number}"),
        };
        Self {
            id: HostId::parse(&id).unwrap(),
            model,
            version: "15.1",
            serial: number,
            holds: [BTreeMap::new(), BTreeMap::new()],
        }
    }

    pub(super) fn enrollment(&self, is_user: bool) -> EnrollmentId {
        if is_user {
            EnrollmentId::user(self.id.clone(), "U1").unwrap()
        } else {
            EnrollmentId::device(self.id.clone())
        }
    }

    /// Something of another's under an identifier.
    pub(super) fn install(&mut self, is_user: bool, identifier: &str, uuid: &str) {
        self.holds[usize::from(is_user)].insert(identifier.to_owned(), uuid.to_owned());
    }

    pub(super) fn lose(&mut self, is_user: bool, identifier: &str) {
        self.holds[usize::from(is_user)].remove(identifier);
    }

    pub(super) fn authenticate(&self, core: &Core) {
        let told = self.told();
        self.say(core, false, "Authenticate", &told);
    }

    pub(super) fn token_update(&self, core: &Core, is_user: bool) {
        let told = "<key>PushMagic</key><string>magic</string><key>Token</key><data>AAAA</data>";
        self.say(core, is_user, "TokenUpdate", told);
    }

    pub(super) fn check_out(&self, core: &Core) {
        self.say(core, false, "CheckOut", "");
    }

    fn say(&self, core: &Core, is_user: bool, kind: &str, told: &str) -> DeviceReply {
        let told = format!(
            "<key>MessageType</key><string>{kind}</string>\
             <key>Topic</key><string>com.apple.mgmt.External.1</string>{told}"
        );
        self.send(core, is_user, &told)
    }

    fn told(&self) -> String {
        let pairs = [
            ("BuildVersion", format!("B{}", self.version)),
            ("DeviceName", "A device".to_owned()),
            ("Model", self.model.to_owned()),
            ("ModelName", "A model".to_owned()),
            ("OSVersion", self.version.to_owned()),
            ("ProductName", self.model.to_owned()),
            ("SerialNumber", format!("S{}", self.serial)),
        ];
        let pairs = pairs.iter();
        let pairs: Vec<_> = pairs
            .map(|(key, value)| format!("<key>{key}</key><string>{value}</string>"))
            .collect();
        pairs.concat()
    }

    fn send(&self, core: &Core, is_user: bool, told: &str) -> DeviceReply {
        let user = "<key>UserID</key><string>U1</string><key>UserShortName</key><string>u</string>";
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>{told}{}\
             <key>UDID</key><string>{}</string></dict></plist>",
            if is_user { user } else { "" },
            self.id,
        );
        core.answer_device(&DeviceRequest::from_anyone(body.as_bytes()))
    }

    /// Comes, and answers up to `most` commands.
    pub(super) fn connect(&mut self, core: &Core, is_user: bool, most: usize, manner: Manner) {
        let status = |status: &str| format!("<key>Status</key><string>{status}</string>");
        let mut told = status("Idle");
        for _ in 0..=most {
            let DeviceReply::Command(_) = self.send(core, is_user, &told) else {
                return;
            };
            let enrollment = self.enrollment(is_user);
            let host = core.host(&self.id).unwrap().unwrap();
            let mut records = host.enrollments.iter();
            let record = records.find(|record| record.id == enrollment).unwrap();
            let (uuid, command) =
                mooring_drift::step::in_flight(&record.sync, &record.id, &core.names).unwrap();
            let (word, more) = self.answer(is_user, &command, manner);
            if word.is_empty() {
                return;
            }
            told = format!(
                "{}<key>CommandUUID</key><string>{uuid}</string>{more}",
                status(word)
            );
        }
    }

    fn answer(
        &mut self,
        is_user: bool,
        command: &Command,
        manner: Manner,
    ) -> (&'static str, String) {
        let none = String::new;
        match manner {
            Manner::Leaves => return ("", none()),
            Manner::NotNow => return ("NotNow", none()),
            Manner::Fails => {
                let chain = "<key>ErrorChain</key><array><dict><key>ErrorCode</key>\
                             <integer>4001</integer><key>ErrorDomain</key><string>D</string>\
                             </dict></array>";
                return ("Error", chain.to_owned());
            }
            Manner::Obeys | Manner::Lies => {}
        }
        let holds = &mut self.holds[usize::from(is_user)];
        match command {
            Command::ProfileList => {
                let entry = |(identifier, uuid): (&String, &String)| {
                    format!(
                        "<dict><key>PayloadIdentifier</key><string>{identifier}</string>\
                         <key>PayloadUUID</key><string>{uuid}</string></dict>"
                    )
                };
                let list: String = holds.iter().map(entry).collect();
                let list = format!("<key>ProfileList</key><array>{list}</array>");
                ("Acknowledged", list)
            }
            Command::DeviceInformation => {
                let told = self.told();
                let told = format!("<key>QueryResponses</key><dict>{told}</dict>");
                ("Acknowledged", told)
            }
            Command::InstallProfile {
                identifier,
                revision,
            } => {
                if matches!(manner, Manner::Obeys) {
                    let uuid = revision.uuid.as_str().to_owned();
                    holds.insert(identifier.as_str().to_owned(), uuid);
                }
                ("Acknowledged", none())
            }
            Command::RemoveProfile { identifier } => {
                if matches!(manner, Manner::Obeys) {
                    holds.remove(identifier.as_str());
                }
                ("Acknowledged", none())
            }
            Command::RenewIdentity { .. } | Command::Raw { .. } => ("Acknowledged", none()),
        }
    }
}

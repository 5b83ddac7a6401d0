//! How many batches the store is given for one request: each is a flush of the disk, and some forty
//! kilobytes, however little is in it.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_plugin::Limits;
use mooring_store::ProfileRecord;

use crate::clock::Clock;
use crate::core::{Core, CoreOptions};
use crate::device::{DeviceReply, DeviceRequest};
use crate::http::{body::Answer, problem::Problem, profiles};
use crate::judge::Judge;
use crate::store_double::StoreDouble;

/// A command, as far as it matters.
#[derive(Debug, PartialEq)]
struct Order {
    uuid: String,
    kind: String,
}

impl Order {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let value = |key: &str| {
            let (_, behind) = text.split_once(&format!("<key>{key}</key>")).unwrap();
            let (_, behind) = behind.split_once("<string>").unwrap();
            behind.split_once("</string>").unwrap().0.to_owned()
        };
        Self {
            uuid: value("CommandUUID"),
            kind: value("RequestType"),
        }
    }
}

/// A server over such a store.
struct Scene {
    store: Arc<StoreDouble>,
    core: Core,
}

impl Scene {
    fn new(keeps_events: bool) -> Self {
        let store = Arc::<StoreDouble>::default();
        let judge = Arc::new(Judge::with_plugins([], Limits::default()).unwrap());
        let clock = Clock::from_fn(|| Timestamp(1_700_000_000_000));
        let options = CoreOptions {
            keeps_events,
            ..CoreOptions::default()
        };
        let core = Core::new(Arc::clone(&store) as _, judge, clock, options).unwrap();
        Self { store, core }
    }

    /// What `work` comes to, and the batches of it and of what follows from it by itself.
    fn counted<T>(&self, work: impl FnOnce(&Core) -> T) -> (usize, T) {
        let before = self.store.batches();
        let done = work(&self.core);
        while self.core.tend_fleet().unwrap() {}
        (self.store.batches() - before, done)
    }

    /// The batches of a request of an administrator, which must be one that succeeds.
    fn batches(&self, request: impl FnOnce(&Core) -> Result<Answer, Problem>) -> usize {
        let (batches, answer) = self.counted(request);
        let answer = answer.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        batches
    }

    /// The batches of one message of a device, and the command that it is answered with.
    fn message(&self, host: u32, keys: &str) -> (usize, Option<Order>) {
        let body = body_of(host, keys);
        let request = DeviceRequest::from_anyone(body.as_bytes());
        let (batches, reply) = self.counted(|core| core.answer_device(&request));
        let command = if let DeviceReply::Command(bytes) = &reply {
            Some(Order::read(bytes))
        } else {
            assert_eq!(reply, DeviceReply::Empty);
            None
        };
        (batches, command)
    }

    /// What a device says to the last of these commands: it has all profiles once it was sent three.
    fn told(&self, kinds: &[String]) -> String {
        let installed = kinds.iter().filter(|kind| *kind == "InstallProfile");
        let has_all = installed.count() == 3;
        let shelf = self.core.shelf();
        let has = shelf.profiles.iter().filter(|_| has_all);
        let entry = |(id, profile): (&PayloadIdentifier, &ProfileRecord)| {
            let uuid = &profile.versions.last().unwrap().uuid;
            format!(
                "<dict><key>PayloadIdentifier</key><string>{id}</string>\
                 <key>PayloadUUID</key><string>{uuid}</string></dict>"
            )
        };
        match kinds.last().map(String::as_str) {
            Some("ProfileList") => {
                let list: String = has.map(entry).collect();
                format!("<key>ProfileList</key><array>{list}</array>")
            }
            Some("DeviceInformation") => format!(
                "<key>QueryResponses</key><dict>{}</dict>",
                "<key>OSVersion</key><string>15.1</string>\
                 <key>BuildVersion</key><string>24B83</string>"
            ),
            _ => String::new(),
        }
    }

    fn enroll(&self, host: u32) {
        let topic = "<key>Topic</key><string>com.apple.mgmt.External.1</string>";
        let told = format!(
            "<key>MessageType</key><string>Authenticate</string>{topic}\
             <key>SerialNumber</key><string>S{host}</string><key>OSVersion</key>\
             <string>15.1</string><key>BuildVersion</key><string>24B83</string>\
             <key>Model</key><string>Mac15,12</string><key>DeviceName</key><string>D</string>"
        );
        assert_eq!(self.message(host, &told), (1, None), "Authenticate");
        let told = format!(
            "<key>MessageType</key><string>TokenUpdate</string>{topic}\
             <key>PushMagic</key><string>m</string><key>Token</key><data>AAAA</data>"
        );
        assert_eq!(self.message(host, &told), (1, None), "TokenUpdate");
    }
}

fn body_of(host: u32, keys: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>{keys}\
         <key>UDID</key><string>{host:08}-001A2B3C4D5E6F70</string></dict></plist>"
    )
}

fn profile(name: &str, setting: u32) -> Bytes {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>\
         <key>PayloadType</key><string>Configuration</string><key>PayloadVersion</key>\
         <integer>1</integer><key>PayloadIdentifier</key><string>com.example.{name}</string>\
         <key>PayloadUUID</key><string>6F1F1F3C-2D35-5B8E-9A77-D1B0C2E4F6{setting:02}</string>\
         <key>PayloadDisplayName</key><string>P</string><key>PayloadContent</key><array><dict>\
         <key>PayloadType</key><string>com.example.settings</string><key>PayloadVersion</key>\
         <integer>1</integer><key>PayloadIdentifier</key><string>com.example.{name}.1</string>\
         <key>PayloadUUID</key><string>7F1F1F3C-2D35-5B8E-9A77-D1B0C2E4F613</string>\
         <key>Setting</key><integer>{setting}</integer></dict></array></dict></plist>"
    )
    .into()
}

/// What an administrator changes is one batch, however many hosts there are and however many files
/// are pushed at once; what changes nothing is none.
#[test]
fn changes_of_profiles() {
    for hosts in [0, 40] {
        let scene = Scene::new(true);
        (0..hosts).for_each(|host| scene.enroll(host));
        let push = |file: Bytes| scene.batches(|core| profiles::push_bytes(core, "name=f", &file));
        assert_eq!(push(profile("a", 1)), 1, "a new profile");
        assert_eq!(push(profile("a", 2)), 1, "a new version");
        assert_eq!(push(profile("a", 2)), 0, "the same version");
        let plan = profile("a", 3);
        let planned = |core: &Core| profiles::push_bytes(core, "plan=true", &plan);
        assert_eq!(scene.batches(planned), 0, "a plan");
        let files = [1, 2, 3].map(|number| {
            use base64::Engine as _;
            let file = profile(&format!("b{number}"), 1);
            let content = base64::engine::general_purpose::STANDARD.encode(file);
            serde_json::json!({ "name": "f", "content": content })
        });
        let body: Bytes = serde_json::json!({ "files": files }).to_string().into();
        let several = |core: &Core| profiles::push_files(core, "", &body);
        assert_eq!(scene.batches(several), 1, "several files");
        let id = PayloadIdentifier::parse("com.example.a").unwrap();
        let off = Bytes::from_static(b"{\"enabled\":false}");
        let switched = |core: &Core| profiles::switch(core, &id, "", &off);
        assert_eq!(scene.batches(switched), 1, "switched off");
        let deleted = |core: &Core| profiles::delete(core, &id, "");
        assert_eq!(scene.batches(deleted), 1, "deleted");
    }
}

/// What a device says is one batch with what it is answered, and with the event for those who
/// listen; who asks and is in sync writes nothing.
#[test]
fn messages_of_devices() {
    for keeps_events in [false, true] {
        let scene = Scene::new(keeps_events);
        for name in ["a", "b", "c"] {
            let file = profile(name, 1);
            scene.batches(|core| profiles::push_bytes(core, "name=f", &file));
        }
        scene.enroll(1);
        let idle = "<key>Status</key><string>Idle</string>";
        let (batches, mut next) = scene.message(1, idle);
        assert_eq!(batches, 1, "the first question");
        let mut kinds = Vec::new();
        while let Some(Order { uuid, kind }) = next {
            kinds.push(kind);
            let told = scene.told(&kinds);
            let keys = format!(
                "<key>Status</key><string>Acknowledged</string>\
                 <key>CommandUUID</key><string>{uuid}</string>{told}"
            );
            let (batches, command) = scene.message(1, &keys);
            assert_eq!(batches, 1, "{kinds:?}");
            next = command;
        }
        let installed = kinds.iter().filter(|kind| *kind == "InstallProfile");
        assert_eq!(installed.count(), 3, "{kinds:?}");
        assert_eq!(scene.message(1, idle), (usize::from(keeps_events), None));
        let over = "<key>MessageType</key><string>CheckOut</string>\
                    <key>Topic</key><string>com.apple.mgmt.External.1</string>";
        assert_eq!(scene.message(1, over), (1, None), "CheckOut");
    }
}

/// A device that hangs up while its answer waits for the disk is counted as what was stored, whichever
/// of both came first.
#[test]
fn devices_that_hang_up_are_counted() {
    for is_stored_first in [false, true] {
        let scene = Scene::new(false);
        scene.enroll(1);
        scene.store.hold();
        let body = body_of(1, "<key>Status</key><string>Idle</string>");
        let request = DeviceRequest::from_anyone(body.as_bytes());
        {
            let mut answer = pin!(scene.core.answer_promptly(&request));
            let mut context = Context::from_waker(Waker::noop());
            assert!(answer.as_mut().poll(&mut context).is_pending());
            if is_stored_first {
                assert_eq!(scene.store.release(), 1);
            }
        }
        if !is_stored_first {
            while scene.core.tend_fleet().unwrap() {}
            assert_eq!(scene.store.release(), 1);
        }
        assert_eq!(scene.core.fleet_faults().unwrap(), [], "{is_stored_first}");
        while scene.core.tend_fleet().unwrap() {}
        assert_eq!(scene.core.fleet_faults().unwrap(), [], "{is_stored_first}");
    }
}

//! Events as listeners get them.

use mooring_store::MemoryStore;

use super::*;

fn plist(keys: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>{keys}</dict></plist>").into()
}

fn event_of(events: &Events, body: &[u8]) -> (Vec<u8>, Event) {
    let message = Message::decode(body).unwrap();
    let request = DeviceRequest::from_anyone(body);
    let change = events
        .event(&message, &request, (&[], false), Timestamp(0))
        .unwrap();
    let Change::Document {
        space: Space::Outbox,
        key,
        value: Some(value),
        ..
    } = change
    else {
        panic!("a document");
    };
    (key, serde_json::from_slice(&value).unwrap())
}

fn string(key: &str, text: &str) -> String {
    format!("<key>{key}</key><string>{text}</string>")
}

/// Proves that each kind of channel is told apart by the keys of its message.
#[test]
fn kinds_of_channels() {
    let events = Events::resume(&MemoryStore::new().unwrap()).unwrap();
    let all_f = string("UserID", SHARED_IPAD_USER_ID) + &string("UserShortName", "anna");
    for (keys, id, kind, parent) in [
        (string("UDID", "D"), "D", "Device", None),
        (
            string("UDID", "D") + &string("UserID", "U"),
            "D:U",
            "User",
            Some("D"),
        ),
        (
            string("UDID", "D") + &all_f,
            "D:anna",
            "Shared iPad",
            Some("D"),
        ),
        (
            string("EnrollmentID", "E"),
            "E",
            "User Enrollment (Device)",
            None,
        ),
        (
            string("EnrollmentID", "E") + &string("EnrollmentUserID", "U"),
            "E:U",
            "User Enrollment",
            Some("E"),
        ),
    ] {
        let body = plist(&(string("Status", "Idle") + &keys));
        let (_, event) = event_of(&events, &body);
        let said = event.report.expect("a report");
        let ids = said.ids.expect("ids");
        assert_eq!((ids.id.as_str(), ids.kind.as_str()), (id, kind));
        assert_eq!(ids.parent_id.as_deref(), parent);
        assert_eq!(said.raw_payload.unwrap(), STANDARD.encode(&body));
    }
}

/// Proves that reports and check-ins have the members that their listeners look for, and that
/// absent ones are left out.
#[test]
fn members() {
    let events = Events::resume(&MemoryStore::new().unwrap()).unwrap();
    let keys = string("UDID", "D") + &string("Status", "NotNow") + &string("CommandUUID", "C");
    let (_, event) = event_of(&events, &plist(&keys));
    let json = serde_json::to_value(&event).unwrap();
    assert_eq!(json["topic"], "mdm.Connect");
    assert_eq!(json["created_at"], "1970-01-01T00:00:00.000Z");
    assert_eq!(json["acknowledge_event"]["status"], "NotNow");
    assert_eq!(json["acknowledge_event"]["command_uuid"], "C");
    assert_eq!(json["acknowledge_event"]["udid"], "D");
    assert!(json.get("checkin_event").is_none());
    assert!(json["acknowledge_event"].get("url_params").is_none());
    assert_eq!(json["event_id"].as_str().map(str::len), Some(36));

    let (_, event) = event_of(
        &events,
        &plist(&(string("MessageType", "CheckOut") + &keys)),
    );
    let json = serde_json::to_value(&event).unwrap();
    assert_eq!(json["topic"], "mdm.CheckOut");
    assert_eq!(json["checkin_event"]["ids"]["type"], "Device");
    assert!(json.get("acknowledge_event").is_none());
}

/// Proves that numbers go on behind what still waits, and that keys have their order.
#[test]
fn numbers_go_on() {
    let store = MemoryStore::new().unwrap();
    store
        .commit(vec![Change::Document {
            space: Space::Outbox,
            key: key(299),
            value: Some(b"{}".to_vec()),
            expected: mooring_store::Expected::Any,
        }])
        .unwrap();
    let events = Events::resume(&store).unwrap();
    let body = plist(&(string("UDID", "D") + &string("Status", "Idle")));
    assert_eq!(event_of(&events, &body).0, key(300));
    assert_eq!(number(&event_of(&events, &body).0), 301);
    assert!(key(255) < key(256) && events.next() == 302);
}

/// Proves that the bytes that wait are counted, through a restart too, which events are too many
/// for a bound, and that an event without its payload says so.
#[test]
fn bytes_that_wait() {
    let store = MemoryStore::new().unwrap();
    let put = |number: u64, size: usize| Change::Document {
        space: Space::Outbox,
        key: key(number),
        value: Some(vec![b'x'; size]),
        expected: mooring_store::Expected::Any,
    };
    let waiting = (1..=40).map(|number| put(number, 100));
    store.commit(waiting.collect()).unwrap();
    let events = Events::resume(&store).unwrap();
    assert_eq!((events.waiting_bytes(), events.next()), (4000, 41));
    assert_eq!(events.first_within(4000), 1);
    assert_eq!(events.first_within(3999), 2);
    assert_eq!(events.first_within(250), 39);
    assert_eq!(events.first_within(99), 41);
    events.gone_before(39);
    assert_eq!(events.waiting_bytes(), 200);

    let body = plist(&(string("UDID", "D") + &string("Status", "Idle")));
    let (_, event) = event_of(&events, &body);
    assert_eq!(
        events.waiting_bytes(),
        200 + serde_json::to_vec(&event).unwrap().len() as u64
    );
    let json = serde_json::to_value(event.without_payload()).unwrap();
    let said = &json["acknowledge_event"];
    assert_eq!(said["raw_payload_omitted"], true);
    assert!(said.get("raw_payload").is_none() && said["udid"] == "D");
}

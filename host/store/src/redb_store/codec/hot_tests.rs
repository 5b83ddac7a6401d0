//! Hot and cold rows: together they are the record, and the hot one alone is its outline.

use mooring_drift::command::{Command, CommandNames};
use mooring_drift::desired::{Catalog, CatalogProfile, Circumstances, Revision, Secrets};
use mooring_drift::next::{Context, RawQueue};
use mooring_drift::policy::{Policy, Timestamp};
use mooring_drift::set::ProfileSet;
use mooring_drift::state::SyncState;
use mooring_drift::step::{Event, TokenUpdate, step};
use mooring_mdm::device::{Attributes, ListedProfile};
use mooring_mdm::ids::{Channel, PayloadUuid};
use mooring_mdm::report::{Answer, Outcome};

use super::{EnrollmentRow, HotRow, decode, encode_cold, encode_hot};
use crate::record::{EnrollmentOutline, EnrollmentRecord, Pin, PushTarget, Via};
use crate::tests::samples::{enrollment, enrollment_id, identifier};
use crate::{Access, RowError};

fn rows(record: &EnrollmentRecord) -> (Vec<u8>, Vec<u8>) {
    let (cold, digest) = encode_cold(record);
    (encode_hot(record, record.revision, digest), cold)
}

fn observed(record: &EnrollmentRecord) -> Option<ProfileSet> {
    let observed = record.sync.observed.as_ref();
    observed.map(|observed| observed.set.clone())
}

fn record(hot: &[u8], cold: &[u8], like: &EnrollmentRecord) -> Result<EnrollmentRecord, RowError> {
    let (delivered, observed) = (like.sync.delivered.clone(), observed(like));
    let mut record = HotRow::read(hot)?.to_record(like.id.clone(), delivered, observed)?;
    decode::<EnrollmentRow>(cold)?.complete(&mut record)?;
    Ok(record)
}

fn outline(hot: &[u8], like: &EnrollmentRecord) -> Result<EnrollmentOutline, RowError> {
    let (delivered, observed) = (like.sync.delivered.clone(), observed(like));
    HotRow::read(hot)?.into_outline(like.id.clone(), delivered, observed)
}

/// Whatever a record is, its two rows are the record, and the hot row its outline.
#[test]
fn rows_are_the_record() {
    for seed in 0..3000 {
        let full = enrollment(enrollment_id("A"), seed * seed, seed);
        let (hot, cold) = rows(&full);
        assert_eq!(record(&hot, &cold, &full).unwrap(), full, "{seed}");
        assert_eq!(outline(&hot, &full).unwrap(), full.outline(), "{seed}");
        let row = HotRow::read(&hot).unwrap();
        assert!(row.shows(&full));
        assert_eq!(row.delivered(), full.sync.delivered.id());
        assert_eq!(row.observed(), observed(&full).map(|set| set.id()));
        assert_eq!(row.cold, super::cold_digest(&cold));
        assert_eq!(HotRow::read(&hot).unwrap().revision, full.revision);
    }
}

/// Every part of a state by itself, beside a host that has nothing else.
#[test]
fn parts_stand_alone() {
    let blank = EnrollmentRecord::new(enrollment_id("A"), SyncState::new(), Timestamp(5000));
    let kinds: [fn(&mut SyncState, SyncState); 20] = [
        |state, from| state.epoch = from.epoch,
        |state, from| state.phase = from.phase,
        |state, from| state.sequence = from.sequence,
        |state, from| state.observed = from.observed,
        |state, from| state.delivered = from.delivered,
        |state, from| state.unproven = from.unproven,
        |state, from| state.in_flight = from.in_flight,
        |state, from| state.lost = from.lost,
        |state, from| state.last_lost = from.last_lost,
        |state, from| state.list_asked = from.list_asked,
        |state, from| state.list = from.list,
        |state, from| state.attributes = from.attributes,
        |state, from| state.renewal = from.renewal,
        |state, from| state.not_now = from.not_now,
        |state, from| state.attempts = from.attempts,
        |state, from| (state.era, state.begun) = (from.era, from.begun),
        |state, from| state.resend = from.resend,
        |state, from| state.installed_on = from.installed_on,
        |state, from| state.contested = from.contested,
        |state, from| state.hardware = from.hardware,
    ];
    for seed in 0..60 {
        for set in kinds {
            let mut one = blank.clone();
            let from = enrollment(enrollment_id("A"), 0, seed).sync;
            set(&mut one.sync, from);
            let (hot, cold) = rows(&one);
            assert_eq!(record(&hot, &cold, &one).unwrap(), one, "{seed}");
        }
    }
}

/// Bytes that were changed or cut are an error or another row, and never a panic.
#[test]
fn damage_is_never_a_panic() {
    let mut errors = 0;
    for seed in 0..40 {
        let full = enrollment(enrollment_id("A"), 300, seed);
        for is_typical in [false, true] {
            let full = if is_typical {
                typical(synced_state())
            } else {
                full.clone()
            };
            let (hot, cold) = rows(&full);
            for place in 0..hot.len() {
                for bit in [0x01, 0x10, 0x40, 0x80, 0xff] {
                    let mut bad = hot.clone();
                    bad[place] ^= bit;
                    errors += u32::from(outline(&bad, &full).is_err());
                    let _ = record(&bad, &cold, &full);
                }
                assert!(outline(&hot[..place], &full).is_err(), "{seed}: {place}");
            }
            let longer = [&hot[..], &[0]].concat();
            assert!(outline(&longer, &full).is_err());
        }
    }
    assert!(errors > 1000, "{errors}");
}

/// An enrollment that was never at anything unusual: real steps of the engine, until nothing is to
/// be done.
fn synced_state() -> SyncState {
    let uuid = |n: u32| PayloadUuid::parse(&format!("00000000-0000-4000-8000-{n:012}")).unwrap();
    let profile = |n: u32| CatalogProfile {
        channel: Channel::Device,
        latest: Revision {
            version: 1,
            uuid: uuid(n),
        },
        is_wanted: true,
        secrets: Secrets::None,
        made: [uuid(n)].into(),
        personal: None,
        is_personal: false,
        introduced: [].into(),
    };
    let mut catalog = Catalog::default();
    for n in 0..20 {
        let id = identifier(&format!("com.example.profile.{n}"));
        catalog.profiles.insert(id, profile(n));
    }
    let circumstances = Circumstances::default();
    let (enrollment, policy) = (enrollment_id("A"), Policy::default());
    let names = CommandNames::new(&[1; 32], [2; 16]);
    let mut context = Context {
        enrollment: &enrollment,
        desired: catalog.desired(Channel::Device, &circumstances),
        policy: &policy,
        names: &names,
        build_version: None,
        raw: RawQueue::default(),
        renewal: None,
        now: Timestamp(1_790_000_000_123),
    };
    let mut state = SyncState::new();
    state.epoch = 0xdead_beef;
    let serial = Some("C02XL0GYJGH7".to_owned());
    let told = TokenUpdate::default();
    for event in [
        Event::Authenticate { serial },
        Event::TokenUpdate(told),
        Event::TokenUpdate(told),
    ] {
        state = step(&state, event, &context).state;
        context.now = context.now.plus_ms(731);
    }
    let mut listed = Vec::new();
    let mut event = Event::Idle;
    for _ in 0..100 {
        let taken = step(&state, event, &context);
        state = taken.state;
        context.now = context.now.plus_ms(731);
        let Some((uuid, command)) = taken.reply else {
            return state;
        };
        let answer = obey(&mut listed, &command);
        let outcome = Outcome::Acknowledged(answer);
        event = Event::Result { uuid, outcome };
    }
    panic!("it never comes to rest");
}

fn obey(listed: &mut Vec<ListedProfile>, command: &Command) -> Answer {
    let mut answer = Answer::default();
    match command {
        Command::ProfileList => answer.profiles = Some(Ok(listed.clone())),
        Command::DeviceInformation => {
            answer.attributes = Some(Attributes {
                serial_number: Some("C02XL0GYJGH7".to_owned()),
                ..Attributes::default()
            });
        }
        Command::InstallProfile {
            identifier,
            revision,
        } => listed.push(ListedProfile {
            identifier: identifier.clone(),
            uuid: revision.uuid.clone(),
            display_name: None,
        }),
        other @ (Command::RemoveProfile { .. }
        | Command::RenewIdentity { .. }
        | Command::Raw { .. }) => panic!("{other:?}"),
    }
    answer
}

/// The record of such a state: with tokens, one identity, and heard of an hour after its last list.
fn typical(sync: SyncState) -> EnrollmentRecord {
    let listed = sync.observed.as_ref().unwrap().at;
    let pin = Pin {
        fingerprint: [3; 32],
        not_before: Timestamp(1_789_999_000_000),
        not_after: Timestamp(1_789_999_000_000 + 31_536_000_000),
        pinned_at: Timestamp(1_790_000_000_123),
        is_rsa: true,
    };
    EnrollmentRecord {
        push: Some(PushTarget {
            topic: "com.apple.mgmt.External.0".to_owned(),
            magic: "magic".to_owned(),
            token: vec![7; 32],
        }),
        unlock_token: Some(vec![8; 2000]),
        bootstrap_token: Some(vec![9; 200]),
        access: Access {
            pins: vec![pin],
            via: Some(Via::Mtls),
            ..Access::default()
        },
        token_updated_at: Some(listed),
        token_updates: 2,
        revision: 48,
        ..EnrollmentRecord::new(enrollment_id("A"), sync, listed.plus_ms(3_600_000))
    }
}

/// A host in sync after an ordinary life has nothing unusual, and a hot row of at most 75 bytes.
#[test]
fn a_host_in_sync_is_small() {
    let full = typical(synced_state());
    assert!(super::rest::encode_rest(&full.sync).is_empty(), "{full:?}");
    let (hot, cold) = rows(&full);
    assert!(hot.len() <= 75, "{} bytes", hot.len());
    assert_eq!(record(&hot, &cold, &full).unwrap(), full);
    assert_eq!(outline(&hot, &full).unwrap(), full.outline());
}

/// What only the cold row holds leaves the hot one as it is, but for the digest.
#[test]
fn the_cold_row_is_by_itself() {
    let before = typical(synced_state());
    let mut after = before.clone();
    after.sync.sequence += 1;
    after.last_seen_at = Timestamp(after.last_seen_at.0 + 5);
    after.recent_messages = vec![[4; 16]];
    assert_eq!(encode_cold(&before), encode_cold(&after));
    after.unlock_token = None;
    assert_ne!(encode_cold(&before).1, encode_cold(&after).1);
    let row = encode_cold(&before).0;
    let earlier = super::encode(&EnrollmentRow::earlier(&before));
    assert!(row.len() + 60 < earlier.len());
    assert!(record(&rows(&before).0, &earlier, &before).is_err());
}

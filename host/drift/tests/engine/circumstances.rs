//! What is special about one host: who it is for, its own values, its system, what holds it back,
//! who speaks for it.

use mooring_drift::desired::{Hold, Personal, Revision, System};
use mooring_drift::drift::InstallReason;
use mooring_drift::state::CONTESTED_MIN;
use mooring_drift::status::{PendingReason, ProfileStatus, Remark, Status};
use mooring_drift::step::Event;
use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::introduced::Introduction;
use mooring_mdm::report::Outcome;

use crate::model::{DAY_MS, HOUR_MS, World, describe, error, identifier, reason, synced, uuid};

fn pending(reason: PendingReason) -> ProfileStatus {
    ProfileStatus::Pending { reason }
}

/// Leaving a profile's scope removes it, joining it installs it: each with one command.
#[test]
fn moving_in_and_out() {
    let mut world = synced(&[("a", "1"), ("b", "1")]);
    world.circumstances.outside.insert(identifier("a"));
    assert_eq!(world.contact(), ["remove a", "list"]);
    world.circumstances.outside.clear();
    assert_eq!(world.contact(), ["install a=1", "list"]);
    assert_eq!(world.status(), Status::Applied);
}

/// Where nobody knows whether a profile is for the host, what is there stays as it is, and what is
/// not there is not installed; the host is shown as unknown, never as applied.
#[test]
fn unknown_membership_waits() {
    let mut world = synced(&[("a", "1")]);
    world.push("b", "1");
    for id in ["a", "b"] {
        world.circumstances.waiting.insert(identifier(id));
    }
    world.push("a", "2");
    assert_eq!(world.contact(), Vec::<String>::new());
    assert_eq!(world.status(), Status::Unknown);
    let remark = world.states()[&identifier("b")].remark.clone();
    assert_eq!(remark, Some(Remark::MembershipUnknown));
    world.circumstances.waiting.clear();
    assert_eq!(world.contact(), ["install a=2", "install b=1", "list"]);
}

/// A profile that is deleted is removed although nobody knew whether it was for the host.
#[test]
fn deleted_while_unknown() {
    let mut world = synced(&[("a", "1")]);
    world.circumstances.waiting.insert(identifier("a"));
    world.delete("a");
    assert_eq!(world.contact(), ["remove a", "list"]);
}

/// A host whose values are missing neither gets nor loses the profile, and says which are missing;
/// another value is another copy.
#[test]
fn missing_values_block_this_host() {
    let mut world = synced(&[]);
    world.push("a", "generic");
    let profile = world.catalog.profiles.get_mut(&identifier("a")).unwrap();
    profile.is_personal = true;
    assert_eq!(
        world.contact(),
        Vec::<String>::new(),
        "never without its values"
    );
    let names = vec!["attribute.site".to_owned()];
    let personal = &mut world.circumstances.personal;
    personal.insert(identifier("a"), Personal::Missing(names.clone()));
    assert_eq!(reason(&world, "a"), pending(PendingReason::Blocked));
    let remark = world.states()[&identifier("a")].remark.clone();
    assert_eq!(
        remark,
        Some(Remark::ValuesMissing {
            names: names.clone()
        })
    );
    fill(&mut world, "own-1");
    assert_eq!(world.contact(), ["install a=own-1", "list"]);
    fill(&mut world, "own-2");
    assert_eq!(world.contact(), ["install a=own-2", "list"]);
    let personal = &mut world.circumstances.personal;
    personal.insert(identifier("a"), Personal::Missing(names));
    assert_eq!(world.contact(), Vec::<String>::new());
    assert_eq!(world.device[&identifier("a")], uuid("own-2"));
    world.delete("a");
    assert_eq!(world.contact(), ["remove a", "list"]);
}

fn fill(world: &mut World, text: &str) {
    let revision = Revision {
        version: 1,
        uuid: uuid(text),
    };
    let personal = &mut world.circumstances.personal;
    personal.insert(identifier("a"), Personal::Filled(revision));
}

/// While everything is paused no command leaves, whatever the device does; what it reports counts,
/// and afterwards it goes on with the fewest commands.
#[test]
fn a_pause_stops_everything() {
    let mut world = synced(&[]);
    world.push("a", "1");
    let (uuid, command) = world.idle().unwrap();
    world.circumstances.hold = Some(Hold::Paused);
    assert_eq!(reason(&world, "a"), pending(PendingReason::Sent));
    let outcome = world.obey(&command);
    assert!(world.report(&uuid, outcome.clone()).is_none());
    assert!(
        world.report(&uuid, outcome).is_none(),
        "nor to the same report once more"
    );
    world.push("b", "1");
    world.later_ms(2 * DAY_MS);
    assert!(world.idle().is_none());
    assert_eq!(reason(&world, "b"), pending(PendingReason::Held));
    world.circumstances.hold = None;
    let sent = world.contact();
    assert!(!sent.contains(&"install a=1".to_owned()), "{sent:?}");
    assert_eq!(world.status(), Status::Applied);
}

/// A resend installs what is there once more, exactly once; what waits or is on its way is not sent
/// twice; what is parked gets its attempts anew.
#[test]
fn resend() {
    let asked = || Event::ResendAsked {
        identifier: identifier("a"),
    };
    let mut world = synced(&[("a", "1")]);
    world.event(asked());
    let remark = world.states()[&identifier("a")].remark.clone();
    let reason = InstallReason::Asked;
    assert_eq!(remark, Some(Remark::Reinstalling { reason }));
    world.event(asked());
    assert_eq!(world.contact(), ["install a=1", "list"]);
    assert_eq!(world.contact(), Vec::<String>::new());
    world.push("a", "2");
    world.event(asked());
    let (uuid, command) = world.idle().unwrap();
    world.event(asked());
    let outcome = world.obey(&command);
    world.report(&uuid, outcome);
    world.event(asked());
    assert_eq!(world.contact(), ["list"], "it was on its way already");
    world.push("a", "3");
    let (uuid, _) = world.idle().unwrap();
    world.report(&uuid, error("MCProfileErrorDomain", 1003));
    world.later_ms(DAY_MS / 2);
    assert_eq!(world.contact(), Vec::<String>::new(), "parked");
    world.event(asked());
    assert_eq!(world.contact(), ["install a=3", "list"]);
}

/// A resend that fails is counted like any other attempt, and parked.
#[test]
fn a_failing_resend_ends() {
    let mut world = synced(&[("a", "1")]);
    world.event(Event::ResendAsked {
        identifier: identifier("a"),
    });
    let mut installs = 0;
    for _ in 0..20 {
        let mut reply = world.idle();
        while let Some((uuid, command)) = reply {
            let outcome = if describe(&command) == "install a=1" {
                installs += 1;
                error("MCInstallationErrorDomain", 4009)
            } else {
                world.obey(&command)
            };
            reply = world.report(&uuid, outcome);
        }
        world.later_ms(DAY_MS);
    }
    assert_eq!(installs, 3);
    assert_eq!(world.status(), Status::Failed);
}

/// A profile is installed once more when the host's system comes to know one of its keys, and not
/// before or after.
#[test]
fn a_newer_system_knows_more_keys() {
    let mut world = synced(&[]);
    system(&mut world, "14.6");
    world.push("a", "1");
    world.push("b", "1");
    let profile = world.catalog.profiles.get_mut(&identifier("a")).unwrap();
    profile.introduced.insert(Introduction {
        platform: Platform::MacOs,
        version: OsVersion::parse("15.0").unwrap(),
    });
    world.contact();
    system(&mut world, "14.7");
    assert_eq!(world.contact(), Vec::<String>::new());
    system(&mut world, "15.1");
    let remark = world.states()[&identifier("a")].remark.clone();
    let reason = InstallReason::NewerSystem;
    assert_eq!(remark, Some(Remark::Reinstalling { reason }));
    assert_eq!(world.contact(), ["install a=1", "list"]);
    system(&mut world, "15.2");
    assert_eq!(world.contact(), Vec::<String>::new());
    assert_eq!(world.status(), Status::Applied);
}

fn system(world: &mut World, version: &str) {
    world.circumstances.system = Some(System {
        platform: Platform::MacOs,
        version: OsVersion::parse(version).unwrap(),
    });
}

/// A profile that somebody removes every day is installed at most once for each list, more and more
/// slowly, and shown as contested; a host that keeps it is left alone.
#[test]
fn a_contested_profile_is_not_fought_over() {
    let mut world = synced(&[("a", "1")]);
    let mut installs = 0;
    for _ in 0..60 {
        world.device.remove(&identifier("a"));
        world.later_ms(27 * HOUR_MS);
        let sent = world.contact();
        let count = |what: &str| sent.iter().filter(|sent| *sent == what).count();
        assert!(count("install a=1") <= 1, "{sent:?}");
        installs += count("install a=1");
    }
    assert!((20..=60).contains(&installs), "{installs}");
    let remark = world.states()[&identifier("a")].remark.clone();
    let Some(Remark::Contested { times }) = remark else {
        panic!("{remark:?}");
    };
    assert!(times >= CONTESTED_MIN);
    world.later_ms(3 * DAY_MS);
    world.contact();
    assert_eq!(world.status(), Status::Applied);
}

/// A device that answers lists all day but puts off installing is pushed to less and less often.
#[test]
fn a_locked_device_is_not_pushed_for_ever() {
    let mut world = synced(&[]);
    world.push("a", "1");
    let mut pushes = 0;
    for _ in 0..30 * 24 {
        world.later_ms(HOUR_MS);
        let is_due = world.state.not_now.is_none_or(|n| n.push_at <= world.now);
        if !is_due {
            continue;
        }
        pushes += 1;
        let mut reply = world.idle();
        while let Some((uuid, command)) = reply {
            let outcome = if command.identifier().is_some() {
                Outcome::NotNow
            } else {
                world.obey(&command)
            };
            reply = world.report(&uuid, outcome);
        }
    }
    assert!((30..=36).contains(&pushes), "{pushes} pushes in 30 days");
    world.later_ms(DAY_MS);
    let sent = world.contact();
    assert!(sent.contains(&"install a=1".to_owned()), "{sent:?}");
    assert_eq!(world.status(), Status::Applied);
    assert_eq!(world.state.not_now, None);
}

/// A removal that the device refuses, since the profile is not ours to remove, is not tried again.
#[test]
fn a_removal_that_is_not_ours() {
    let mut world = synced(&[("a", "1")]);
    world.delete("a");
    let (uuid, _) = world.idle().unwrap();
    world.report(&uuid, error("MCMDMErrorDomain", 12013));
    world.later_ms(DAY_MS / 2);
    assert_eq!(world.contact(), Vec::<String>::new());
    assert_eq!(world.status(), Status::Failed);
}

/// A removal of ours whose report was lost makes nothing contested, and a profile that stays is
/// contested no more.
#[test]
fn only_what_others_remove_is_contested() {
    let mut world = synced(&[("a", "1")]);
    world.delete("a");
    let (_, command) = world.idle().unwrap();
    world.obey(&command);
    world.push("a", "1");
    world.contact();
    assert!(world.state.contested.is_empty());
    world.device.clear();
    world.event(Event::RefreshAsked);
    world.contact();
    assert_eq!(world.state.contested[&identifier("a")], 1);
    world.later_ms(2 * DAY_MS);
    world.contact();
    assert!(world.state.contested.is_empty());
}

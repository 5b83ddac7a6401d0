//! What the push service answers, and what may follow from it: F8.

use mooring_mdm::ids::EnrollmentId;
use mooring_server::push::PushNowError;
use mooring_sim::apns::{ApnsServer, Misbehaviour};
use mooring_tests::clock::{HOUR_MS, MINUTE_MS};

use super::scene::Scene;
use super::{DAY_MS, everybody};

/// A 410 that is newer than the token ends the pushes to that device and to no other, until its
/// next TokenUpdate; then it is pushed at once.
#[tokio::test(flavor = "multi_thread")]
async fn newer_410() {
    let mut scene = Scene::new(3);
    let push = scene.record(1).push.unwrap();
    let told_at = scene.record(1).token_updated_at.unwrap();
    scene.apns.unregister(&push.token, told_at.0 + 1);
    scene.add_profile("a");
    scene.tick_after(1000).await;
    assert_eq!(scene.wake(everybody), [0, 2]);
    assert_eq!(scene.apns.pushes(), 3);
    assert!(scene.record(1).push_disabled_at.is_some());
    let refused = scene.pusher.push_now(&scene.id(1)).await;
    assert!(
        matches!(refused, Err(PushNowError::Disabled(_))),
        "{refused:?}"
    );
    for _ in 0..20 {
        scene.tick_after(HOUR_MS).await;
    }
    assert_eq!((scene.apns.pushes(), scene.pusher.state().waiting), (3, 0));

    scene.apns.register(&push.token, &push.magic);
    scene.token_update(1, &push.token, &push.magic);
    scene.tick_after(1000).await;
    assert_eq!(scene.wake(everybody), [1]);
    scene.server.assert_applied(3);
}

/// A 410 that is older than the token is about a token before it: the device stays enabled and is
/// pushed again, also where a push was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn older_410() {
    let mut scene = Scene::new(1);
    let push = scene.record(0).push.unwrap();
    let told_at = scene.record(0).token_updated_at.unwrap();
    scene.apns.unregister(&push.token, told_at.0);
    scene.add_profile("a");
    scene.tick_after(1000).await;
    let refused = scene.pusher.push_now(&scene.id(0)).await;
    assert!(
        matches!(refused, Err(PushNowError::Unregistered)),
        "{refused:?}"
    );
    assert_eq!(scene.apns.pushes(), 2);
    assert_eq!(scene.record(0).push_disabled_at, None);
    scene.apns.register(&push.token, &push.magic);
    scene.tick_after(7 * MINUTE_MS).await;
    assert_eq!(scene.wake(everybody), [0]);
}

/// An hour in which every token is called bad: a few dozen pushes leave after the alarm, no device
/// is changed, the alarm says why, and afterwards everybody is reached.
#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_bad_tokens() {
    let mut scene = Scene::new(250);
    let before: Vec<_> = (0..250).map(|number| scene.record(number)).collect();
    scene.add_profile("a");
    scene.apns.misbehave(Misbehaviour::BadRequest, u32::MAX);
    for _ in 0..60 {
        scene.tick_after(MINUTE_MS).await;
    }
    let pushes = scene.apns.pushes();
    assert!(pushes <= 200 + 5 * 7, "{pushes}");
    let state = scene.pusher.state();
    let alarm = state.alarm.expect("an alarm");
    assert!(alarm.text.contains("400 BadDeviceToken"), "{alarm:?}");
    assert_eq!(state.waiting, 250);
    for (number, before) in before.iter().enumerate() {
        assert_eq!(scene.record(number), *before, "no answer changes a device");
    }

    scene.apns.behave();
    let mut reached = 0;
    for _ in 0..3 * 60 {
        scene.tick_after(MINUTE_MS).await;
        reached += scene.wake(everybody).len();
    }
    assert_eq!(reached, 250);
    assert_eq!(scene.pusher.state().alarm, None);
    scene.server.assert_applied(250);
}

/// A device that invents users with tokens that Apple does not know halts nobody's pushes.
#[tokio::test(flavor = "multi_thread")]
async fn one_host_with_invented_users() {
    let mut scene = Scene::new(3);
    let host = scene.hosts[0].id();
    scene.apns.misbehave(Misbehaviour::BadRequest, 40);
    for user in 0..40_u8 {
        scene.user_token_update(0, &format!("U{user}"), &[user; 32]);
        let channel = EnrollmentId::parse(&format!("{host}:U{user}")).unwrap();
        let refused = scene.pusher.push_now(&channel).await;
        assert!(
            matches!(refused, Err(PushNowError::Rejected { status: 400, .. })),
            "{refused:?}"
        );
    }
    assert_eq!(scene.pusher.state().alarm, None);
    scene.add_profile("a");
    scene.tick_after(1000).await;
    assert_eq!(scene.wake(everybody), [0, 1, 2]);
}

/// A certificate that Apple does not take raises the alarm at the first try; another one takes its
/// place without a restart, and nobody waits for the old one's pause.
#[tokio::test(flavor = "multi_thread")]
async fn certificate_replaced() {
    let mut scene = Scene::without_certificate(2);
    scene.set_certificate(&ApnsServer::start().unwrap());
    scene.add_profile("a");
    scene.tick_after(1000).await;
    assert_eq!(scene.apns.pushes(), 0);
    assert!(scene.pusher.state().alarm.is_some());

    scene.set_certificate(&scene.apns);
    scene.tick_after(1000).await;
    assert_eq!(scene.wake(everybody), [0, 1]);
    assert_eq!(
        (scene.pusher.state().alarm, scene.apns.connections()),
        (None, 1)
    );

    scene.add_profile("b");
    scene.tick_after(MINUTE_MS).await;
    assert_eq!(
        (scene.wake(everybody).len(), scene.apns.connections()),
        (2, 1)
    );
    scene.set_certificate(&scene.apns);
    scene.add_profile("c");
    scene.tick_after(MINUTE_MS).await;
    assert_eq!(
        (scene.wake(everybody).len(), scene.apns.connections()),
        (2, 2)
    );
}

/// A certificate that ends within 60 days, or has, is warned about in words.
#[tokio::test(flavor = "multi_thread")]
async fn certificate_that_ends() {
    let scene = Scene::without_certificate(1);
    let topic = scene.topic();
    // The test's clock begins on 2023-11-14.
    for (day, words) in [
        ((2023, 11, 10), "has expired"),
        ((2023, 12, 14), "expires in 29 days"),
        ((2024, 6, 1), ""),
    ] {
        let pem = scene.apns.push_certificate_until_pem(&topic, day).unwrap();
        scene.server.set_push_certificate(pem.as_bytes()).unwrap();
        let state = scene.pusher.state().certificates.remove(0);
        let warning = state.warning.unwrap_or_default();
        assert!(
            warning.contains(words) && warning.is_empty() == words.is_empty(),
            "{warning}"
        );
    }
}

/// Two devices with one token, such as after a restore, are pushed each with its own magic, and a
/// 410 ends the pushes only to the one that told the token before it.
#[tokio::test(flavor = "multi_thread")]
async fn one_token_for_two() {
    let mut scene = Scene::new(2);
    let token = [7; 32];
    let wakes = scene.apns.subscribe(&token);
    scene.token_update(0, &token, "magic of the first");
    scene.server.clock.advance(HOUR_MS);
    scene.token_update(1, &token, "magic of the second");
    scene.add_profile("a");
    scene.tick_after(1000).await;
    assert_eq!(*wakes.borrow(), 2);

    let between = scene.record(0).token_updated_at.unwrap().0 + MINUTE_MS;
    scene.apns.unregister(&token, between);
    scene.tick_after(10 * MINUTE_MS).await;
    assert_eq!(scene.apns.pushes(), 4);
    assert!(scene.record(0).push_disabled_at.is_some());
    assert!(scene.record(1).push_disabled_at.is_none());
    assert!(scene.take_pushed().is_empty());
}

/// A service that ends its connection, refuses, or does not answer costs time and no pushes: all
/// devices are reached when it is well again.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_with_troubles() {
    let mut scene = Scene::new(30);
    let mut round = 0;
    for (how, times) in [
        (Misbehaviour::GoAway, 1),
        (Misbehaviour::Close, 1),
        (Misbehaviour::Throttle, 10),
        (Misbehaviour::Unavailable, 30),
        (Misbehaviour::Refuse403, 15),
    ] {
        round += 1;
        scene.apns.misbehave(how, times);
        scene.add_profile(&format!("p{round}"));
        let mut reached = 0;
        for _ in 0..20 {
            scene.tick_after(MINUTE_MS).await;
            reached += scene.wake(everybody).len();
        }
        assert_eq!(reached, 30, "{how:?}");
        scene.server.assert_applied(30);
    }
    assert_eq!(scene.pusher.state().alarm, None);
    assert!((0..30).all(|number| scene.record(number).push_disabled_at.is_none()));
}

/// What was pushed and lost in a crash is pushed again by the next process, since everything is
/// found anew in the store.
#[tokio::test(flavor = "multi_thread")]
async fn another_process() {
    let mut scene = Scene::new(4);
    scene.add_profile("a");
    scene.apns.misbehave(Misbehaviour::Unavailable, 4);
    scene.tick_after(DAY_MS / 24).await;
    assert!(scene.take_pushed().is_empty());
    let options = super::scene::options_for(&scene.apns);
    scene.pusher = mooring_server::push::Pusher::new(scene.server.shared(), options);
    scene.tick_after(0).await;
    assert_eq!(scene.wake(everybody).len(), 4);
    scene.server.assert_applied(4);
}

//! Waking a fleet: who is pushed, how often, and what no answer of the push service may do.

mod answers;
mod paused;
mod scene;
mod waves;

use std::time::Duration;

use mooring_server::push::PushNowError;
use mooring_tests::clock::{HOUR_MS, MINUTE_MS};
use mooring_tests::settle_one;
use scene::Scene;
use tokio::sync::watch;

const DAY_MS: u64 = 24 * HOUR_MS;

fn everybody(_number: usize) -> bool {
    true
}

/// A new profile pushes every enrolled device once; it connects, is in sync, and is left alone
/// until its list, or what it told of itself, is a day old.
#[tokio::test(flavor = "multi_thread")]
async fn one_push_each() {
    let mut scene = Scene::new(20);
    scene.tick_after(0).await;
    assert_eq!(scene.apns.pushes(), 0, "a fleet at rest is left alone");
    scene.add_profile("a");
    scene.tick_after(1000).await;
    assert_eq!(scene.pusher.state().waiting, 20);
    assert_eq!(scene.wake(everybody).len(), 20);
    scene.server.assert_applied(20);
    for _ in 0..20 {
        scene.tick_after(HOUR_MS).await;
    }
    assert_eq!((scene.apns.pushes(), scene.apns.accepted()), (20, 20));
    assert_eq!(scene.pusher.state().waiting, 0);
    for _ in 0..8 {
        scene.tick_after(HOUR_MS).await;
        scene.wake(everybody);
    }
    let pushes = scene.apns.pushes();
    assert!((40..=60).contains(&pushes), "{pushes}");
    assert_eq!(scene.apns.mismatches(), Vec::<String>::new());
    scene.server.assert_applied(20);
}

/// A device that does not come is pushed again with growing waits and not at every look; one that
/// comes in between is not; and a new reason pushes at once.
#[tokio::test(flavor = "multi_thread")]
async fn repeated_until_it_comes() {
    let mut scene = Scene::new(2);
    scene.add_profile("a");
    let mut pushes = Vec::new();
    for minute in 0..24 * 60 {
        scene.tick_after(MINUTE_MS).await;
        if scene.wake(|number| number == 0).len() + scene.take_pushed().len() > 0 {
            pushes.push(minute);
        }
    }
    // The second device: at once, after 5 min, 15 min, 1 h and 4 h, each up to a fifth longer.
    assert_eq!(scene.apns.pushes(), 1 + 5, "{pushes:?}");
    scene.add_profile("b");
    scene.tick_after(1000).await;
    assert_eq!(scene.apns.pushes(), 6 + 2);
    assert_eq!(scene.wake(everybody), [0, 1]);
    scene.server.assert_applied(2);
}

/// A device that puts work off is left alone for as long as the engine says, then pushed; a month
/// of that costs at most five pushes a day (each day's list, which it does answer, begins the
/// waits anew), and the push after it is unlocked brings it in sync.
#[tokio::test(flavor = "multi_thread")]
async fn not_now() {
    let mut scene = Scene::new(1);
    scene.hosts[0].device.lock(u32::MAX);
    scene.add_profile("a");
    scene.tick_after(1000).await;
    scene.hosts[0].contact(&scene.server);
    assert_eq!(scene.take_pushed(), [0]);
    assert!(scene.record(0).sync.not_now.is_some());
    for _ in 0..5 {
        scene.tick_after(10 * MINUTE_MS).await;
    }
    assert_eq!(scene.take_pushed(), [0; 0], "an hour is not over");
    scene.tick_after(11 * MINUTE_MS).await;
    assert_eq!(scene.take_pushed(), [0]);
    scene.hosts[0].contact(&scene.server);
    for _ in 0..30 * 24 {
        scene.tick_after(HOUR_MS).await;
        if !scene.take_pushed().is_empty() {
            scene.hosts[0].contact(&scene.server);
        }
    }
    let pushes = scene.apns.pushes();
    assert!((30..=150).contains(&pushes), "{pushes}");
    scene.hosts[0].device.lock(0);
    for _ in 0..25 {
        scene.tick_after(HOUR_MS).await;
        scene.wake(everybody);
    }
    scene.server.assert_applied(1);
}

/// F18: among 300 devices of which 95 % are off, each that is on is reached within two rounds, and
/// those that are off do not get more pushes for it.
#[tokio::test(flavor = "multi_thread")]
async fn the_absent_do_not_starve_the_others() {
    let mut scene = Scene::new(300);
    let is_on = |number: usize| number % 20 == 7;
    scene.add_profile("a");
    scene.tick_after(0).await;
    let mut reached = scene.wake(is_on);
    scene.tick_after(1000).await;
    reached.extend(scene.wake(is_on));
    assert_eq!(reached.len(), 15, "two rounds");
    assert_eq!(scene.server.counts().counts.applied, 15);
    for _ in 0..6 * 24 {
        scene.tick_after(10 * MINUTE_MS).await;
        scene.wake(is_on);
    }
    assert!(
        scene.apns.pushes() <= 15 * 2 + 285 * 6,
        "{}",
        scene.apns.pushes()
    );
    // A device that was not pushed for long goes before those that never come.
    scene.add_profile("b");
    let mut reached = Vec::new();
    for _ in 0..2 {
        scene.tick_after(1000).await;
        reached.extend(scene.wake(is_on));
    }
    assert_eq!(reached.len(), 15, "two rounds again");
}

/// A device that comes whenever it is pushed but never asks for its work is not pushed every five
/// minutes for ever: a week of that costs no more than if it were off, and some.
#[tokio::test(flavor = "multi_thread")]
async fn it_comes_to_no_end() {
    let mut scene = Scene::new(1);
    scene.add_profile("a");
    for _ in 0..7 * 24 * 6 {
        scene.tick_after(10 * MINUTE_MS).await;
        if !scene.take_pushed().is_empty() {
            let request = scene.hosts[0].device.bootstrap_token_request();
            let (server, host) = (&scene.server, &mut scene.hosts[0]);
            host.say(server, mooring_sim::Channel::Device, &request);
        }
    }
    let pushes = scene.apns.pushes();
    assert!((10..=20).contains(&pushes), "{pushes}");
}

/// A device that took a command and went away is pushed again, once its session is long over.
#[tokio::test(flavor = "multi_thread")]
async fn gone_with_a_command() {
    let mut scene = Scene::new(1);
    scene.add_profile("a");
    let request = scene.hosts[0].device.begin(mooring_sim::Channel::Device);
    let (server, host) = (&scene.server, &mut scene.hosts[0]);
    let reply = host.say(server, mooring_sim::Channel::Device, &request.unwrap());
    assert!(!reply.body.is_empty() && scene.record(0).sync.in_flight.is_some());
    scene.tick_after(MINUTE_MS).await;
    assert_eq!(scene.take_pushed(), [0; 0]);
    scene.tick_after(5 * MINUTE_MS).await;
    assert_eq!(scene.wake(everybody), [0]);
    scene.server.assert_applied(1);
}

/// Enrollments of a topic without a certificate are counted and told, and pushed once there is
/// one.
#[tokio::test(flavor = "multi_thread")]
async fn no_certificate() {
    let mut scene = Scene::without_certificate(3);
    scene.add_profile("a");
    scene.tick_after(1000).await;
    let state = scene.pusher.state();
    assert_eq!((state.waiting, state.certificates.len()), (0, 0));
    let missing: Vec<_> = state
        .uncertified
        .iter()
        .map(|one| (&one.topic, one.enrollments))
        .collect();
    assert_eq!(missing, [(&scene.topic(), 3)]);
    let refused = scene.pusher.push_now(&scene.id(0)).await;
    assert!(
        matches!(refused, Err(PushNowError::NoCertificate(_))),
        "{refused:?}"
    );

    scene.set_certificate(&scene.apns);
    scene.tick_after(1000).await;
    assert_eq!(scene.wake(everybody), [0, 1, 2]);
    let state = scene.pusher.state();
    assert!(state.uncertified.is_empty() && state.certificates[0].warning.is_none());
}

/// A push that is asked for leaves at once, whether there is something to do or not, and gives
/// Apple's name for it.
#[tokio::test(flavor = "multi_thread")]
async fn on_request() {
    let mut scene = Scene::new(2);
    let apns_id = scene.pusher.push_now(&scene.id(1)).await.unwrap();
    assert_eq!(apns_id.map(|id| id.len()), Some(36));
    assert_eq!(scene.take_pushed(), [1]);
    let stranger = mooring_mdm::ids::EnrollmentId::parse("nobody").unwrap();
    let refused = scene.pusher.push_now(&stranger).await;
    assert!(
        matches!(refused, Err(PushNowError::NotEnrolled(_))),
        "{refused:?}"
    );
}

/// By itself, once started: a new profile wakes its devices within moments, and after stopping
/// nothing does.
#[tokio::test(flavor = "multi_thread")]
async fn by_itself() {
    let mut scene = Scene::new(2);
    let push = scene.record(0).push.unwrap();
    let mut wakes = scene.apns.subscribe(&push.token);
    let (stop, stopped) = watch::channel(false);
    scene.pusher.start(stopped);
    for name in ["a", "b"] {
        scene.add_profile(name);
        let pushed = tokio::time::timeout(Duration::from_secs(20), wakes.changed()).await;
        pushed.expect("a push").unwrap();
        settle_one(&scene.server, &mut scene.hosts[0]);
    }
    stop.send(true).unwrap();
    scene.pusher.stopped().await;
    scene.add_profile("c");
    assert!(!wakes.has_changed().unwrap());
}

/// A clock that is set back by a year does not keep anybody waiting for a year.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back() {
    let mut scene = Scene::new(1);
    scene.add_profile("a");
    scene.tick_after(1000).await;
    assert_eq!(scene.take_pushed(), [0]);
    scene.server.clock.set_back(365 * DAY_MS);
    scene.tick_after(0).await;
    assert_eq!(scene.wake(everybody), [0]);
}

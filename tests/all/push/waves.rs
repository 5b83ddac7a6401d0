//! A change for many hosts: who is pushed, in which order, and what a second change or a restart in
//! the middle of it does.

use std::collections::BTreeSet;

use mooring_server::push::Pusher;
use mooring_tests::settle_one;

use super::everybody;
use super::scene::{Scene, options_for};

/// Several times what leaves at once.
const HOSTS: usize = 1000;
/// Pushes that leave at once.
const BURST: usize = 200;
/// Pushes that leave in a tenth of a second.
const PORTION: usize = 100;
/// Tenths of a second in which everybody is pushed.
const PORTIONS: usize = (HOSTS - BURST) / PORTION;

fn scene() -> Scene {
    Scene::new(u32::try_from(HOSTS).unwrap())
}

/// Every host with something to do is pushed once, no faster than the rate, and not in order; one
/// that came by itself meanwhile is not.
#[tokio::test(flavor = "multi_thread")]
async fn each_once_and_not_in_order() {
    let mut scene = scene();
    scene.add_profile("a");
    scene.tick_after(0).await;
    let first = scene.take_pushed();
    assert_eq!(first.len(), BURST);
    for part in 0..5 {
        let part = part * HOSTS / 5..(part + 1) * HOSTS / 5;
        let count = first.iter().filter(|number| part.contains(number)).count();
        assert!((15..=70).contains(&count), "{count} of {part:?}");
    }
    let mut pushed: BTreeSet<_> = first.into_iter().collect();
    let by_itself = (0..HOSTS).find(|number| !pushed.contains(number));
    settle_one(&scene.server, &mut scene.hosts[by_itself.unwrap()]);
    for _ in 0..=PORTIONS {
        scene.tick_after(100).await;
        let more = scene.take_pushed();
        assert!(more.len() <= PORTION, "{}", more.len());
        pushed.extend(more);
    }
    assert!(!pushed.contains(&by_itself.unwrap()));
    assert_eq!(pushed.len(), HOSTS - 1);
    assert_eq!(scene.apns.pushes(), HOSTS as u64 - 1, "nobody twice");
    assert_eq!(scene.pusher.state().waiting, HOSTS - 1);
}

/// A second change while the wave is under way pushes nobody a second time who is on the way, and
/// whoever came for the first is pushed for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_on_the_way() {
    let mut scene = scene();
    scene.add_profile("a");
    scene.tick_after(0).await;
    let first = scene.wake(|number| number % 2 == 0).len();
    scene.tick_after(100).await;
    scene.add_profile("b");
    for _ in 0..PORTIONS + BURST / PORTION {
        scene.tick_after(100).await;
    }
    let expected = (HOSTS + first) as u64;
    assert_eq!(scene.apns.pushes(), expected);
    scene.wake(everybody);
    let off = BURST - first;
    let applied = scene.server.counts().counts.applied;
    assert_eq!(applied, (HOSTS - off) as u64);
    scene.tick_after(100).await;
    assert_eq!(scene.apns.pushes(), expected);
    assert_eq!(scene.pusher.state().waiting, off);
}

/// A restart in the middle of a wave wakes those who still have something to do, and nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_on_the_way() {
    let mut scene = scene();
    scene.add_profile("a");
    scene.tick_after(0).await;
    scene.tick_after(100).await;
    let mut reached = scene.wake(everybody).len();
    assert_eq!(reached, BURST + PORTION);
    scene.pusher = Pusher::new(scene.server.shared(), options_for(&scene.apns));
    for _ in 0..PORTIONS {
        scene.tick_after(100).await;
        reached += scene.wake(everybody).len();
    }
    assert_eq!((reached, scene.apns.pushes()), (HOSTS, HOSTS as u64));
    scene.server.assert_applied(HOSTS as u64);
}

//! One host under way: when it is pushed again, and when not.

use std::time::Duration;

use super::*;

/// Proves the repetition: at once, then after 5 min, 15 min, 1 h, 4 h, and then daily.
#[test]
fn repetition() {
    let mut fleet = Fleet::of(1);
    let mut now = 7 * DAY;
    assert_eq!(fleet.reach(now), [0]);
    for wait_ms in [5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, DAY, DAY] {
        let next = fleet.due_ms(0);
        assert!(is_about(next, now, wait_ms), "{}", next - now);
        assert_eq!(fleet.reach(next - 1), NOBODY);
        assert_eq!(fleet.reach(next), [0]);
        now = next;
    }
    fleet.done(0);
    assert_eq!((fleet.pacer.len(), fleet.reach(now + DAY * 9)), (0, vec![]));
}

/// Proves that devices of one moment do not stay in step.
#[test]
fn repetition_is_spread() {
    let mut fleet = Fleet::with(PacerOptions {
        burst: 1000,
        under_way_max: 1000,
        ..PacerOptions::default()
    });
    fleet.wanted = (0..1000).map(|host| (host, 1)).collect();
    assert_eq!(fleet.reach(0).len(), 1000);
    let mut busiest = 0;
    for second in 300..=361 {
        busiest = busiest.max(fleet.reach(second * SECOND).len());
    }
    assert!(busiest < 60, "{busiest} in a second");
}

/// Proves that a new reason pushes at once, that one right after a push adds none, and that it does
/// if the device came in between.
#[test]
fn coalescing() {
    let mut fleet = Fleet::of(1);
    assert_eq!(fleet.reach(0), [0]);
    fleet.change();
    assert_eq!(fleet.reach(COALESCE_MS - 1), NOBODY);
    assert_eq!(
        fleet.reach(COALESCE_MS),
        NOBODY,
        "it finds both when it comes"
    );
    fleet.change();
    assert_eq!(fleet.reach(COALESCE_MS), [0]);
    fleet.pacer.contacted(device(0), COALESCE_MS + 1);
    assert_eq!(fleet.reach(COALESCE_MS + 2), NOBODY);
    fleet.change();
    assert_eq!(fleet.reach(COALESCE_MS + 2), [0]);
}

/// Proves that contact forgets the back-off: the next repetition comes after 5 min, not a day.
#[test]
fn contact_forgets() {
    let mut fleet = Fleet::of(1);
    for now in [0, HOUR, 3 * HOUR, 9 * HOUR, DAY] {
        assert_eq!(fleet.reach(now), [0]);
    }
    fleet.pacer.contacted(device(0), 2 * DAY);
    let next = fleet.due_ms(0);
    assert!(is_about(next, 2 * DAY, 5 * MINUTE));
    assert_eq!(fleet.reach(next), [0]);
    assert!(is_about(fleet.due_ms(0), next, 15 * MINUTE));
    // A device that nobody waits for is none of ours.
    fleet.pacer.contacted(device(9), 0);
    assert_eq!(fleet.pacer.len(), 1);
}

/// Proves that a device which comes whenever it is pushed, and never gets to the end of it, is after
/// five times pushed as rarely as one that does not come.
#[test]
fn contacts_without_an_end() {
    let mut fleet = Fleet::of(1);
    let mut pushes = 0;
    let mut now = 0;
    while now < 7 * DAY {
        if fleet.reach(now) == [0] {
            pushes += 1;
            fleet.pacer.contacted(device(0), now + SECOND);
        }
        now += MINUTE;
    }
    assert!((10..=18).contains(&pushes), "{pushes}");
}

/// Proves that a push without effect is repeated as if it had not been, that 429 keeps even new
/// reasons waiting, and that a device which came meanwhile is left alone.
#[test]
fn postponed_pushes_do_not_count() {
    let mut fleet = Fleet::of(1);
    let retry_after = Some(Duration::from_secs(90));
    assert_eq!(fleet.take(0), [0]);
    fleet.land(&[0], &PushOutcome::Throttled { retry_after }, 0);
    fleet.change();
    assert_eq!(fleet.take(1000), NOBODY);
    assert_eq!(fleet.take(89_999), NOBODY);
    assert_eq!(fleet.take(90_000), [0]);
    fleet.land(&[0], &unavailable(Cause::Timeout), 90_000);
    assert_eq!(fleet.reach(100_000), [0]);
    assert!(is_about(fleet.due_ms(0), 100_000, 5 * MINUTE));

    let mut fleet = Fleet::of(1);
    assert_eq!(fleet.take(200_000), [0]);
    fleet.pacer.contacted(device(0), 200_500);
    fleet.land(&[0], &unavailable(Cause::Timeout), 201_000);
    assert_eq!(fleet.take(240_000), NOBODY);
}

/// Proves that a push which did not leave after all is made as soon as it may.
#[test]
fn not_made_after_all() {
    let mut fleet = Fleet::of(1);
    assert_eq!(fleet.take(0), [0]);
    fleet.pacer.landed(LANE, device(0), None, 0);
    assert_eq!(fleet.take(1000), [0]);
}

/// Proves that a channel whose topic changed begins anew in its new lane, and that a lane that is
/// closed forgets its own alone.
#[test]
fn lanes() {
    let mut pacer = Pacer::new(PacerOptions::default());
    let (one, other) = (Errand { lane: 1, reason: 5 }, Errand { lane: 2, reason: 5 });
    let push = |pacer: &mut Pacer, errand, now| {
        let mut round = pacer.round(now);
        let is_pushed = pacer.push(&mut round, device(0), errand, Sight::default());
        pacer.end(round);
        is_pushed
    };
    pacer.open(1);
    assert!(push(&mut pacer, one, 0) && !push(&mut pacer, one, 1000));
    assert!(!push(&mut pacer, other, 1000), "nobody pushes there");
    assert_eq!((pacer.count(1), pacer.count(2)), (0, 1));
    assert_eq!(
        pacer.meet(device(0).host, Sight::default(), 2000),
        Meeting::Later
    );
    pacer.open(2);
    assert_eq!(
        pacer.meet(device(0).host, Sight::default(), 2000),
        Meeting::New
    );
    assert!(push(&mut pacer, other, 2000));
    pacer.close(1);
    assert_eq!(pacer.len(), 1);
    pacer.close(2);
    assert!(pacer.is_empty() && pacer.alarm(2).is_none());
}

//! Pacing by tables, properties, and the two long nights: a fleet that Apple refuses, and one that
//! is almost all off.

use std::collections::BTreeSet;

use super::*;

mod properties;

const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

fn accepted() -> PushOutcome {
    PushOutcome::Accepted { apns_id: None }
}

fn rejected() -> PushOutcome {
    PushOutcome::Rejected {
        status: 400,
        reason: "BadDeviceToken".to_owned(),
    }
}

fn unavailable(cause: Cause) -> PushOutcome {
    PushOutcome::Unavailable {
        cause,
        retry_after: None,
    }
}

fn pacer() -> Pacer {
    Pacer::new(PacerOptions::default())
}

fn fleet(count: usize) -> Pacer {
    let mut pacer = pacer();
    for number in 0..count {
        pacer.schedule(&format!("H{number:05}"), 0).unwrap();
    }
    pacer
}

/// Whether `at_ms` is `wait_ms` after `from_ms`, or up to a fifth more.
fn is_about(at_ms: u64, from_ms: u64, wait_ms: u64) -> bool {
    (from_ms + wait_ms..from_ms + wait_ms + wait_ms / 5).contains(&at_ms)
}

/// Proves the repetition: at once, then after 5 min, 15 min, 1 h, 4 h, and then daily.
#[test]
fn repetition() {
    let mut pacer = pacer();
    let mut now = 7 * DAY;
    pacer.schedule("H", now).unwrap();
    assert_eq!(pacer.take(now, 9), ["H"]);
    pacer.note("H", &accepted(), now);
    for wait_ms in [5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, DAY, DAY] {
        let next = pacer.next_ms(now).unwrap();
        assert!(is_about(next, now, wait_ms), "{}", next - now);
        assert!(pacer.take(next - 1, 9).is_empty());
        assert_eq!(pacer.take(next, 9), ["H"]);
        pacer.note("H", &accepted(), next);
        now = next;
    }
    pacer.done("H");
    assert_eq!(pacer.next_ms(now), None);
    assert!(pacer.is_empty() && pacer.take(now + DAY * 9, 9).is_empty());
}

/// Proves that devices of one moment do not stay in step.
#[test]
fn repetition_is_spread() {
    let mut queue = PushQueue::new(1000);
    for number in 0..1000 {
        queue.schedule(&format!("H{number}"), 0).unwrap();
    }
    assert_eq!(queue.take_due(0, 1000).len(), 1000);
    let mut busiest = 0;
    for second in 300..=360 {
        busiest = busiest.max(queue.take_due(second * 1000, 1000).len());
    }
    assert!(busiest < 60, "{busiest} in a second");
}

/// Proves that a new reason pushes at once, that one right after a push adds none, and that it does
/// if the device came in between.
#[test]
fn coalescing() {
    let mut queue = PushQueue::new(10);
    queue.schedule("H", 0).unwrap();
    queue.schedule("H", 0).unwrap();
    assert_eq!(queue.take_due(0, 10), ["H"]);
    queue.schedule("H", COALESCE_MS - 1).unwrap();
    assert!(queue.take_due(COALESCE_MS - 1, 10).is_empty());
    queue.schedule("H", COALESCE_MS).unwrap();
    assert_eq!(queue.take_due(COALESCE_MS, 10), ["H"]);
    queue.contacted("H", COALESCE_MS + 1);
    queue.schedule("H", COALESCE_MS + 2).unwrap();
    assert_eq!(queue.take_due(COALESCE_MS + 2, 10), ["H"]);
}

/// Proves that contact forgets the back-off: the next repetition comes after 5 min, not a day.
#[test]
fn contact_forgets() {
    let mut queue = PushQueue::new(10);
    queue.schedule("H", 0).unwrap();
    for now in [0, HOUR, 3 * HOUR, 9 * HOUR, DAY] {
        assert_eq!(queue.take_due(now, 10), ["H"]);
    }
    queue.contacted("H", 2 * DAY);
    let next = queue.next_due_ms().unwrap();
    assert!(is_about(next, 2 * DAY, 5 * MINUTE));
    queue.take_due(next, 10);
    assert!(is_about(queue.next_due_ms().unwrap(), next, 15 * MINUTE));
    // A device that nobody waits for is none of ours.
    queue.contacted("other", 0);
    assert_eq!(queue.len(), 1);
}

/// Proves that a push without effect is repeated as if it had not been, that 429 keeps even new
/// reasons waiting, and that a device which came meanwhile is left alone.
#[test]
fn postponed_pushes_do_not_count() {
    let mut pacer = pacer();
    let retry_after = Some(Duration::from_secs(90));
    pacer.schedule("H", 0).unwrap();
    assert_eq!(pacer.take(0, 9), ["H"]);
    pacer.note("H", &PushOutcome::Throttled { retry_after }, 0);
    pacer.schedule("H", 1000).unwrap();
    assert!(pacer.take(89_999, 9).is_empty());
    assert_eq!(pacer.take(90_000, 9), ["H"]);
    pacer.note("H", &unavailable(Cause::Timeout), 90_000);
    assert_eq!(pacer.take(100_000, 9), ["H"]);
    pacer.note("H", &accepted(), 100_000);
    assert!(is_about(
        pacer.next_ms(100_000).unwrap(),
        100_000,
        5 * MINUTE
    ));

    pacer.schedule("G", 200_000).unwrap();
    assert_eq!(pacer.take(200_000, 9), ["G"]);
    pacer.contacted("G", 200_500);
    pacer.note("G", &unavailable(Cause::Timeout), 201_000);
    assert!(pacer.take(240_000, 9).is_empty());
}

/// Proves that a service which does not answer halts all pushes, for 1 s doubling to a minute,
/// however many fail together, and that the first answer ends that.
#[test]
fn holds() {
    let mut pacer = fleet(1000);
    let mut now = 0;
    for wait_ms in [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] {
        let keys = pacer.take(now, 50);
        assert_eq!(keys.len(), 50);
        for key in keys {
            pacer.note(&key, &unavailable(Cause::Connect), now);
        }
        assert!(pacer.take(now + wait_ms - 1, 50).is_empty());
        assert_eq!(pacer.next_ms(now), Some(now + wait_ms));
        now += wait_ms;
    }
    let keys = pacer.take(now, 1);
    pacer.note(&keys[0], &accepted(), now);
    assert_eq!(pacer.take(now, 50).len(), 50);
}

/// Proves that the queue is bounded and that known keys still find their place in a full one.
#[test]
fn bounded() {
    let mut queue = PushQueue::new(2);
    queue.schedule("A", 0).unwrap();
    queue.schedule("B", 0).unwrap();
    assert_eq!(queue.schedule("C", 0), Err(QueueFull));
    queue.schedule("A", 0).unwrap();
    queue.done("A");
    queue.schedule("C", 0).unwrap();
    assert_eq!(queue.take_due(0, 9), ["B", "C"]);
}

/// Proves F18: of many due devices, the one that was not pushed for the longest time is first, so
/// 95 % that never come do not keep the others waiting for more than one round.
#[test]
fn fair() {
    let mut pacer = fleet(2000);
    let is_on = |key: &str| key.ends_with('7') && key.as_bytes()[4].is_multiple_of(2);
    let mut now = 0;
    let mut reached = BTreeSet::new();
    // 200 at once and 200 a second: 2,000 are one round of nine seconds.
    while now <= 9000 {
        for key in pacer.take(now, usize::MAX) {
            pacer.note(&key, &accepted(), now);
            if is_on(&key) {
                pacer.done(&key);
                reached.insert(key);
            }
        }
        now += 100;
    }
    assert_eq!(reached.len(), 100);
    // A day later all others are due: a new device goes before them.
    now = 2 * DAY;
    pacer.take(now, 150);
    pacer.schedule("new", now).unwrap();
    assert_eq!(pacer.take(now, 1), ["new"]);
}

/// Proves F8: when Apple calls every token bad for an hour, a few dozen pushes leave after the
/// alarm, nobody leaves the queue, nobody's repetition is spoilt, and when it is over everybody is
/// reached.
#[test]
fn an_hour_of_bad_tokens() {
    let mut pacer = fleet(10_000);
    let mut pushes = 0;
    let mut now = 0;
    while now < HOUR {
        for key in pacer.take(now, 100) {
            pushes += 1;
            pacer.note(&key, &rejected(), now);
        }
        now += 1000;
    }
    assert!(pushes <= 100 + 5 * 7, "{pushes}");
    assert_eq!(pacer.len(), 10_000);
    let alarm = pacer.alarm().unwrap();
    assert_eq!((alarm.since_ms, alarm.status), (0, Some(400)));
    assert_eq!(alarm.reason, "BadDeviceToken");

    let mut reached = BTreeSet::new();
    while now < 3 * HOUR && reached.len() < 10_000 {
        for key in pacer.take(now, usize::MAX) {
            pacer.note(&key, &accepted(), now);
            pacer.done(&key);
            reached.insert(key);
        }
        now += 1000;
    }
    assert_eq!(reached.len(), 10_000);
    assert_eq!(pacer.alarm(), None);
}

/// Proves what is an alarm: 20 hosts refused in a minute that are more than one in a hundred
/// answers, and at once a certificate that is refused; not 410, not 429, not a few, not over hours.
#[test]
fn what_is_an_alarm() {
    let gone = PushOutcome::Unregistered { at_ms: None };
    let throttled = PushOutcome::Throttled { retry_after: None };
    let alarms = |outcomes: &[(&PushOutcome, u64)], step_ms: u64| {
        let mut health = Health::new();
        let mut now = 0;
        for (outcome, count) in outcomes {
            for number in 0..*count {
                health.note(&format!("H{number}"), outcome, now);
                now += step_ms;
            }
        }
        health.alarm().is_some()
    };
    assert!(alarms(&[(&rejected(), 20)], 0));
    assert!(!alarms(&[(&rejected(), 19)], 0));
    assert!(!alarms(&[(&rejected(), 1000)], 4000));
    assert!(!alarms(&[(&accepted(), 2000), (&rejected(), 20)], 0));
    assert!(alarms(&[(&accepted(), 1900), (&rejected(), 20)], 0));
    assert!(!alarms(&[(&gone, 5000), (&throttled, 5000)], 0));
    assert!(!alarms(&[(&unavailable(Cause::Connect), 5000)], 0));
    assert!(alarms(&[(&unavailable(Cause::CertificateRefused), 1)], 0));
    assert!(!alarms(&[(&rejected(), 20), (&accepted(), 1)], 0));
}

/// Proves that a host counts once, however many users with bad tokens it invents, and that a
/// certificate which APNs forbids counts by the push, as no device can bring that about.
#[test]
fn one_host_is_no_alarm() {
    let mut health = Health::new();
    for number in 0..19 {
        for user in 0..64 {
            health.note(&format!("H{number}:U{user}"), &rejected(), 0);
        }
        health.note(&format!("H{number}"), &rejected(), 0);
    }
    assert_eq!(health.alarm(), None);

    let forbidden = PushOutcome::Rejected {
        status: 403,
        reason: "BadCertificate".to_owned(),
    };
    let mut health = Health::new();
    for number in 0..20 {
        assert_eq!(health.alarm(), None, "{number}");
        health.note("H", &forbidden, 0);
    }
    assert!(health.alarm().is_some());
    health.took(1, MINUTE);
    health.note("H", &forbidden, MINUTE);
    assert_eq!(health.resumes_ms(), 3 * MINUTE);
}

/// Proves that probes go to as many hosts: one that invents users takes the place of one probe,
/// and its refusals alone do not lengthen the pause.
#[test]
fn one_host_does_not_decide_probes() {
    let mut pacer = fleet(25);
    for key in pacer.take(0, 25) {
        pacer.note(&key, &rejected(), 0);
        pacer.done(&key);
    }
    assert!(pacer.alarm().is_some());
    for user in 0..64 {
        pacer.schedule(&format!("A:U{user:02}"), 0).unwrap();
    }
    assert_eq!(pacer.take(MINUTE, 100), ["A:U00"]);
    pacer.note("A:U00", &rejected(), MINUTE);
    assert_eq!(pacer.next_ms(MINUTE), Some(2 * MINUTE));
    pacer.schedule("B", 0).unwrap();
    pacer.schedule("C", 0).unwrap();
    assert_eq!(pacer.take(2 * MINUTE, 100), ["A:U01", "B", "C"]);
    pacer.note("A:U01", &rejected(), 2 * MINUTE);
    pacer.note("A:U02", &rejected(), 2 * MINUTE);
    assert_eq!(pacer.next_ms(2 * MINUTE), Some(3 * MINUTE));
    pacer.note("B", &accepted(), 2 * MINUTE);
    assert_eq!(pacer.alarm(), None);
}

/// Proves that pauses double from a minute to an hour, with a handful of pushes after each, and
/// that outcomes which are never told do not end all pushing.
#[test]
fn pauses() {
    let mut health = Health::new();
    for number in 0..200 {
        health.note(&format!("H{number}"), &rejected(), 0);
    }
    let mut now = 0;
    for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
        let until = now + minutes * MINUTE;
        assert_eq!(health.resumes_ms(), until);
        assert_eq!(health.allowance(until - 1), 0);
        assert_eq!(health.allowance(until), 5);
        now = until;
        health.took(2, now);
        assert_eq!(health.allowance(now), 0);
        health.note("A", &rejected(), now);
        health.note("B", &rejected(), now);
    }
    now += HOUR;
    health.took(5, now);
    assert_eq!(health.allowance(now + HOUR - 1), 0);
    assert_eq!(health.allowance(now + HOUR), 5);
}

/// Proves that a clock which goes back gives no pushes twice.
#[test]
fn clock_that_goes_back() {
    let mut bucket = TokenBucket::new(10, 10);
    let full = bucket.available(DAY);
    bucket.spend(full);
    assert_eq!(bucket.available(0), 0);
    assert_eq!(bucket.available(DAY), 0);
    assert_eq!(bucket.next_ms(0), DAY + 100);
    assert_eq!(bucket.available(DAY + 100), 1);
}

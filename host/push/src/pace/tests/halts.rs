//! What Apple's refusals and silence do to all pushes.

use super::*;

/// Proves that a service which does not answer halts all pushes, for 1 s doubling to a minute,
/// however many fail together, and that the first answer ends that.
#[test]
fn holds() {
    let mut fleet = Fleet::of(2000);
    let mut now = 0;
    for wait_ms in [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] {
        let hosts = fleet.take(now);
        assert!(hosts.len() >= 100, "{}", hosts.len());
        fleet.land(&hosts, &unavailable(Cause::Connect), now);
        assert_eq!(fleet.take(now + wait_ms - 1), NOBODY);
        assert!(fleet.pacer.is_halted(LANE, now + wait_ms - 1));
        now += wait_ms;
        assert!(!fleet.pacer.is_halted(LANE, now));
    }
    assert!(fleet.reach(now).len() >= 100);
    assert!(fleet.reach(now + SECOND).len() >= 100);
}

/// Proves F8: when Apple calls every token bad for an hour, a few dozen pushes leave after the
/// alarm, nobody is forgotten, nobody's repetition is spoilt, and when it is over everybody is
/// reached.
#[test]
fn an_hour_of_bad_tokens() {
    let mut fleet = Fleet::of(10_000);
    let (mut pushes, mut now) = (0, 0);
    while now < HOUR {
        let hosts = fleet.take(now);
        pushes += hosts.len();
        fleet.land(&hosts, &rejected(), now);
        now += SECOND;
    }
    assert!(pushes <= 200 + 5 * 7, "{pushes}");
    let alarm = fleet.pacer.alarm(LANE).unwrap();
    assert_eq!((alarm.since_ms, alarm.status), (0, Some(400)));
    assert_eq!(alarm.reason, "BadDeviceToken");

    let mut reached = BTreeSet::new();
    while now < 3 * HOUR && reached.len() < 10_000 {
        for host in fleet.reach(now) {
            fleet.done(host);
            reached.insert(host);
        }
        now += SECOND;
    }
    assert_eq!(reached.len(), 10_000);
    assert_eq!(fleet.pacer.alarm(LANE), None);
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
            for host in 0..*count {
                health.note(host, outcome, now);
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
    for host in 0..19 {
        for _user in 0..65 {
            health.note(host, &rejected(), 0);
        }
    }
    assert_eq!(health.alarm(), None);

    let forbidden = PushOutcome::Rejected {
        status: 403,
        reason: "BadCertificate".to_owned(),
    };
    let mut health = Health::new();
    for number in 0..20 {
        assert_eq!(health.alarm(), None, "{number}");
        health.note(1, &forbidden, 0);
    }
    assert!(health.alarm().is_some());
    health.took(1, MINUTE);
    health.note(1, &forbidden, MINUTE);
    assert_eq!(health.resumes_ms(), 3 * MINUTE);
}

/// Proves that probes go to as many hosts: one that invents users takes the place of one probe,
/// and its refusals alone do not lengthen the pause.
#[test]
fn one_host_does_not_decide_probes() {
    let mut fleet = Fleet::of(25);
    let hosts = fleet.take(0);
    fleet.land(&hosts, &rejected(), 0);
    assert!(fleet.pacer.alarm(LANE).is_some());
    let user = |channel| PushKey {
        channel,
        ..device(100)
    };
    let errand = Errand {
        lane: LANE,
        reason: 1,
    };
    let mut round = fleet.pacer.round(MINUTE);
    let pushed = (1..=64).filter(|channel| {
        let key = user(*channel);
        fleet.pacer.push(&mut round, key, errand, fleet.sight)
    });
    assert_eq!(pushed.collect::<Vec<_>>(), [1]);
    let others = (200..300).filter(|host| {
        let key = device(*host);
        fleet.pacer.push(&mut round, key, errand, fleet.sight)
    });
    assert_eq!(others.count(), 4);
    fleet.pacer.end(round);
    for _ in 0..2 {
        fleet.pacer.note(LANE, user(1), &rejected(), MINUTE);
    }
    assert!(fleet.pacer.is_halted(LANE, 2 * MINUTE - 1));
    assert!(!fleet.pacer.is_halted(LANE, 2 * MINUTE));
    fleet.pacer.note(LANE, device(200), &accepted(), 2 * MINUTE);
    assert_eq!(fleet.pacer.alarm(LANE), None);
}

/// Proves that pauses double from a minute to an hour, with a handful of pushes after each, and
/// that outcomes which are never told do not end all pushing.
#[test]
fn pauses() {
    let mut health = Health::new();
    for host in 0..200 {
        health.note(host, &rejected(), 0);
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
        health.note(1, &rejected(), now);
        health.note(2, &rejected(), now);
    }
    now += HOUR;
    health.took(5, now);
    assert_eq!(health.allowance(now + HOUR - 1), 0);
    assert_eq!(health.allowance(now + HOUR), 5);
}

/// Proves that a service that takes its time has no more than the bound under way, and that a
/// second lane goes on meanwhile.
#[test]
fn under_way() {
    let mut fleet = Fleet::with(PacerOptions {
        burst: 1000,
        under_way_max: 40,
        ..PacerOptions::default()
    });
    fleet.pacer.open(9);
    fleet.wanted = (0..100).map(|host| (host, 1)).collect();
    let first = fleet.take(0);
    let second = fleet.take(SECOND);
    assert_eq!((first.len(), second.len()), (40, 0));
    let mut round = fleet.pacer.round(SECOND);
    let errand = Errand { lane: 9, reason: 1 };
    assert!(
        fleet
            .pacer
            .push(&mut round, device(500), errand, fleet.sight)
    );
    fleet.pacer.end(round);
    fleet.land(&first, &accepted(), 2 * SECOND);
    assert_eq!(fleet.take(3 * SECOND).len(), 40);
}

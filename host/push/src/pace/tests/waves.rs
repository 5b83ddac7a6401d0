//! Waves over many hosts: order, rate, memory, and changes while one is under way.

use super::*;

const STEP: u64 = 100;

/// Proves that each of 5,000 hosts is pushed once in a wave, no faster than the rate, in an order
/// that has nothing to do with theirs, and that neighbours do not come together.
#[test]
fn everybody_once_and_in_no_order() {
    let mut fleet = Fleet::of(5000);
    let (mut order, mut now) = (Vec::new(), 0);
    while now < 20 * SECOND {
        let taken = fleet.reach(now);
        assert!(taken.len() <= if now == 0 { 200 } else { 100 }, "at {now}");
        order.extend(taken);
        now += STEP;
    }
    let unique: BTreeSet<_> = order.iter().collect();
    assert_eq!((order.len(), unique.len()), (5000, 5000));
    let ascending = order.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((2000..3000).contains(&ascending), "{ascending} of 5000");
    let close = |pair: &&[u64]| pair[0].abs_diff(pair[1]) < 50;
    let close = order.windows(2).filter(close).count();
    assert!(close < 300, "{close} pairs of neighbours");
}

/// Proves that a wave over a quarter of a million hosts takes as long as the rate says, pushes each
/// once, and that what is remembered of it is less than 70 bytes for each; and that it is given
/// back.
#[test]
fn memory_of_a_large_wave() {
    const HOSTS: u64 = 250_000;
    let mut fleet = Fleet::of(0);
    let (mut pushed, mut next, mut now) = (0, 0, 0);
    fleet.begin();
    while pushed < HOSTS {
        let mut round = fleet.pacer.round(now);
        while round.is_open() {
            while fleet.wave.wants().is_some() && next < HOSTS {
                let page = next..next + 500;
                next = page.end;
                fleet.wave.add(page, Some(next));
            }
            assert!(fleet.wave.window().len() < WINDOW_MAX + 500);
            let Some(host) = fleet.wave.take() else { break };
            let errand = Errand {
                lane: LANE,
                reason: 1,
            };
            let key = device(host);
            assert!(fleet.pacer.push(&mut round, key, errand, fleet.sight));
            pushed += 1;
        }
        fleet.pacer.end(round);
        for _ in 0..200 {
            // Whose answer it is makes no difference to the room.
            fleet
                .pacer
                .landed(LANE, device(HOSTS), Some(&accepted()), now);
        }
        now += STEP;
    }
    let seconds = now / SECOND;
    assert!((245..=255).contains(&seconds), "{seconds}");
    let bytes = fleet.pacer.bytes() as u64;
    assert_eq!(fleet.pacer.len() as u64, HOSTS);
    assert!(bytes < 70 * HOSTS, "{bytes}");
    for host in 0..HOSTS {
        fleet.pacer.done(device(host));
    }
    fleet.pacer.sweep(9, now);
    assert!(fleet.pacer.bytes() < 1000);
}

/// Proves that a second change while a wave is under way pushes nobody twice within the wait, and
/// that everybody is pushed for it.
#[test]
fn a_change_within_a_wave() {
    let mut fleet = Fleet::of(3000);
    let mut pushed_at: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut now = 0;
    while now < 60 * SECOND {
        if now == 2 * SECOND || now == 14 * SECOND {
            fleet.change();
        }
        for host in fleet.reach(now) {
            pushed_at.entry(host).or_default().push(now);
        }
        now += STEP;
    }
    assert_eq!(pushed_at.len(), 3000);
    for (host, times) in &pushed_at {
        let is_apart = |pair: &[u64]| pair[1] - pair[0] >= COALESCE_MS;
        assert!(times.windows(2).all(is_apart), "{host}: {times:?}");
        // Who was pushed just before the last change is on its way and finds it there.
        let last = times.last().copied().unwrap();
        assert!(last + COALESCE_MS > 14 * SECOND, "{host}: {times:?}");
        assert!(times.len() <= 2, "{host}: {times:?}");
    }
}

/// Proves that a wave which begins again on its way comes to everybody from there on, and to those
/// who were not pushed yet.
#[test]
fn a_wave_that_begins_again() {
    let mut wave: Wave<u64, u64> = Wave::new(1);
    let mut drawn = BTreeSet::new();
    let draw = |wave: &mut Wave<u64, u64>, drawn: &mut BTreeSet<u64>| {
        let Some(place) = wave.wants() else {
            return false;
        };
        let from = place.map_or(0, |place| place + 1);
        let page: Vec<u64> = (from..1000).take(10).collect();
        let next = page.last().copied().filter(|_| page.len() == 10);
        wave.add(page, next);
        drawn.extend(std::iter::from_fn(|| wave.take()));
        true
    };
    wave.begin();
    for _ in 0..40 {
        draw(&mut wave, &mut drawn);
    }
    drawn.clear();
    wave.begin();
    while draw(&mut wave, &mut drawn) {}
    assert_eq!(drawn.len(), 1000);
    // The next one begins elsewhere and comes to everybody as well.
    drawn.clear();
    wave.begin();
    assert!(wave.wants().flatten().is_some());
    while draw(&mut wave, &mut drawn) {}
    assert_eq!(drawn.len(), 1000);
}

/// Proves F18: while 95 % never come, the others are reached in one round, and a device that is new
/// a day later does not wait for more than one.
#[test]
fn the_absent_do_not_starve_the_others() {
    let mut fleet = Fleet::of(2000);
    let mut reached = BTreeSet::new();
    let mut now = 0;
    // 200 at once and 1,000 a second.
    while now <= 2 * SECOND {
        for host in fleet.reach(now) {
            if host % 20 == 7 {
                fleet.done(host);
                reached.insert(host);
            }
        }
        now += STEP;
    }
    assert_eq!(reached.len(), 100);
    now = 3 * DAY;
    fleet.wanted.insert(5000, 1);
    let mut pushed = Vec::new();
    while now <= 3 * DAY + 2 * SECOND {
        pushed.extend(fleet.reach(now));
        now += STEP;
    }
    assert!(pushed.contains(&5000) && pushed.len() == 1901);
}

/// Proves that a lower rate holds from the first moment on.
#[test]
fn a_lower_rate() {
    let mut fleet = Fleet::with(PacerOptions::at(20));
    fleet.wanted = (0..100).map(|host| (host, 1)).collect();
    let pushed: Vec<usize> = (0..6).map(|s| fleet.reach(s * SECOND).len()).collect();
    assert_eq!(pushed, [20, 20, 20, 20, 20, 0]);
}

/// Proves that memory is bounded, that who does not fit waits, and that it gets its turn once
/// another came to an end.
#[test]
fn bounded() {
    let mut fleet = Fleet::with(PacerOptions {
        entries_max: 2,
        ..PacerOptions::default()
    });
    fleet.wanted = [(0, 1), (1, 1), (2, 1)].into();
    let pushed = fleet.reach(0);
    assert_eq!((pushed.len(), fleet.pacer.len()), (2, 2));
    assert_eq!(fleet.reach(1000), NOBODY);
    fleet.done(pushed[0]);
    let last: Vec<u64> = (0..3).filter(|host| !pushed.contains(host)).collect();
    assert_eq!(fleet.reach(2000), last);
}

/// Proves that who has nothing to do any more and was not told is forgotten by a pass, once its
/// turn comes, and nobody else is.
#[test]
fn swept() {
    let mut fleet = Fleet::of(2);
    assert_eq!(fleet.reach(0).len(), 2);
    fleet.wanted.remove(&1);
    fleet.begin();
    assert_eq!((fleet.reach(MINUTE), fleet.pacer.len()), (vec![], 2));
    fleet.begin();
    assert_eq!(fleet.reach(HOUR), [0]);
    assert_eq!(fleet.pacer.len(), 1);
}

/// Proves that a host which is said to have work and cannot be pushed is looked at every five
/// minutes and not at every pass, and at once when something else is desired; and that it is pushed
/// as soon as it can be.
#[test]
fn at_rest() {
    let mut fleet = Fleet::of(0);
    let host = device(1).host;
    let (now, sight) = (DAY, fleet.sight);
    assert_eq!(fleet.pacer.meet(host, sight, now), Meeting::New);
    fleet.pacer.rest(host, sight, now);
    assert_eq!(
        fleet.pacer.meet(host, sight, now + 299 * SECOND),
        Meeting::Later
    );
    assert_eq!(
        fleet.pacer.meet(host, sight, now + 300 * SECOND),
        Meeting::Due
    );
    let other = Sight { state: 9, ..sight };
    assert_eq!(fleet.pacer.meet(host, other, now), Meeting::Due);
    fleet.wanted.insert(1, 1);
    assert_eq!(fleet.reach(now + SECOND), NOBODY, "nobody looks");
    fleet.change();
    assert_eq!(fleet.reach(now + SECOND), [1]);
    fleet.pacer.rest(host, fleet.sight, now);
    assert_eq!((fleet.pacer.len(), fleet.pacer.count(LANE)), (1, 1));
}

//! How simulated Macs misbehave on request, and that they do it alike every time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;

use kit::{EMPTY, ask, cause, device, enrolled, install, list, managed, profile, run, text};
use mooring_sim::{
    Behaviour, BehaviourError, CHECK_IN_TYPE, Channel, Device, DeviceOptions, Ending, ErrorChain,
    Faults, Reply, Request, Status,
};

const DOCK: &str = "com.harborworks.dock";

/// Proves that a locked device postpones changes, answers questions, and then does the work.
#[test]
fn postpones_changes_until_unlocked() {
    let mut device = enrolled(Faults::default());
    device.lock(2);
    for _ in 0..2 {
        let (said, contact) = run(
            &mut device,
            vec![list("c0"), install("c1", &profile(DOCK, "A"))],
        );
        assert_eq!(text(&said[0], "Status"), "Acknowledged");
        assert_eq!(text(&said[1], "Status"), "NotNow");
        assert_eq!(contact.device, Ending::Empty(Status::NotNow));
        assert!(managed(&device).is_empty());
    }
    let report = ask(&mut device, install("c1", &profile(DOCK, "A")));
    assert_eq!(text(&report, "Status"), "Acknowledged");
    assert_eq!(managed(&device).len(), 1);
}

/// Proves that a failing identifier fails with the chosen error and no other does.
#[test]
fn fails_for_one_identifier() {
    let chain = ErrorChain::installation("Dock", "MCInstallationErrorDomain", 4009, "Locked.");
    let failing = [(DOCK.to_owned(), chain)].into();
    let mut device = enrolled(Faults {
        failing,
        ..Faults::default()
    });
    for attempt in 0..3 {
        let report = ask(
            &mut device,
            install(&format!("c{attempt}"), &profile(DOCK, "A")),
        );
        assert_eq!(cause(&report), "MCInstallationErrorDomain 4009");
    }
    ask(
        &mut device,
        install("ok", &profile("com.harborworks.other", "A")),
    );
    assert_eq!(managed(&device).len(), 1);
}

/// Proves that the first profile is lost once, at once or some contacts later.
#[test]
fn loses_a_profile() {
    for after in [0, 2] {
        let lose_after_contacts = Some(after);
        let mut device = enrolled(Faults {
            lose_after_contacts,
            ..Faults::default()
        });
        run(&mut device, vec![install("c1", &profile(DOCK, "A"))]);
        assert_eq!(managed(&device).is_empty(), after == 0);
        assert_eq!(device.has_fault_ahead(), after > 0);
        run(&mut device, vec![]);
        assert_eq!(managed(&device).is_empty(), after == 0);
        run(&mut device, vec![]);
        assert!(managed(&device).is_empty() && !device.has_fault_ahead());
        run(&mut device, vec![install("c2", &profile(DOCK, "A"))]);
        run(&mut device, vec![]);
        assert_eq!(managed(&device).len(), 1, "only once");
    }
}

/// Proves that a dropped report follows work that was done, and that the next contact is an Idle.
#[test]
fn drops_a_report() {
    let mut device = enrolled(Faults {
        dropped_reports: 1,
        ..Faults::default()
    });
    let (said, contact) = run(
        &mut device,
        vec![list("c1"), install("c2", &profile(DOCK, "A"))],
    );
    assert_eq!(said.len(), 1, "the list was reported");
    assert_eq!(contact.device, Ending::Dropped);
    assert_eq!(managed(&device).len(), 1);
    let next = device.begin(Channel::Device).unwrap();
    assert_eq!(text(&kit::read(&next.body), "Status"), "Idle");
    let report = ask(&mut device, install("c2", &profile(DOCK, "A")));
    assert_eq!(text(&report, "CommandUUID"), "c2", "asked again, it tells");
}

/// Proves that a repeated report is the same message twice.
#[test]
fn repeats_a_report() {
    let mut device = enrolled(Faults {
        repeated_reports: 1,
        ..Faults::default()
    });
    let (said, _) = run(
        &mut device,
        vec![install("c1", &profile(DOCK, "A")), list("lost")],
    );
    assert_eq!(said.len(), 2);
    assert_eq!(said[0], said[1]);
}

/// Proves the remaining faults: a stray answer, a refused list, a slow and a half-silent device.
#[test]
fn other_faults() {
    let mut stray = enrolled(Faults::default());
    assert!(stray.contact(|_, _| EMPTY).device.is_idle());
    let mut stray = device(Faults {
        stray_reports: 1,
        ..Faults::default()
    });
    assert_eq!(
        stray.contact(|_, _| EMPTY).device,
        Ending::Empty(Status::Acknowledged)
    );
    assert!(stray.contact(|_, _| EMPTY).device.is_idle());

    let mut shy = enrolled(Faults {
        refused_lists: 1,
        ..Faults::default()
    });
    assert_eq!(text(&ask(&mut shy, list("c1")), "Status"), "Error");
    assert_eq!(text(&ask(&mut shy, list("c2")), "Status"), "Acknowledged");

    let mut slow = device(Faults {
        polls_per_contact: 3,
        ..Faults::default()
    });
    let silent = |device: &mut Device| device.contact(|_, _| EMPTY).device == Ending::Silent;
    let polls: Vec<bool> = (0..6).map(|_| silent(&mut slow)).collect();
    assert_eq!(polls, [true, true, false, true, true, false]);

    let faults = Faults {
        user_only_polls: 2,
        ..Faults::default()
    };
    let mut half = Device::new(DeviceOptions {
        has_user: true,
        faults,
        ..DeviceOptions::default()
    });
    half.contact(|_, _| EMPTY);
    for expected in [Ending::Silent, Ending::Silent, Ending::Empty(Status::Idle)] {
        let contact = half.contact(|_, _| EMPTY);
        assert_eq!(contact.device, expected);
        assert!(contact.user.is_idle());
    }
}

/// Proves that a connection lost at any message leaves the device able to go on.
#[test]
fn survives_a_lost_connection_anywhere() {
    for lost_at in 0..6 {
        let mut device = device(Faults::default());
        let mut exchanges = 0;
        let mut serve = |_: Channel, request: Request| {
            exchanges += 1;
            let message = kit::read(&request.body);
            if exchanges == lost_at + 1 {
                return Reply::lost();
            }
            match (text(&message, "Status"), text(&message, "CommandUUID")) {
                ("Idle", _) => install("c1", &profile(DOCK, "A")),
                ("Acknowledged", "c1") => list("c2"),
                _ => EMPTY,
            }
        };
        let first = device.contact(&mut serve);
        let second = device.contact(&mut serve);
        assert_eq!(first.device == Ending::Lost, lost_at < 5, "at {lost_at}");
        assert_eq!(second.device == Ending::Lost, lost_at == 5, "at {lost_at}");
        device.contact(&mut serve);
        assert_eq!(managed(&device).len(), 1, "at {lost_at}");
    }
}

/// Proves that a server that never stops handing out commands does not hold a device for ever.
#[test]
fn gives_up_an_endless_contact() {
    let mut device = enrolled(Faults::default());
    let contact = device.contact(|_, _| kit::command("c1", "EatLunch", vec![]));
    assert_eq!(contact.device, Ending::TooLong);
}

/// Proves that the same seed gives the same bytes, and another seed or index others.
#[test]
fn same_seed_same_bytes() {
    let transcript = |seed, index| {
        let faults = Faults {
            stray_reports: 1,
            dropped_reports: 1,
            ..Faults::default()
        };
        let mut device = Device::new(DeviceOptions {
            seed,
            index,
            has_user: true,
            faults,
        });
        let mut all = Vec::new();
        for round in 0..3 {
            let mut commands = 0;
            device.contact(|_, request| {
                all.extend(request.body);
                commands += 1;
                if request.content_type == CHECK_IN_TYPE || commands > 5 {
                    return EMPTY;
                }
                install(&format!("c{round}-{commands}"), &profile(DOCK, "A"))
            });
        }
        all
    };
    assert_eq!(transcript(7, 1), transcript(7, 1));
    assert_ne!(transcript(7, 1), transcript(7, 2));
    assert_ne!(transcript(7, 1), transcript(8, 1));
}

/// Proves that every documented form of a behaviour is read.
#[test]
fn behaviours_from_text() {
    let forms = "notnow=5% notnow=2.5%:4 lose=1 lose=all:3 drop=10% repeat=3:2 stray=1 \
        nolist=100% slow=1:10 useronly=1 nouser=50% fail=com.harborworks.x \
        fail=com.harborworks.x@3 fail=com.harborworks.x@5%:MCInstallationErrorDomain/4009";
    for form in forms.split_whitespace() {
        form.parse::<Behaviour>()
            .unwrap_or_else(|error| panic!("{form}: {error}"));
        let name = form.split('=').next().unwrap();
        assert!(
            Behaviour::HELP.contains(&format!("{name}=")),
            "{name} is not documented"
        );
    }
}

/// Proves that what is no behaviour is refused with what is wrong about it.
#[test]
fn bad_behaviours_from_text() {
    let own = str::to_owned;
    for (bad, expected) in [
        (
            "notnow",
            BehaviourError::NoValue {
                text: own("notnow"),
            },
        ),
        ("sing=1", BehaviourError::UnknownName { name: own("sing") }),
        (
            "notnow=101%",
            BehaviourError::BadShare { text: own("101%") },
        ),
        (
            "notnow=1.234%",
            BehaviourError::BadShare {
                text: own("1.234%"),
            },
        ),
        ("notnow=-1", BehaviourError::BadShare { text: own("-1") }),
        ("drop=1:x", BehaviourError::BadNumber { text: own("x") }),
        ("fail=", BehaviourError::NoIdentifier),
        (
            "fail=a:4009",
            BehaviourError::BadError { text: own("4009") },
        ),
    ] {
        assert_eq!(bad.parse::<Behaviour>().unwrap_err(), expected, "{bad}");
    }
}

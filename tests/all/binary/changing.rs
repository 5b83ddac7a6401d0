//! Changes with care on the command line: plans, what is held, the pause, sending once more.

use mooring_tests::{Draft, Terminal};

const A: &str = "com.harborworks.a";

/// A plan names every host and changes nothing; what is held says the number that lets it through;
/// a pause is the first thing that status says.
#[test]
fn planned_held_paused() {
    let terminal = Terminal::new();
    let line = "serve --data data --admin 127.0.0.1:0 --device 127.0.0.1:0 --json \
                --removal-guard-hosts 1 --removal-guard-share 100";
    let started = terminal.start(line).expect("a server");
    terminal.write("a.mobileconfig", &Draft::new(A, "one").xml());
    let run = |line: &str| terminal.run(&format!("{line} --data data"));
    run("profile push a.mobileconfig").expect(0);
    let url = started.ready["device_url"].as_str().expect("an address");
    let sim = format!("sim --device-url {url} --hosts 3 --poll-ms 20 --exit-when-idle --json");
    terminal.run(&sim).expect(0);

    let planned = run(&format!("profile rm {A} --plan")).expect(0);
    assert!(
        planned
            .out
            .contains("3 of 3 hosts would be changed, with 6 commands"),
        "{planned:#?}"
    );
    assert!(planned.out.contains("--confirm 3\n"), "{planned:#?}");
    assert_eq!(planned.out.matches("remove ").count(), 3, "{planned:#?}");
    let planned = run(&format!("profile disable {A} --plan --all --json"))
        .expect(0)
        .json();
    assert_eq!(
        planned["plan"]["affected"].as_array().map(Vec::len),
        Some(3),
        "{planned}"
    );
    terminal.write("a.mobileconfig", &Draft::new(A, "two").xml());
    let planned = run("profile push a.mobileconfig --plan").expect(0);
    assert!(
        planned.out.contains("0 installed, 3 replaced, 0 removed"),
        "{planned:#?}"
    );

    let held = run(&format!("profile rm {A}")).expect(2);
    assert!(held.err.contains("confirm=3"), "{held:#?}");
    let shown = run(&format!("profile show {A} --json")).expect(0).json();
    assert_eq!(
        (&shown["state"], &shown["version"]),
        (&"enabled".into(), &1.into())
    );

    run("pause --reason maintenance").expect(0);
    let status = run("status").expect(0);
    assert!(status.out.contains("PAUSED since "), "{status:#?}");
    assert!(status.out.contains("maintenance"), "{status:#?}");
    run("resume").expect(0);
    assert!(!run("status").expect(0).out.contains("PAUSED"));

    let hosts = run("host list --json").expect(0).json();
    let host = hosts["hosts"][0]["id"].as_str().expect("a host");
    let resent = run(&format!("resend {A} --host {host} --json"))
        .expect(0)
        .json();
    assert_eq!(
        resent["resent"].as_array().map(Vec::len),
        Some(1),
        "{resent}"
    );
    let pending = run(&format!("resend {A} --host {host}")).expect(0);
    assert!(pending.out.contains("pending already"), "{pending:#?}");
    run("resend com.harborworks.none --failed").expect(5);
    run(&format!("host settle {host}")).expect(2);
    run(&format!("profile rm {A} --confirm 3")).expect(0);
}

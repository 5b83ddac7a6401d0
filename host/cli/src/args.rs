//! The command line as a whole: which commands there are.
//!
//! Each command's own arguments stand beside the command. Invariant: a line that cannot be
//! understood ends with [`Exit::Usage`], a request for help with [`Exit::Fine`].

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::commands::{
    backup, bench, check, compile_plugin, demo, enroll, host, label, pause, plugin, policy,
    profile, pushcert, resend, restore, schema, serve, sim, status, value, why,
};
use crate::exit::{self, Exit};
use crate::output;

/// Keeps Apple devices from drifting: stores profiles, finds drift, brings hosts in sync.
#[derive(Debug, Parser)]
#[command(name = "mooring", version, after_help = exit::CODES, subcommand_required = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One of the commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the sync server
    Serve(Box<serve::ServeArgs>),
    /// Show it all at work: a server, simulated hosts and profiles, in one process
    Demo(demo::DemoArgs),
    /// Validate profiles offline, with the built-in validators
    Check(check::CheckArgs),
    /// Show what is known of payloads, and make it anew from Apple's data
    #[command(subcommand)]
    Schema(schema::SchemaCommand),
    /// Write plugins, and install and bind them on a server
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Say how much rules weigh: which refuse an upload, which are only shown
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Push, list, show, remove, enable and disable profiles
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// List, show, refresh, block, accept and remove hosts
    #[command(subcommand)]
    Host(host::HostCommand),
    /// Define labels, and give them to hosts: groups that profiles are assigned by
    #[command(subcommand)]
    Label(label::LabelCommand),
    /// Declare values that differ from host to host: attributes and secrets
    #[command(subcommand)]
    Value(value::ValueCommand),
    /// Explain why a profile is on a host, is not, or will be
    Why(why::WhyArgs),
    /// Make what a device needs to enroll: the enrollment profile, or a link to it
    Enroll(enroll::EnrollArgs),
    /// Set and show the certificate by which devices are woken
    #[command(subcommand)]
    Pushcert(pushcert::PushcertCommand),
    /// Count the hosts that are applied, pending, failed and unknown, overall and per profile
    Status(status::StatusArgs),
    /// Write everything that a running server keeps to one file
    Backup(backup::BackupArgs),
    /// Make the folder of a server of a backup
    Restore(restore::RestoreArgs),
    /// Send a profile once more, to one host or to all on which it failed
    Resend(resend::ResendArgs),
    /// Stop all sending: no command leaves and no device is woken until `resume`
    Pause(pause::PauseArgs),
    /// Let commands out again after a pause
    Resume(pause::ResumeArgs),
    /// Run simulated devices against a server
    Sim(sim::SimArgs),
    /// Measure what the server costs on this machine, with fleets of simulated hosts
    Bench(Box<bench::BenchArgs>),
    /// Compile a plugin from standard input to standard output; the server starts this
    #[command(hide = true)]
    CompilePlugin(compile_plugin::CompilePluginArgs),
}

/// Prints what the parser has to say, and tells how the process ends.
pub(crate) fn refuse(error: &clap::Error) -> Exit {
    let text = error.render().to_string();
    let is_asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if is_asked {
        // Nobody reads on: a closed pipe is no reason to complain.
        let _ = output::data(&text);
        return Exit::Fine;
    }
    output::note(text.trim_end());
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    fn visit(command: &mut clap::Command, names: &mut Vec<String>) {
        let help = command.render_long_help().to_string();
        assert!(help.contains("Usage:"), "{help}");
        names.push(command.get_name().to_owned());
        for sub in command.get_subcommands_mut() {
            visit(sub, names);
        }
    }

    /// Proves that the definition is sound and that the help of every command renders.
    #[test]
    fn every_help_renders() {
        Cli::command().debug_assert();
        let mut command = Cli::command();
        command.build();
        let mut names = Vec::new();
        visit(&mut command, &mut names);
        for name in [
            "serve", "demo", "check", "push", "list", "show", "rm", "enable", "disable", "refresh",
            "status", "sim", "apns", "enroll", "links", "revoke", "pushcert", "set", "block",
            "unblock", "accept", "settle", "pause", "resume", "resend",
        ] {
            assert!(names.iter().any(|one| one == name), "{name}");
        }
        assert!(
            Cli::command()
                .render_help()
                .to_string()
                .contains("64  wrong usage")
        );
    }

    /// Proves that the lines of the documentation are understood.
    #[test]
    fn right_usage() {
        for line in [
            "mooring demo",
            "mooring demo --hosts 3 --profiles d --exit-when-applied --json",
            "mooring demo --behaviour notnow=5% --behaviour fail=com.example.a@3 --timeout 1m",
            "mooring check a b --strict --json",
            "mooring check a --format sarif --target macos:15.1 --channel user --supervised yes",
            "mooring check a --enrollment ade --grade apple-strict --schema f --accept L007=ours",
            "mooring check a --fix --output b",
            "mooring check a b --fix --in-place --format short",
            "mooring check --explain",
            "mooring check --explain T002 --json",
            "mooring policy show --json",
            "mooring policy set L007 warning --data d",
            "mooring policy set L007 default",
            "mooring profile accept com.example.a L007 --reason ours --json",
            "mooring profile accept com.example.a --list",
            "mooring profile accept com.example.a L007 --revoke",
            "mooring profile push a --data d --accept-uuid-changes",
            "mooring profile list --deleted --json",
            "mooring profile show com.example.a --version 2 --download -",
            "mooring profile rm a b",
            "mooring profile enable a --settings {}",
            "mooring profile disable a",
            "mooring host list --status pending --limit 5",
            "mooring host show C02X",
            "mooring host refresh a b",
            "mooring host rm a",
            "mooring status --json",
            "mooring backup f",
            "mooring backup f --data d --replace --json",
            "mooring restore f --data d --json",
            "mooring host block a b",
            "mooring host unblock a --json",
            "mooring host accept a --fingerprint 0011223344556677 --data d",
            "mooring enroll --serial C02X --out f --json",
            "mooring enroll --link --expires 2h",
            "mooring enroll --udid U --data d",
            "mooring enroll --link --json",
            "mooring enroll links --data d",
            "mooring enroll revoke a b",
            "mooring profile push a --plan",
            "mooring profile rm a b --plan --all --json",
            "mooring profile disable a --confirm 26",
            "mooring profile enable a --plan",
            "mooring pause --reason maintenance",
            "mooring resume --json",
            "mooring resend com.example.a --host C02X",
            "mooring resend com.example.a --failed --data d",
            "mooring host settle a b",
            "mooring pushcert set f",
            "mooring pushcert set f k --data d --ca ca.pem --json",
            "mooring pushcert set -",
            "mooring pushcert show --topic t",
            "mooring sim --device-url http://127.0.0.1:9001 --hosts 2 --seed 3 --poll-ms 0 --state f",
            "mooring sim --hosts 2 --data d --auth mtls --ca f",
            "mooring sim --hosts 2 --enroll-url https://127.0.0.1:1/enroll/x",
            "mooring sim apns --dir d",
        ] {
            if let Err(error) = parse(line) {
                panic!("{line}: {error}");
            }
        }
    }

    /// Proves the same of what decides which host gets what.
    #[test]
    fn right_usage_of_scope() {
        for line in [
            "mooring label list --json",
            "mooring label show a --limit 5 --after b",
            "mooring label set a --rule host.platform==\"macos\" --plan",
            "mooring label rm a --confirm 3",
            "mooring label add a H1 H2 -",
            "mooring label remove a --from f --json",
            "mooring value list",
            "mooring value set site --attribute --default oslo",
            "mooring value set wifi --secret --default-file -",
            "mooring value rm site --plan",
            "mooring host set H",
            "mooring host set H site=oslo --unset a --secret-file wifi=f --plan",
            "mooring profile assign a --include-all b,c --include-any d --exclude-any e --os 14..15",
            "mooring profile assign a --platform macos,ios --percent 5 --confirm 7",
            "mooring profile assign a --everyone",
            "mooring profile unassign a --plan",
            "mooring why H com.example.a --json",
            "mooring bench --only idle,ack --hosts 2000 --runs 1 --keep d --binary f --json",
            "mooring bench --only change --states few,unique --uploads 5",
        ] {
            if let Err(error) = parse(line) {
                panic!("{line}: {error}");
            }
        }
    }

    /// Proves the same of what authors of plugins type.
    #[test]
    fn right_usage_for_authors() {
        for line in [
            "mooring plugin new a --lang js --role validator --id com.example.a --dir d",
            "mooring plugin build",
            "mooring plugin inspect f --json",
            "mooring plugin run f --profile p --settings @s --context today=2026-01-02",
            "mooring plugin run f --seed s --out d",
            "mooring plugin test d --json",
            "mooring plugin bench f --profile p --calls 3",
            "mooring plugin watch d --profile p --profile q",
            "mooring plugin keygen k",
            "mooring plugin sign f --key k --password-file p --out s",
            "mooring plugin verify f --trust t --signature s",
        ] {
            if let Err(error) = parse(line) {
                panic!("{line}: {error}");
            }
        }
    }

    /// Proves that every option of the server is understood, and that what only makes sense
    /// together is refused alone.
    #[test]
    fn serving() {
        for line in [
            "",
            "--admin 127.0.0.1:0 --device [::1]:0 --refresh-interval 90s --json",
            "--device-auth mtls,signature --device-auth header --device-ca f --cert-header X",
            "--trusted-proxy 10.0.0.0/8,fd00::/8 --trusted-proxy 127.0.0.1/32 --reenroll auto",
            "--tls-cert c --tls-key k --admin-tls-cert c --admin-tls-key k",
            "--public-url https://mdm.example.com --organization Harborworks --identity-days 90",
            "--public-url https://a --scep-url https://b --scep-challenge-file f",
            "--public-url https://a --acme-url https://b",
            "--public-url https://a --acme-url https://b --acme-client-identifier x --acme-attest",
            "--apns-url https://127.0.0.1:1 --apns-ca f --accept-user-authenticate --migration",
            "--webhook-url https://a --webhook-hmac-key-file f --webhook-ca f",
            "--push-rate 1",
            "--push-rate 100000",
            "--removal-guard-hosts 1000000 --removal-guard-share 100",
        ] {
            let line = format!("mooring serve --data d {line}");
            if let Err(error) = parse(&line) {
                panic!("{line}: {error}");
            }
        }
        for line in [
            "--admin nowhere",
            "--refresh-interval 5",
            "--device-auth password",
            "--trusted-proxy everyone",
            "--reenroll maybe",
            "--tls-cert c",
            "--tls-key k",
            "--admin-tls-cert c",
            "--scep-url https://b",
            "--public-url https://a --scep-url https://b --acme-url https://c",
            "--public-url https://a --identity-days 0",
            "--public-url https://a --acme-url https://b --scep-challenge-file f",
            "--public-url https://a --acme-url https://b --identity-days 90",
            "--public-url https://a --scep-url https://b --identity-days 90",
            "--public-url https://a --acme-client-identifier x",
            "--public-url https://a --acme-attest",
            "--public-url https://a --scep-url https://b --acme-attest",
            "--public-url https://a --scep-url https://b --acme-client-identifier x",
            "--public-url https://a --identity-days 90 --acme-attest",
            "--identity-days 90",
            "--organization Harborworks",
            "--removal-guard-share 101",
            "--webhook-ca f",
            "--webhook-hmac-key-file f",
            "--push-rate 0",
            "--push-rate 100001",
        ] {
            let line = format!("mooring serve --data d {line}");
            assert_eq!(refuse(&parse(&line).unwrap_err()), Exit::Usage, "{line}");
        }
    }

    /// Proves that wrong lines end with 64 and that help and version end with 0.
    #[test]
    fn wrong_usage() {
        for line in [
            "mooring",
            "mooring profile",
            "mooring nosuch",
            "mooring check",
            "mooring check a --output b",
            "mooring check a --fix --output b --in-place",
            "mooring check a --json --format short",
            "mooring check a --channel user",
            "mooring check a --target windows",
            "mooring check a --accept L007",
            "mooring policy set L007 fatal",
            "mooring profile accept com.example.a L007",
            "mooring profile accept com.example.a",
            "mooring demo --hosts many",
            "mooring demo --hosts 0",
            "mooring demo --behaviour sings=all",
            "mooring host list --status fine",
            "mooring host list --limit 0",
            "mooring profile show a --version 0",
            "mooring profile enable a --settings [1]",
            "mooring sim",
            "mooring sim --hosts 2 --auth header",
            "mooring sim --device-url http://a --enroll-url http://b --hosts 2",
            "mooring sim apns",
            "mooring host block",
            "mooring host accept a",
            "mooring profile rm a --plan --confirm 3",
            "mooring profile rm a --all",
            "mooring resend com.example.a",
            "mooring resend com.example.a --host a --failed",
            "mooring host accept --fingerprint 0011223344556677",
            "mooring host accept a b --fingerprint 0011223344556677",
            "mooring host accept a --fingerprint 001122334455667",
            "mooring enroll --expires 2h",
            "mooring enroll --out f --expires 2h",
            "mooring enroll --serial a --udid b",
            "mooring enroll --out f --link",
            "mooring enroll --json",
            "mooring enroll --link revoke a",
            "mooring enroll revoke",
            "mooring pushcert",
            "mooring pushcert set",
            "mooring backup",
            "mooring restore f",
            "mooring restore --data d",
        ] {
            assert_eq!(refuse(&parse(line).unwrap_err()), Exit::Usage, "{line}");
        }
        for line in [
            "mooring --help",
            "mooring --version",
            "mooring profile push -h",
        ] {
            assert_eq!(refuse(&parse(line).unwrap_err()), Exit::Fine, "{line}");
        }
    }
}

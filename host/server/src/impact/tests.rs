//! What is found by kinds of hosts against a look at every host, in whatever fleet a test has made.

mod moving;

use mooring_drift::desired::Secrets;
use mooring_drift::policy::Timestamp;
use mooring_drift::scope::{Assignment, Label, LabelName, Rule};
use mooring_mdm::ids::{HostId, PayloadIdentifier, PayloadUuid};
use mooring_mdm::os::OsVersion;
use mooring_mdm::profile::placeholder::{Placeholder, ValueName};
use mooring_store::{Change, ProfileRecord, Space};

use super::prospect::Prospect;
use super::tally::Tally;
use crate::api::Impact;
use crate::change::AffectedPage;
use crate::core::Core;
use crate::documents;

/// Plans every sort of change of everything that there is, both ways. Says how many were found by
/// kinds.
pub(crate) fn check(core: &Core, about: &str) -> usize {
    let mut by_kind = 0;
    let hosts = core.hosts(None, 100).unwrap();
    let pages = [
        AffectedPage::default(),
        page(None, 1),
        page(hosts.get(2).map(|host| host.id.clone()), 2),
    ];
    for changes in changes(core) {
        for page in &pages {
            if let Some(found) = found_by_kind(core, &changes, page) {
                by_kind += 1;
                let expected = found_one_by_one(core, &changes, page);
                assert_eq!(found, expected, "{about}: {changes:#?}");
            }
        }
    }
    by_kind
}

fn page(after: Option<HostId>, limit: usize) -> AffectedPage {
    AffectedPage { after, limit }
}

fn prospect(core: &Core, changes: &[Change]) -> Prospect {
    Prospect::of(&core.shelf(), changes, &core.personal).unwrap()
}

fn found_by_kind(core: &Core, changes: &[Change], page: &AffectedPage) -> Option<Impact> {
    let (shelf, prospect) = (core.shelf(), prospect(core, changes));
    let (after, mut tally) = (prospect.shelf.as_ref().unwrap(), Tally::new(page));
    let is_done = core.add_by_kind(&shelf, after, &prospect, &mut tally);
    is_done.unwrap().then(|| tally.finish())
}

fn found_one_by_one(core: &Core, changes: &[Change], page: &AffectedPage) -> Impact {
    let (shelf, prospect) = (core.shelf(), prospect(core, changes));
    let (after, mut tally) = (prospect.shelf.as_ref().unwrap(), Tally::new(page));
    for host in core.hosts(None, 100).unwrap() {
        tally.add(
            &host.id,
            core.compared(&shelf, after, &host.outline(), None),
        );
    }
    tally.finish()
}

fn changes(core: &Core) -> Vec<Vec<Change>> {
    let shelf = core.shelf();
    let mut all = Vec::new();
    for record in shelf.profiles.values() {
        all.extend(of_profile(record));
        all.extend(of_assignment(&record.identifier));
    }
    for rule in [
        "host.os_version >= \"15.2\"",
        "host.serial == \"S3\"",
        "true",
    ] {
        let label = Label::Rule(Rule::parse(rule).unwrap());
        for name in shelf.scope.labels.keys() {
            all.push(vec![
                documents::put(name.as_str().as_bytes(), &label).unwrap(),
            ]);
        }
    }
    all
}

fn of_profile(record: &ProfileRecord) -> Vec<Vec<Change>> {
    let changed = |change: &dyn Fn(&mut ProfileRecord)| {
        let mut record = record.clone();
        change(&mut record);
        vec![Change::Profile(record)]
    };
    let newer = |record: &mut ProfileRecord, secrets, place: Option<&str>| {
        let mut version = record.versions.last().unwrap().clone();
        version.version += 1;
        version.uuid = PayloadUuid::parse("0A07B331-0E7E-534C-B215-D6D085612071").unwrap();
        version.secrets = Some(secrets);
        if let Some(place) = place {
            let place = Placeholder::Attribute(ValueName::parse(place).unwrap());
            version.placeholders = [place].into();
        }
        record.versions.push(version);
    };
    vec![
        changed(&|record| record.is_enabled = !record.is_enabled),
        changed(&|record| newer(record, Secrets::None, None)),
        changed(&|record| newer(record, Secrets::Encryptable, None)),
        changed(&|record| newer(record, Secrets::None, Some("site"))),
        changed(&|record| record.deleted_at = Some(Timestamp(1))),
    ]
}

fn of_assignment(profile: &PayloadIdentifier) -> Vec<Vec<Change>> {
    let key = profile.as_str().as_bytes();
    let label = LabelName::parse("east").unwrap();
    let assignments = [
        Assignment {
            percent: Some(40),
            ..Assignment::default()
        },
        Assignment {
            os_min: OsVersion::parse("15.2").ok(),
            ..Assignment::default()
        },
        Assignment {
            exclude_any: [label].into(),
            ..Assignment::default()
        },
    ];
    let mut all = vec![vec![documents::delete(Space::Assignment, key)]];
    all.extend(assignments.map(|assignment| vec![documents::put(key, &assignment).unwrap()]));
    all
}

//! What is shown of a host beside its profiles.

use mooring_drift::state::Begun;
use mooring_tests::clock::HOUR_MS;
use mooring_tests::{Host, TestServer, settle_one};

/// What a host told more than two refresh intervals ago is not shown as if it still were so; what
/// cannot change is, and all of it is back once the host tells again.
#[test]
fn old_attributes() {
    let server = TestServer::new();
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    let fresh = server.host_detail(&host.id()).unwrap();
    assert!(!fresh.are_attributes_old);
    assert_eq!(fresh.enrollments[0].begun, Begun::Enrolled);
    let told = &fresh.summary.attributes;
    assert!(told.os_version.is_some() && told.device_name.is_some());
    server.clock.advance(49 * HOUR_MS);
    let old = server.host_detail(&host.id()).unwrap();
    assert!(old.are_attributes_old);
    let left = &old.summary.attributes;
    assert_eq!(
        (&left.serial_number, &left.model),
        (&told.serial_number, &told.model)
    );
    assert_eq!((&left.os_version, &left.device_name), (&None, &None));
    assert_eq!(old.attributes_at, fresh.attributes_at);
    settle_one(&server, &mut host);
    let again = server.host_detail(&host.id()).unwrap();
    assert_eq!(again.summary.attributes, fresh.summary.attributes);
}

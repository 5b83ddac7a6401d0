//! Every hostile body as a message to the real binary.
//!
//! Knows nothing of property lists. Invariant: each is measured on its own.

use std::collections::BTreeMap;

use super::Costs;
use super::hostile_bodies::hostile_bodies;
use super::process::{Attacked, mac, sync};
use super::wire::{self, Wire};
use mooring_server::limits::DEVICE_BODY_BYTES_MAX;

/// Each of more than 300 hostile bodies costs the server at most 100 ms and 32 MiB, none makes a
/// device leave, and the same process serves on.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are for people")]
fn hostile_bodies_cost_little() {
    let mut server = Attacked::start();
    let mut device = mac(0);
    sync(server.device, &mut device);
    let (measured, mut costs) = (server.measured(), Costs::default());
    let at_rest = measured.status_kib("VmRSS:");
    let mut statuses = BTreeMap::new();
    let mut wire = Wire::new(server.device);
    let ((), whole) = server.measured().cost(|| {
        for (name, body) in hostile_bodies() {
            let is_too_large = body.len() > DEVICE_BODY_BYTES_MAX;
            let (answer, cost) = measured.cost(|| {
                if is_too_large {
                    wire::announce(server.device, "PUT /mdm", body.len()).status
                } else {
                    wire.message(&body).status
                }
            });
            let allowed: &[u16] = if is_too_large {
                &[413]
            } else {
                &[200, 400, 404, 410]
            };
            assert!(allowed.contains(&answer), "{name}: {answer}");
            *statuses.entry(answer).or_insert(0) += 1;
            costs.add(format!("{name} ({} bytes, {answer})", body.len()), cost);
        }
    });
    // What is spent after an answer has left belongs to no single message.
    let sum: u64 = costs.0.iter().map(|(_, cost)| cost.cpu_us).sum();
    let after = measured.status_kib("VmRSS:");
    let log = server.log().len();
    eprintln!(
        "answers by status: {statuses:?}; resident {at_rest} KiB before, {after} KiB after; {log} \
         bytes of log; processor time {} ms in all, {} ms of it before the answers",
        whole.cpu_us / 1000,
        sum / 1000
    );
    assert!(costs.0.len() >= 300, "too few bodies");
    // What stays: records of hosts that were made, the store's pages, the allocator's own.
    assert!(
        after < at_rest + 64 * 1024,
        "{at_rest} KiB, then {after} KiB"
    );
    server.assert_serves(&mut device);
    costs.check("hostile bodies");
}

//! What handing a parsed profile to a guest costs, by the shape of the tree.
//!
//! Every shape once per round, fresh instance per call, medians; every shape must give the same
//! sum. Times include making the shape from the host's nodes. Knows nothing of the real contract.

mod shapes;

use std::process::Command;
use std::time::Instant;

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

mod bindings {
    wasmtime::component::bindgen!({
        path: "trial.wit",
        world: "trial",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}
use bindings::TrialPre;
use shapes::Profile;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn guest() -> Vec<u8> {
    let target = format!("{HERE}/../../../../target/tree-shape/guest");
    let cargo = Command::new("cargo")
        .args([
            "build",
            "--profile",
            "plugin",
            "--target",
            "wasm32-unknown-unknown",
        ])
        .args(["-p", "tree-shape-guest", "--target-dir", &target])
        .current_dir(HERE)
        .status();
    assert!(
        cargo.is_ok_and(|status| status.success()),
        "the guest did not build"
    );
    let core = format!("{target}/wasm32-unknown-unknown/plugin/tree_shape_guest.wasm");
    wit_component::ComponentEncoder::default()
        .module(&std::fs::read(core).expect("guest"))
        .and_then(|mut encoder| encoder.encode())
        .expect("component")
}

fn engine() -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.max_memory_size(64 << 20)
        .linear_memory_keep_resident(256 << 10);
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("engine")
}

const CASES: [&str; 8] = [
    "the bytes only",
    "(a) variant nodes",
    "(b) nodes over one text arena",
    "(c) nodes over tables, each text once",
    "(c) nodes over tables, each key once",
    "(c) nodes over tables, as they come",
    "(d) columns over tables, each key once",
    "(d) columns over tables, each text once",
];

/// Makes the shape, instantiates and calls: the guest's sum, and the microseconds of (making the
/// shape, instantiation, lowering + lifting + walking).
fn call(engine: &Engine, pre: &TrialPre<()>, profile: &Profile, case: usize) -> (u32, [f64; 3]) {
    let start = Instant::now();
    let mut children = Vec::new();
    let shape = shapes::Shape::make(profile, case, &mut children);
    let made = Instant::now();
    let mut store = Store::new(engine, ());
    store.set_epoch_deadline(1_000);
    let trial = pre.instantiate(&mut store).expect("instance");
    let ready = Instant::now();
    let sum = shape.call(&trial, &mut store);
    let done = Instant::now();
    let us = |a: Instant, b: Instant| (b - a).as_secs_f64() * 1e6;
    (sum, [us(start, made), us(made, ready), us(ready, done)])
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let engine = engine();
    let component = Component::new(&engine, guest()).expect("compiles");
    let pre: InstancePre<()> = Linker::new(&engine)
        .instantiate_pre(&component)
        .expect("links");
    let pre = TrialPre::new(pre).expect("exports");
    for (bytes, rounds) in [(5_000, 1_000), (50_000, 400), (1_000_000, 60)] {
        let profile = Profile::synthetic(bytes);
        println!(
            "\nprofile of {} bytes of XML, {} nodes",
            profile.xml,
            profile.nodes.len()
        );
        let mut times = vec![[Vec::new(), Vec::new(), Vec::new(), Vec::new()]; CASES.len()];
        let mut sums = [0; CASES.len()];
        for _ in 0..rounds {
            for case in 0..CASES.len() {
                let (sum, parts) = call(&engine, &pre, &profile, case);
                sums[case] = sum;
                for (list, part) in times[case].iter_mut().zip(parts) {
                    list.push(part);
                }
                times[case][3].push(parts.iter().sum());
            }
        }
        assert!(
            sums[1..].iter().all(|sum| *sum == sums[1]),
            "shapes disagree: {sums:?}"
        );
        let medians: Vec<[f64; 4]> = times.into_iter().map(|parts| parts.map(median)).collect();
        report(&profile, &medians);
    }
}

fn report(profile: &Profile, medians: &[[f64; 4]]) {
    let cheapest = medians[1..]
        .iter()
        .map(|m| m[3])
        .fold(f64::INFINITY, f64::min);
    println!("| shape | make | instance | call | total us | to cheapest | to bytes | copied |");
    println!("|---|---|---|---|---|---|---|---|");
    for (case, [make, instance, call, total]) in medians.iter().enumerate() {
        let mut children = Vec::new();
        let copied = shapes::Shape::make(profile, case, &mut children).bytes_copied();
        let (shape, cheap, bytes) = (CASES[case], total / cheapest, total / medians[0][3]);
        println!(
            "| {shape} | {make:.1} | {instance:.1} | {call:.1} | {total:.1} | {cheap:.2} | \
             {bytes:.2} | {copied} |"
        );
    }
}

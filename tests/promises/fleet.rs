//! Small fleets on every bad network: the simulator checks all promises, with other seeds than on the command line.

use cli_simulator::{
    fleet::{Plan, Trouble, run},
    network::Profile,
};

fn kept(devices: usize, days: usize, network: &str, seed: u64) {
    played(devices, days, network, seed, Trouble::default());
}

fn played(devices: usize, days: usize, network: &str, seed: u64, trouble: Trouble) {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        devices,
        days,
        network: network.to_owned(),
        profile: Profile::named(network).unwrap(),
        seed,
        cluster: None,
        moving: None,
        trouble,
    };
    let outcome = run(folder.path(), &plan, &|_, _| {}).unwrap();
    assert!(outcome.is_kept(), "{}", outcome.text());
    // Most events must count: a fleet whose events are all void would keep every promise.
    assert!(
        trouble.clocks || outcome.void * 3 < outcome.events,
        "{}",
        outcome.text()
    );
    assert!(
        outcome.promises.iter().all(|p| p.checked > 0),
        "{}",
        outcome.text()
    );
    assert!(
        outcome.events > outcome.hazards && outcome.photos > 0,
        "{}",
        outcome.text()
    );
    assert!(
        network == "good" || outcome.wire.faults > 0,
        "{}",
        outcome.text()
    );
}

#[test]
fn a_fleet_on_a_weak_network_loses_nothing() {
    kept(9, 2, "weak", 11);
}

#[test]
fn a_fleet_in_tunnels_loses_nothing() {
    kept(9, 2, "tunnel", 12);
}

#[test]
fn a_fleet_on_2g_loses_nothing() {
    kept(9, 2, "2g", 13);
}

#[test]
fn fleets_keep_every_promise_with_damaged_photos_wrong_clocks_city_officers_and_a_restore() {
    for (network, seed) in [("weak", 21), ("tunnel", 22)] {
        played(8, 2, network, seed, Trouble::ALL);
    }
}

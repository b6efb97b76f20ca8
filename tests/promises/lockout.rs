//! Wrong guesses cost the one who guesses: a stranger cannot lock a person out, and no account is guessed quickly.

use serde_json::json;

use crate::support::{
    Town,
    browser::{Browser, PASSWORD},
    sealing::HOUR,
};

const MINUTE: i64 = 60_000;

/// Signs in wrongly as often as it takes until the lane waits; returns the number of guesses that were compared.
fn guess(browser: &mut Browser, name: &str, most: usize) -> usize {
    for n in 0..most {
        let (status, answer) = browser.sign_in(name, "a wrong password");
        match status {
            401 => assert_eq!(answer["code"], "sign-in-refused"),
            429 => return n,
            other => panic!("{other}: {answer}"),
        }
    }
    most
}

#[test]
fn a_stranger_does_not_lock_out_a_person_with_a_known_browser() {
    let mut town = Town::new();
    let mut three = town.administrators();
    let ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let mut stranger = Browser::new(&town, "192.0.2.1");
    assert_eq!(guess(&mut stranger, "ding", 10), 5);
    // Its neighbours wait with it, and the right password does not help them.
    let mut neighbour = Browser::new(&town, "192.0.2.200");
    assert_eq!(neighbour.sign_in("ding", PASSWORD).0, 429);
    // From the stranger's network, but from the browser that the person signed in from before.
    let mut own = Browser::new(&town, "192.0.2.9");
    own.known.clone_from(&ding.known);
    assert_eq!(own.sign_in("ding", PASSWORD).0, 200);
    // A cookie that another person's browser has, or a made-up one, is no known browser.
    let mut other = Browser::new(&town, "192.0.2.9");
    other.known = Some("bWFkZSB1cA".to_owned());
    assert_eq!(other.sign_in("ding", PASSWORD).0, 429);
    other.known.clone_from(&three[0].known);
    assert_eq!(other.sign_in("ding", PASSWORD).0, 429);

    // A restart forgets nothing.
    town.restart_on("server");
    let mut stranger = Browser::new(&town, "192.0.2.1");
    assert_eq!(stranger.sign_in("ding", PASSWORD).0, 429);
    town.later(15 * MINUTE);
    assert_eq!(guess(&mut stranger, "ding", 10), 5);
    town.later(30 * MINUTE - 1);
    assert_eq!(stranger.sign_in("ding", PASSWORD).0, 429, "twice as long");
    town.later(1);
    assert_eq!(stranger.sign_in("ding", PASSWORD).0, 200);
}

#[test]
fn an_account_has_twenty_guesses_an_hour_from_anywhere() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    const FROM: [&str; 12] = [
        "192.0.2.1",
        "198.51.101.1",
        "203.0.114.1",
        "10.1.0.1",
        "10.2.0.1",
        "10.3.0.1",
        "2001:db8:1::1",
        "2001:db8:2::1",
        "2001:db8:3::1",
        "10.4.0.1",
        "10.5.0.1",
        "10.6.0.1",
    ];
    let mut compared = 0;
    for from in FROM {
        compared += guess(&mut Browser::new(&town, from), "ding", 6);
    }
    assert_eq!(compared, 20);
    town.later(HOUR - 1);
    assert_eq!(guess(&mut Browser::new(&town, "10.7.0.1"), "ding", 6), 0);
    // The known browser has its own count.
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
    assert_eq!(guess(&mut ding, "ding", 10), 5);
    town.later(1);
    let mut next = Browser::new(&town, "10.8.0.1");
    assert_eq!(next.sign_in("ding", PASSWORD).0, 200);

    // The security administrator ends the waits.
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 429);
    let person = town.world.actor("审核员丁").person;
    let path = format!("/v1/admin/accounts/{person}/unlock");
    let [system, security, audit] = &mut three;
    for administrator in [&mut *system, &mut *security, &mut *audit] {
        administrator.session = None;
    }
    assert_eq!(system.sign_in("system.1", PASSWORD).0, 200);
    assert_eq!(security.sign_in("security.1", PASSWORD).0, 200);
    system.refused("POST", &path, Some(&json!({})), "out-of-scope");
    security.done("POST", &path, Some(&json!({})));
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
}

#[test]
fn an_unknown_name_is_answered_like_a_known_one() {
    let town = Town::new();
    let mut three = town.administrators();
    town.reviewer_account(&mut three, "审核员丁", "ding");
    let answers = |name: &str, from| {
        let mut browser = Browser::new(&town, from);
        let all = (0..7).map(|_| browser.sign_in(name, "a wrong password"));
        all.collect::<Vec<_>>()
    };
    let known = answers("ding", "192.0.2.1");
    assert_eq!(known, answers("nobody.here", "192.0.2.1"));
    assert_eq!(known[6].0, 429);
    // A suspended account, too.
    let person = town.world.actor("审核员丁").person;
    let path = format!("/v1/admin/accounts/{person}/suspend");
    three[0].done("POST", &path, Some(&json!({})));
    let mut browser = Browser::new(&town, "10.9.0.1");
    let (status, answer) = browser.sign_in("ding", PASSWORD);
    assert_eq!((status, &answer), (401, &known[0].1));
}

#[test]
fn strangers_who_sign_in_in_numbers_do_not_crowd_out_a_known_browser() {
    let town = Town::configured(|config| config.limits.max_in_flight = 32);
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        let strangers: Vec<_> = (0..8)
            .map(|n| {
                let mut stranger = Browser::new(&town, "192.0.2.1");
                let is_over = &is_over;
                scope.spawn(move || {
                    let mut busy = 0;
                    while !is_over.load(order) {
                        let name = format!("nobody.{n}");
                        busy += u32::from(stranger.sign_in(&name, "a wrong password").0 == 503);
                        if busy > 0 {
                            // A cookie that this server did not make opens no other door.
                            stranger.known = Some("bWFkZSB1cA".to_owned());
                        }
                    }
                    busy
                })
            })
            .collect();
        let mut answers = Vec::new();
        // As long as it takes until the strangers have met the limit.
        while answers.len() < 20 || town.refusals("busy") == 0 {
            answers.push(ding.sign_in("ding", PASSWORD).0);
        }
        is_over.store(true, order);
        let busy: u32 = strangers.into_iter().map(|one| one.join().unwrap()).sum();
        assert!(busy > 0, "no stranger met the limit");
        assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    });
}

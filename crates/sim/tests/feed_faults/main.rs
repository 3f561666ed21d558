//! Faults of a feed, one test each and all of them mixed: a market that knows its true books, a network that
//! misbehaves by a seed, the shipped decoder, and books.
//!
//! After every call every book that says it is live equals the true one: all levels, and all orders where it is a
//! book of orders. When the faults stop, every book is live after one loop of snapshots. A failure says its seed;
//! the numbers of the tests are those of the catalogue of faults.

#[path = "../common/mod.rs"]
mod common;
mod desk;
mod session;

use desk::{Desk, ROLES, place};
use session::{Plan, Session, sessions};
use sim::network::{Faults, Network};
use stdx::Prng;
use types::Nanos;
use venues::cme::Role;

/// Steps without faults before the last loop: longer than any packet is under way.
const CALM_STEPS: usize = 60;
const MS: i64 = 1_000_000;

/// What a run is to do to its packets.
#[derive(Clone, Copy, Debug)]
struct Weather {
    /// On each feed, in the order of [`ROLES`].
    faults: [Faults; 4],
    /// Steps before the faults begin.
    from: usize,
    /// Packets before this place are not sent at all: joining late.
    skip_steps: usize,
}

fn on_incremental(faults: Faults) -> Weather {
    Weather {
        faults: [faults, Faults::default(), Faults::default(), Faults::default()],
        from: 2,
        skip_steps: 0,
    }
}

/// Plays a session through a network with faults; answers the desk as it stands at the end, when everything must be
/// live.
fn play(session: &Session, weather: &Weather, seed: u64) -> Desk {
    let root = Prng::new(seed);
    let base = [Nanos(20_000), Nanos(26_000)];
    let mut networks: Vec<Network> =
        ROLES.iter().map(|_| Network::new(Faults::default(), base, root.fork("a feed"))).collect();
    let begins = session.step_after(weather.from);
    let last_loop = *session.loops.last().expect("there are loops");
    let calm_step = session.steps.partition_point(|&at| at <= last_loop).saturating_sub(CALM_STEPS);
    let calm = session.step_after(calm_step);
    let skipped = if weather.skip_steps == 0 { 0 } else { session.step_after(weather.skip_steps) };
    let mut deliveries = Vec::new();
    for (number, sent) in session.sent.iter().enumerate() {
        let feed = place(sent.role);
        let network = &mut networks[feed];
        if number == begins {
            for (network, faults) in networks.iter_mut().zip(weather.faults) {
                network.set(faults);
            }
        } else if number == calm {
            networks.iter_mut().for_each(|network| network.set(Faults::default()));
        } else {
            let _ = network;
        }
        // The definitions of the start come always: nobody joins without knowing what there is.
        if number < skipped && !(number < session.steps[0]) {
            continue;
        }
        networks[feed].send(sent.at, feed, sent.role.is_loop(), &sent.bytes);
    }
    for network in &mut networks {
        deliveries.extend(network.arrivals());
    }
    deliveries.sort_by_key(|delivery| delivery.at);
    let mut desk = Desk::new(session, format!("seed {seed}"));
    for delivery in &deliveries {
        desk.packet(session, delivery.at, ROLES[delivery.feed], delivery.line, &delivery.bytes);
    }
    let end = deliveries.last().expect("something arrived").at;
    desk.elapse(session, end + Nanos(2 * MS));
    assert!(desk.all_live(), "seed {seed}: not live at the end: {:?}, {:?}", states(&desk), desk.counts());
    desk
}

fn states(desk: &Desk) -> Vec<book::State> {
    desk.books.iter().map(book::Book::state).collect()
}

/// Plays some seeds; answers the sums of counts.
fn each(plan: Plan, weather: &Weather, seeds: u64, mut check: impl FnMut(&Desk)) {
    let sessions = sessions(4, plan);
    for seed in 0..seeds {
        let session = &sessions[usize::try_from(seed % 4).expect("small")];
        let desk = play(session, weather, seed);
        assert!(desk.compared > 100, "seed {seed}: {} comparisons", desk.compared);
        check(&desk);
    }
}

#[test]
fn without_faults_every_book_is_live_from_its_first_packet() {
    each(Plan::default(), &on_incremental(Faults::default()), 4, |desk| {
        assert_eq!((desk.gaps, desk.faults, desk.doubted), (0, 0, 0));
        assert!(desk.books.iter().all(|book| book.by_order().is_some()));
        assert_eq!(desk.count("snapshots used"), 0);
    });
}

#[test]
fn f_01_a_packet_lost_on_one_line_comes_on_the_other() {
    let faults = Faults { lost: 0.0, ..Faults::default() };
    let _ = faults;
    let one_line = Faults { cut: 0.0, lost: 0.15, ..Faults::default() };
    let mut lost_on_both = 0;
    each(Plan::default(), &on_incremental(one_line), 200, |desk| {
        // Both may be lost by chance: then, and only then, there is a gap.
        assert_eq!(desk.gaps > 0, desk.count("packets lost") > 0);
        lost_on_both += desk.count("packets lost");
    });
    assert!(lost_on_both > 0);
}

#[test]
fn f_02_a_packet_lost_on_both_lines_makes_every_book_stale_until_it_is_known_again() {
    let faults = Faults { lost_on_both: 0.05, ..Faults::default() };
    let mut recovered = 0;
    each(Plan::default(), &on_incremental(faults), 200, |desk| {
        assert!(desk.count("packets lost") == 0 || desk.gaps >= 3);
        recovered +=
            desk.count("recoveries of levels by snapshot") + desk.count("recoveries of orders by snapshot");
    });
    assert!(recovered > 500, "{recovered}");
}

#[test]
fn f_03_a_duplicate_has_no_effect() {
    let faults = Faults { doubled: 0.5, overtaken_by: Nanos(20 * MS), ..Faults::default() };
    each(Plan::default(), &on_incremental(faults), 100, |desk| {
        assert_eq!((desk.gaps, desk.faults, desk.doubted), (0, 0, 0));
        assert!(desk.count("packets duplicate") > 200);
    });
}

#[test]
fn f_04_what_is_overtaken_within_the_window_is_put_in_order() {
    let faults =
        Faults { overtaken: 0.3, overtaken_on_both: 0.1, overtaken_by: Nanos(900_000), ..Faults::default() };
    let mut held = 0;
    each(Plan::default(), &on_incremental(faults), 100, |desk| {
        assert_eq!((desk.gaps, desk.faults, desk.doubted), (0, 0, 0));
        held += desk.count("packets held");
    });
    assert!(held > 1_000, "{held}");
}

#[test]
fn f_05_what_is_overtaken_beyond_the_window_is_a_gap_and_never_applied_late() {
    let faults = Faults { overtaken_on_both: 0.05, overtaken_by: Nanos(4 * MS), ..Faults::default() };
    let mut lost = 0;
    each(Plan::default(), &on_incremental(faults), 200, |desk| lost += desk.count("packets lost"));
    assert!(lost > 100, "{lost}");
}

#[test]
fn f_06_a_packet_whose_lengths_do_not_fit_is_as_good_as_lost() {
    let faults = Faults { corrupted_on_both: 0.05, ..Faults::default() };
    let mut damaged = 0;
    each(Plan::default(), &on_incremental(faults), 200, |desk| {
        assert_eq!(desk.faults, desk.count("packets damaged"));
        damaged += desk.count("packets damaged");
    });
    assert!(damaged > 500, "{damaged}");
}

#[test]
fn f_08_a_packet_cut_at_any_byte_is_rejected() {
    let faults = Faults { cut_on_both: 0.05, ..Faults::default() };
    let mut damaged = 0;
    each(Plan::default(), &on_incremental(faults), 200, |desk| damaged += desk.count("packets damaged"));
    assert!(damaged > 500, "{damaged}");
}

#[test]
fn f_12_joining_late_nothing_is_live_before_it_is_known() {
    let weather = Weather { skip_steps: 40, from: 0, ..on_incremental(Faults::default()) };
    each(Plan::default(), &weather, 100, |desk| {
        assert!(desk.gaps > 0);
        assert!(desk.count("recoveries of orders by snapshot") >= 3);
    });
}

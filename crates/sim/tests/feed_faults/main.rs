//! Faults of a feed, one test each and all of them mixed: a market that knows its true books, a network that
//! misbehaves by a seed, the shipped decoder, and books.
//!
//! After every call every book that says it is live equals the true one: all levels, and all orders where it is a
//! book of orders. When the faults stop, every book is live after one loop of snapshots. A failure says its seed;
//! the numbers of the tests are those of the catalogue of faults.

#[path = "../common/mod.rs"]
mod common;
mod desk;
mod made;
mod session;

use desk::{Desk, ROLES, place};
use session::{CALM_STEPS, Plan, Session, sessions};
use sim::network::{Delivery, Faults, Network};
use stdx::Prng;
use types::Nanos;
use venues::cme::Role;

const MS: i64 = 1_000_000;

/// What a run is to do to its packets.
#[derive(Clone, Copy, Debug)]
struct Weather {
    /// On each feed, in the order of [`ROLES`].
    faults: [Faults; 4],
    /// Steps before the faults begin.
    from: usize,
    /// Steps of which nothing is sent at all: joining late.
    skip_steps: usize,
    /// How much longer the incremental feed takes than the others.
    incremental_behind: Nanos,
    /// How often a packet is changed by this where it was sent.
    spoil: (f64, fn(&mut [u8]) -> bool),
}

fn unspoiled(_: &mut [u8]) -> bool {
    false
}

fn on_incremental(faults: Faults) -> Weather {
    Weather {
        faults: [faults, Faults::default(), Faults::default(), Faults::default()],
        from: 2,
        skip_steps: 0,
        incremental_behind: Nanos(0),
        spoil: (0.0, unspoiled),
    }
}

fn spoiling(chance: f64, how: fn(&mut [u8]) -> bool) -> Weather {
    Weather { spoil: (chance, how), ..on_incremental(Faults::default()) }
}

/// Where in a packet a level's entry starts that passes; template 46 as the generator writes it.
fn find_level(packet: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut at = 12;
    while let Some(head) = packet.get(at..at + 6) {
        let size = usize::from(u16::from_le_bytes([head[0], head[1]]));
        if u16::from_le_bytes([head[4], head[5]]) == 46 {
            let entries = at + 10 + 11 + 3;
            let count = usize::from(packet[entries - 1]);
            let found = (0..count).map(|row| entries + row * 32).find(|&row| wanted(&packet[row..row + 32]));
            if found.is_some() {
                return found;
            }
        }
        at += size;
    }
    None
}

fn add_to_price(packet: &mut [u8], at: usize, nanos: i64) {
    let price = i64::from_le_bytes(packet[at..at + 8].try_into().expect("eight bytes"));
    packet[at..at + 8].copy_from_slice(&(price + nanos).to_le_bytes());
}

/// Plays a session through a network with faults; answers the desk as it stands at the end, when everything must be
/// live.
fn play(session: &Session, weather: &Weather, seed: u64) -> Desk {
    let mut desk = Desk::new(session, format!("seed {seed}"));
    play_to(session, weather, seed, &mut desk);
    assert!(desk.all_live(), "seed {seed}: not live at the end: {:?}, {:?}", states(&desk), desk.counts());
    desk
}

fn play_to(session: &Session, weather: &Weather, seed: u64, desk: &mut Desk) {
    let deliveries = deliveries(session, weather, seed);
    for delivery in &deliveries {
        desk.packet(session, delivery.at, ROLES[delivery.feed], delivery.line, &delivery.bytes);
    }
    let end = deliveries.last().expect("something arrived").at;
    desk.elapse(session, end + Nanos(2 * MS));
}

fn deliveries(session: &Session, weather: &Weather, seed: u64) -> Vec<Delivery> {
    let root = Prng::new(seed);
    let mut spoils = root.fork("spoils");
    let mut networks: Vec<Network> = ["incremental", "snapshot", "orders", "definitions"]
        .iter()
        .map(|name| {
            let behind = if *name == "incremental" { weather.incremental_behind } else { Nanos(0) };
            let base = [Nanos(20_000) + behind, Nanos(26_000) + behind];
            Network::new(Faults::default(), base, root.fork(name))
        })
        .collect();
    let begins = session.step_after(weather.from);
    let calm = session.step_after(session.steps.len() - CALM_STEPS);
    let skipped = if weather.skip_steps == 0 { 0 } else { session.step_after(weather.skip_steps) };
    let mut bytes = Vec::new();
    for (number, sent) in session.sent.iter().enumerate() {
        if number == begins {
            for (network, faults) in networks.iter_mut().zip(weather.faults) {
                network.set(faults);
            }
        } else if number == calm {
            networks.iter_mut().for_each(|network| network.set(Faults::default()));
        }
        // The definitions of the start come always: nobody joins without knowing what there is.
        if number < skipped && number >= session.steps[0] {
            continue;
        }
        bytes.clear();
        bytes.extend_from_slice(&sent.bytes);
        let (chance, how) = weather.spoil;
        if sent.role == Role::Incremental && (begins..calm).contains(&number) && spoils.chance(chance) {
            how(&mut bytes);
        }
        networks[place(sent.role)].send(sent.at, place(sent.role), sent.role.is_loop(), &bytes);
    }
    let mut deliveries: Vec<Delivery> = networks.iter_mut().flat_map(Network::arrivals).collect();
    deliveries.sort_by_key(|delivery| delivery.at);
    deliveries
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
        assert!(desk.compared > 20, "seed {seed}: {} comparisons", desk.compared);
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
    let one_line = Faults { lost: 0.15, ..Faults::default() };
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
fn f_07_a_price_or_size_that_cannot_be_makes_its_book_stale_and_no_other() {
    let ways: [fn(&mut [u8]) -> bool; 3] = [
        |packet| {
            let found = find_level(packet, |entry| entry[25] < 2);
            found.map(|at| add_to_price(packet, at, 1)).is_some()
        },
        |packet| {
            let found = find_level(packet, |entry| entry[25] < 2);
            found.map(|at| packet[at + 8..at + 12].copy_from_slice(&(-3_i32).to_le_bytes())).is_some()
        },
        |packet| {
            let found = find_level(packet, |entry| entry[25] < 2);
            found.map(|at| packet[at..at + 8].copy_from_slice(&i64::MAX.to_le_bytes())).is_some()
        },
    ];
    for how in ways {
        let mut unusable = 0;
        each(Plan::default(), &spoiling(0.05, how), 100, |desk| {
            assert_eq!(desk.faults, desk.count("entries unusable"));
            assert_eq!(desk.gaps, desk.faults, "one book each time");
            unusable += desk.count("entries unusable");
        });
        assert!(unusable > 100, "{unusable}");
    }
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

#[test]
fn f_09_a_new_week_empties_the_books_and_is_no_gap_of_four_billion() {
    let plan = Plan { week_at: Some(60), ..Plan::default() };
    each(plan, &on_incremental(Faults::default()), 20, |desk| {
        assert_eq!((desk.gaps, desk.count("packets lost"), desk.count("channel restarts") > 0), (0, 0, true));
    });
    // The same with losses, the week's first packets among them.
    let faults = Faults { lost_on_both: 0.05, ..Faults::default() };
    each(plan, &on_incremental(faults), 200, |desk| assert!(desk.count("channel restarts") > 0));
}

#[test]
fn f_10_a_channel_reset_empties_the_books_and_numbers_from_one() {
    let plan = Plan { reset_at: Some(60), ..Plan::default() };
    each(plan, &on_incremental(Faults::default()), 20, |desk| assert_eq!((desk.gaps, desk.faults), (0, 0)));
    let faults = Faults { lost_on_both: 0.05, ..Faults::default() };
    let mut by_reset = 0;
    each(plan, &on_incremental(faults), 200, |desk| by_reset += desk.count("recoveries by reset"));
    assert!(by_reset > 10, "{by_reset}");
}

#[test]
fn f_11_the_number_after_the_last_there_is_is_zero() {
    let plan = Plan { first_packet: u32::MAX - 80, ..Plan::default() };
    // The channel's first number is not 1: all joined late, and recover.
    let faults =
        Faults { lost_on_both: 0.03, overtaken: 0.2, overtaken_by: Nanos(500_000), ..Faults::default() };
    each(plan, &on_incremental(Faults::default()), 10, |desk| assert_eq!(desk.gaps, 0));
    each(plan, &on_incremental(faults), 200, |desk| {
        // Seven loops of three feeds restart; the incremental feed does not.
        assert!(desk.count("channel restarts") <= 3 * 8);
        assert_eq!(desk.count("recoveries by reset"), 0);
    });
}

#[test]
fn f_13_a_snapshot_that_is_older_than_the_loss_is_refused() {
    let stale = Faults { stale: 0.5, ..Faults::default() };
    let loss = Faults { lost_on_both: 0.05, ..Faults::default() };
    let weather = Weather { faults: [loss, stale, stale, Faults::default()], ..on_incremental(loss) };
    let mut refused = 0;
    each(Plan::default(), &weather, 300, |desk| refused += desk.count("snapshots refused"));
    assert!(refused > 300, "{refused}");
}

#[test]
fn f_14_what_a_newer_snapshot_told_is_not_told_again() {
    let loss = Faults { lost_on_both: 0.05, ..Faults::default() };
    let weather = Weather { incremental_behind: Nanos(2 * MS), ..on_incremental(loss) };
    let mut told = 0;
    each(Plan::default(), &weather, 300, |desk| told += desk.count("entries a snapshot told already"));
    assert!(told > 300, "{told}");
}

#[test]
fn f_15_a_gap_while_recovering_starts_the_recovery_over() {
    let faults = Faults { lost_on_both: 0.3, ..Faults::default() };
    let mut again = 0;
    each(Plan::default(), &on_incremental(faults), 200, |desk| again += desk.count("recoveries restarted"));
    assert!(again > 1_000, "{again}");
}

#[test]
fn f_16_a_snapshot_that_comes_in_part_is_waited_for_anew() {
    let loss = Faults { lost_on_both: 0.05, ..Faults::default() };
    let partly = Faults {
        lost: 0.2,
        lost_on_both: 0.15,
        overtaken_on_both: 0.2,
        overtaken_by: Nanos(3 * MS),
        cut_on_both: 0.05,
        ..Faults::default()
    };
    let weather = Weather { faults: [loss, partly, partly, partly], ..on_incremental(loss) };
    let mut refused = 0;
    each(Plan::default(), &weather, 300, |desk| refused += desk.count("snapshots refused"));
    assert!(refused > 100, "{refused}");
}

const LEVELS_ONLY: Plan = Plan {
    seed: 2,
    steps: 160,
    loop_every: 25,
    first_packet: 1,
    by_order: false,
    reset_at: None,
    week_at: None,
    pace: 20.0,
};

#[test]
fn f_17_a_book_that_stays_crossed_is_taken_for_lost() {
    // An ask is sent a hundred ticks below where it is.
    let weather = spoiling(0.02, |packet| {
        let found = find_level(packet, |entry| entry[25] < 2 && entry[26] == b'1');
        found.map(|at| add_to_price(packet, at, -100 * 25_000_000_000)).is_some()
    });
    let mut doubted = 0;
    each(LEVELS_ONLY, &weather, 200, |desk| {
        assert_eq!(desk.doubted, desk.count("books doubted"));
        doubted += desk.doubted;
    });
    assert!(doubted > 100, "{doubted}");
}

#[test]
fn f_19_a_change_of_what_does_not_stand_is_taken_for_a_loss() {
    let weather = spoiling(0.2, |packet| {
        let found = find_level(packet, |entry| entry[25] == 2);
        found.map(|at| add_to_price(packet, at, 100 * 25_000_000_000)).is_some()
    });
    let mut doubted = 0;
    each(LEVELS_ONLY, &weather, 400, |desk| doubted += desk.doubted);
    assert!(doubted > 100, "{doubted}");
}

#[test]
fn f_21_an_instrument_nobody_knows_harms_no_other() {
    let sessions = sessions(4, Plan::default());
    for seed in 0..100 {
        let session = &sessions[usize::try_from(seed % 4).expect("small")];
        let mut desk = Desk::knowing(session, 2, format!("seed {seed}"));
        let loss = Faults { lost_on_both: 0.03, ..Faults::default() };
        play_to(session, &on_incremental(loss), seed, &mut desk);
        assert!(desk.all_live() && desk.books.len() == 2, "seed {seed}: {:?}", states(&desk));
        assert!(desk.count("entries not in the run") > 50, "seed {seed}");
    }
}

#[test]
fn f_22_a_silent_channel_is_stale_after_three_heartbeats_and_a_quiet_one_is_not() {
    let sessions = sessions(4, Plan::default());
    for seed in 0..100 {
        let session = &sessions[usize::try_from(seed % 4).expect("small")];
        let mut desk = Desk::new(session, format!("seed {seed}"));
        let deliveries = deliveries(session, &on_incremental(Faults::default()), seed);
        let silent_from = 200 + usize::try_from(seed).expect("small");
        let mut later = Nanos(0);
        for (number, delivery) in deliveries.iter().enumerate() {
            if number == silent_from {
                let heartbeat = Nanos::from_secs(30);
                let last = deliveries[number - 1].at;
                desk.elapse(session, last + heartbeat);
                assert!(desk.all_live(), "seed {seed}: one heartbeat is not silence");
                later = Nanos(heartbeat.0 * 3 + 2 * MS);
                desk.elapse(session, last + later);
                assert_eq!((desk.gaps, desk.count("channel silences")), (3, 1), "seed {seed}");
                assert!(desk.books.iter().all(|book| book.state() == book::State::Stale), "seed {seed}");
            }
            let at = delivery.at + later;
            desk.packet(session, at, ROLES[delivery.feed], delivery.line, &delivery.bytes);
        }
        assert!(desk.all_live(), "seed {seed}");
    }
}

#[test]
fn t_07_after_a_pause_of_five_seconds_what_was_missed_is_a_gap_and_no_book_is_believed_before_it_is_known() {
    let sessions = sessions(4, Plan::default());
    let pause = Nanos(5_000 * MS);
    for seed in 0..100 {
        let session = &sessions[usize::try_from(seed % 4).expect("small")];
        let mut desk = Desk::new(session, format!("seed {seed}"));
        let deliveries = deliveries(session, &on_incremental(Faults::default()), seed);
        let paused_from = 200 + usize::try_from(seed).expect("small");
        // What waited in the sockets is there when we go on; what found no room in them is not.
        let kept = paused_from + usize::try_from(seed % 60).expect("small");
        let lost_until = kept + 100;
        let mut later = Nanos(0);
        for (number, delivery) in deliveries.iter().enumerate() {
            if number == paused_from {
                later = pause;
                // Time is looked at first: five seconds are less than a heartbeat, and by themselves no loss.
                desk.elapse(session, delivery.at + later);
                assert!(desk.all_live(), "seed {seed}");
            }
            if (kept..lost_until).contains(&number) && ROLES[delivery.feed] == Role::Incremental {
                continue;
            }
            let at =
                if (paused_from..kept).contains(&number) { deliveries[paused_from].at } else { delivery.at };
            desk.packet(session, at + later, ROLES[delivery.feed], delivery.line, &delivery.bytes);
        }
        desk.elapse(session, deliveries.last().expect("some").at + later + Nanos(2 * MS));
        // Every live book was the true one at every packet: `Desk` compares. Now all are known again.
        assert!(desk.gaps >= 3 && desk.count("packets lost") > 0, "seed {seed}: {:?}", desk.counts());
        assert!(desk.all_live(), "seed {seed}: {:?}", states(&desk));
    }
}

/// The sessions' bursts: fifty times as busy as one that is as busy as usual, for some 200 ms.
const BURST: Plan = Plan {
    seed: 24,
    steps: 7_000,
    loop_every: 1_750,
    first_packet: 1,
    by_order: true,
    reset_at: None,
    week_at: None,
    pace: 50.0,
};

#[test]
fn f_24_a_burst_fifty_times_as_busy_loses_nothing_and_holds_within_bounds() {
    let faults = Faults { lost_on_both: 0.02, ..Faults::default() };
    for (plan, seeds) in [(Plan { pace: 1_000.0, steps: 600, loop_every: 150, ..BURST }, 40), (BURST, 4)] {
        each(plan, &on_incremental(faults), seeds, |desk| {
            assert!(desk.count("recovery held most") <= 4_096);
            assert_eq!(desk.count("recovery held dropped"), 0);
        });
    }
    let burst = &sessions(1, BURST)[0];
    let span = burst.sent.last().expect("packets").at - burst.sent[burst.steps[1]].at;
    assert!((Nanos(100 * MS)..Nanos(400 * MS)).contains(&span), "{span:?}");
}

#[test]
fn natural_refresh_alone_makes_a_book_of_levels_known_again() {
    let loss = Faults { lost_on_both: 0.004, ..Faults::default() };
    let no_snapshots = Faults { lost_on_both: 1.0, ..Faults::default() };
    let plan = Plan { steps: 1_500, loop_every: 250, ..LEVELS_ONLY };
    let weather = Weather { faults: [loss, no_snapshots, no_snapshots, loss], ..on_incremental(loss) };
    let mut natural = 0;
    each(plan, &weather, 40, |desk| natural += desk.count("recoveries of levels by natural refresh"));
    assert!(natural > 20, "{natural}");
}

/// Faults of every kind, as often as this seed draws them.
fn storm(prng: &mut Prng) -> Weather {
    let mut faults = |most: f64| Faults {
        lost: prng.unit() * 0.2,
        lost_on_both: prng.unit() * most,
        doubled: prng.unit() * 0.2,
        overtaken: prng.unit() * 0.2,
        overtaken_by: Nanos(prng.between(1, 4 * MS)),
        overtaken_on_both: prng.unit() * most,
        cut: prng.unit() * 0.05,
        cut_on_both: prng.unit() * most / 3.0,
        corrupted_on_both: prng.unit() * most / 3.0,
        stale: if prng.chance(0.3) { prng.unit() } else { 0.0 },
    };
    let faults = [faults(0.06), faults(0.3), faults(0.1), faults(0.3)];
    let skip_steps = if prng.chance(0.2) { usize::try_from(prng.below(25)).expect("small") } else { 0 };
    let incremental_behind = if prng.chance(0.3) { Nanos(prng.between(0, 2 * MS)) } else { Nanos(0) };
    Weather { skip_steps, incremental_behind, faults, ..on_incremental(Faults::default()) }
}

#[test]
fn a_storm_of_every_fault_never_shows_a_wrong_book_and_always_ends() {
    let plan = |seed| Plan { seed, steps: 110, ..Plan::default() };
    let mut kept = sessions(6, plan(11));
    kept.extend(sessions(3, Plan { by_order: false, ..plan(12) }));
    kept.extend(sessions(3, Plan { reset_at: Some(30), ..plan(13) }));
    kept.extend(sessions(3, Plan { week_at: Some(30), ..plan(14) }));
    kept.extend(sessions(1, Plan { first_packet: u32::MAX - 60, ..plan(15) }));
    let mut compared = 0;
    for seed in 0..SEEDS {
        let mut prng = Prng::new(seed);
        let session = &kept[usize::try_from(prng.below(kept.len() as u64)).expect("small")];
        let weather = storm(&mut prng);
        compared += play(session, &weather, seed).compared;
    }
    assert!(compared > SEEDS * 40, "{compared}");
}

/// Sessions of the storm.
const SEEDS: u64 = 10_000;

//! The same strategy, data, latency, queue and fees through us and through hftbacktest: the same fills, order by order;
//! and where we differ on purpose, which order and why.

use hftbacktest::backtest::data::Data;
use rivals::day::{Day, Spent, for_hftbacktest, in_venue_order};
use rivals::explain::{Rule, Rules, ends};
use rivals::hft::{self, Depth};
use rivals::orders::{End, Order, Run, differences};
use rivals::ours;
use rivals::workload::{Queue, Terms, WORKLOADS, Workload};
use runtime::feed::Moment;
use std::collections::BTreeMap;
use testkit::data::recorded;
use types::Lots;

/// Which way the market's events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// As hftbacktest's tools prepare recordings.
    VenueTime,
    /// As they were received.
    Receipt,
}

/// Our run, and the market both see.
fn ours(workload: &Workload, queue: Queue, by: By) -> Option<(Run, Vec<Moment>, Terms)> {
    let path = recorded(workload.file)?;
    let day = Day::open(&path, workload, queue).expect("it is readable");
    let feed = || {
        let batches = day.arrivals().expect("it is readable");
        let batches = if by == By::VenueTime { in_venue_order(batches) } else { batches };
        day.feed(batches, &Spent::default()).expect("it opens")
    };
    let moments = day.moments(feed()).expect("it is readable");
    let terms = day.terms(workload);
    Some((ours::run(&day, &terms, feed()).expect("it runs"), moments, terms))
}

fn events(moments: &[Moment], terms: &Terms) -> Data<hftbacktest::types::Event> {
    Data::from_data(&for_hftbacktest(moments, terms).expect("levels and trades"))
}

/// Orders that were sent early enough to be answered while the recording lasted.
fn settled(orders: &[Order]) -> &[Order] {
    let last = orders.last().map_or(0, |order| order.placed_at.0);
    let count = orders.iter().take_while(|order| order.placed_at.0 + 1_000_000_000 < last).count();
    &orders[..count]
}

fn fills(orders: &[Order]) -> usize {
    orders.iter().filter(|order| order.fill().is_some()).count()
}

#[test]
fn every_order_and_every_fill_are_hftbacktest_s() {
    // Waiting behind everything that stands: a model without a guess in it. In the venue's units, with either book.
    for workload in WORKLOADS {
        let Some((our, moments, terms)) = ours(&workload, Queue::Pessimistic, By::VenueTime) else { return };
        for depth in [Depth::Hash, Depth::Array] {
            let their = hft::run(events(&moments, &terms), &workload, Queue::Pessimistic, depth, terms);
            let their = their.expect("it runs");
            let (ours, theirs) = (settled(&our.orders), settled(&their.orders));
            let different = differences(ours, theirs);
            assert!(different.is_empty(), "{} {depth:?}: {:#?}", workload.name, different.first());
            assert_eq!(our.position, their.position, "{}", workload.name);
            let tolerance = 1e-9 * our.fees.abs() + 1e-12 * fills(ours) as f64;
            assert!(
                (our.fees - their.fees).abs() < tolerance.max(1e-9),
                "{}: {} and {}",
                workload.name,
                our.fees,
                their.fees
            );
        }
        println!("{}: {} orders, {} fills, equal", workload.name, our.orders.len(), fills(&our.orders));
        assert!(fills(&our.orders) > 50, "{}: too little to compare", workload.name);
    }
}

/// Sends our orders through hftbacktest and explains each that ends otherwise; answers how often each reason was given.
fn explained(workload: &Workload, queue: Queue, by: By) -> Option<BTreeMap<Vec<Rule>, usize>> {
    let (our, moments, terms) = ours(workload, queue, by)?;
    // A logarithm depends on the unit it counts in, and ours is the lot.
    let terms = terms.in_steps();
    let their = hft::follow(events(&moments, &terms), workload, queue, terms, &our.orders).expect("it runs");
    let size = Lots(terms.order_size);
    let by_rules: Vec<(Rules, Vec<End>)> = Rules::choices()
        .into_iter()
        .map(|rules| (rules, ends(&moments, &our.orders, size, queue, rules)))
        .collect();
    let mut reasons = BTreeMap::new();
    for (at, order) in settled(&our.orders).iter().enumerate() {
        let name = format!("{} {queue:?} {by:?} order {at} {order:?}", workload.name);
        let theirs = their.orders[at].end;
        for (rules, ends) in &by_rules {
            if *rules == Rules::OURS {
                assert_eq!(ends[at], order.end, "our rules do not explain us: {name}");
            }
            if *rules == Rules::THEIRS {
                assert_eq!(ends[at], theirs, "their rules do not explain them: {name}");
            }
        }
        // The fewest rules of theirs that end it as they do.
        let (rules, _) = by_rules.iter().find(|(_, ends)| ends[at] == theirs).expect("all of them do");
        if order.end != theirs {
            println!("{name}: theirs {theirs:?}, because of {:?}", rules.names());
        }
        *reasons.entry(rules.names()).or_default() += 1;
    }
    println!("{} {queue:?} {by:?}: {reasons:?}", workload.name);
    Some(reasons)
}

#[test]
fn each_order_that_differs_has_a_reason() {
    for workload in WORKLOADS {
        for queue in Queue::ALL {
            for by in [By::VenueTime, By::Receipt] {
                let Some(reasons) = explained(&workload, queue, by) else { return };
                let all: usize = reasons.values().sum();
                let equal = reasons.get(&Vec::new()).copied().unwrap_or(0);
                // Few differ where the models say the same; a logarithm below nothing says something else.
                let least = if queue == Queue::Log { 90 } else { 95 };
                assert!(equal * 100 >= all * least, "{} {queue:?} {by:?}: {reasons:?}", workload.name);
                if by == By::VenueTime {
                    let late = reasons.keys().any(|rules| rules.contains(&Rule::LateTrade));
                    assert!(!late, "{} {queue:?}: nothing is late in the venue's order", workload.name);
                }
            }
        }
    }
}

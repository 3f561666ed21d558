//! The same minimal strategies on the same quotes and bars through us and through NautilusTrader: the same orders and the
//! same fills, one by one; and where we differ on purpose, which order and why. Needs its wheel; says SKIPPED without.

use rivals::day::Day;
use rivals::nautilus::Sent;
use rivals::nautilus::market::{Market, Quote, bars, quotes};
use rivals::nautilus::plan::{self, Plan, Style};
use rivals::nautilus::rules::{self, Rule, Rules, ends};
use rivals::nautilus::theirs::{self, Job};
use rivals::workload::{Queue, Terms, WORKLOADS, Workload};
use std::collections::BTreeMap;
use std::path::PathBuf;
use testkit::data::recorded;

/// A recording without latency, and a Python that has the wheel.
fn opened(workload: &Workload) -> Option<(Day, Terms, PathBuf)> {
    let python = theirs::python()?;
    let path = recorded(workload.file)?;
    let config = workload.config_without_latency();
    let day = Day::with(&path, config, Queue::Pessimistic).expect("it is readable");
    let terms = day.terms(workload);
    Some((day, terms, python))
}

const fn plan(style: Style, size: i64) -> Plan {
    Plan { style, size, max_position: size * 10, stays: false, once_a_price: true }
}

fn parts(orders: &[Sent]) -> usize {
    orders.iter().map(|sent| sent.parts.len()).sum()
}

/// Runs plans through both and demands that every order is the same.
fn equal(workload: &Workload, (day, terms, python): &(Day, Terms, PathBuf), runs: &[(&Market, Plan)]) {
    let jobs: Vec<Job<'_>> =
        runs.iter().map(|(market, plan)| Job { market, plan: *plan, script: None }).collect();
    let all = theirs::run(python, workload, terms, &jobs).expect("it runs");
    for ((market, plan), theirs) in runs.iter().zip(&all) {
        let ours = plan::run(day, terms, market, *plan).expect("it runs");
        let count = ours.len().min(theirs.len());
        for (at, (our, their)) in ours.iter().zip(theirs).enumerate() {
            assert!(our.is_like(their), "{} {plan:?} order {at}:\n{our:?}\n{their:?}", workload.name);
        }
        assert_eq!(ours.len(), theirs.len(), "{} {plan:?}: equal so far as both go, {count}", workload.name);
        println!("{} {:?}: {} orders, {} fills, equal", workload.name, plan.style, count, parts(&ours));
        assert!(parts(&ours) >= 20, "{} {plan:?}: too little to compare", workload.name);
    }
}

#[test]
fn on_quotes_every_order_and_every_fill_are_nautilus_trader_s() {
    for workload in WORKLOADS {
        let Some(opened) = opened(&workload) else { return };
        let market = Market::Quotes(quotes(&opened.0).expect("it is readable"));
        // What no quote can be too small for rests; what takes may find too little, and is filled in part.
        let taken = plan(Style::Taker, opened.1.order_size);
        equal(&workload, &opened, &[(&market, taken), (&market, plan(Style::Quoter, 1))]);
    }
}

#[test]
fn on_bars_every_order_and_every_fill_are_nautilus_trader_s() {
    for workload in WORKLOADS {
        let Some(opened) = opened(&workload) else { return };
        let market = Market::Bars(bars(&opened.0).expect("it is readable"));
        let taken = plan(Style::BarTaker, opened.1.order_size);
        equal(&workload, &opened, &[(&market, taken), (&market, plan(Style::BarQuoter, 1))]);
    }
}

/// Sends our orders through NautilusTrader and explains each that ends otherwise; answers how often each reason was given.
fn explained(
    workload: &Workload,
    (day, terms, python): &(Day, Terms, PathBuf),
    shown: &[Quote],
    plan: Plan,
) -> BTreeMap<Vec<Rule>, usize> {
    let market = Market::Quotes(shown.to_vec());
    let ours = plan::run(day, terms, &market, plan).expect("it runs");
    let job = Job { market: &market, plan, script: Some(&ours) };
    let theirs = theirs::run(python, workload, terms, &[job]).expect("it runs").remove(0);
    assert_eq!(ours.len(), theirs.len());
    let unit =
        if workload.inverse { workload.face() * terms.lot / terms.tick } else { terms.lot * terms.tick };
    let priced = rules::Terms { rest: plan.style == Style::Quoter, unit, inverse: workload.inverse };
    let by_rules: Vec<(Rules, Vec<Sent>)> =
        Rules::choices().into_iter().map(|rules| (rules, ends(shown, &ours, priced, rules))).collect();
    let mut reasons = BTreeMap::new();
    for (at, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        let name = format!("{} {:?} order {at} {our:?}", workload.name, plan.style);
        for (rules, ends) in &by_rules {
            if *rules == Rules::OURS {
                assert!(ends[at].is_like(our), "our rules do not explain us: {name}\n{:?}", ends[at]);
            }
            if *rules == Rules::THEIRS {
                assert!(
                    ends[at].ends_like(their),
                    "theirs do not explain them: {name}\n{their:?}\n{:?}",
                    ends[at]
                );
            }
        }
        let (rules, _) = by_rules.iter().find(|(_, ends)| ends[at].ends_like(their)).expect("all of them do");
        if !our.ends_like(their) {
            println!("{name}: theirs {their:?}, because of {:?}", rules.names());
        }
        *reasons.entry(rules.names()).or_default() += 1;
    }
    println!("{} {:?}: {} orders, {reasons:?}", workload.name, plan.style, ours.len());
    reasons
}

#[test]
fn each_order_that_nautilus_trader_fills_otherwise_has_a_reason() {
    let mut met: BTreeMap<Rule, usize> = BTreeMap::new();
    for name in ["usdm-btc", "coinm-eth"] {
        let workload = Workload::find(name).expect("it is in the list");
        let Some(opened) = opened(&workload) else { return };
        let shown = quotes(&opened.0).expect("it is readable");
        // Large beside what is shown, and again and again at one price.
        let size = opened.1.order_size * 100;
        let taker = Plan { stays: true, once_a_price: false, ..plan(Style::Taker, size) };
        for plan in [taker, plan(Style::Quoter, size)] {
            for (rules, count) in explained(&workload, &opened, &shown, plan) {
                rules.into_iter().for_each(|rule| *met.entry(rule).or_default() += count);
            }
        }
    }
    // Each rule is met: the list says nothing that does not happen.
    assert_eq!(met.len(), Rule::ALL.len(), "{met:?}");
}

//! What schemas 10 to 13 brought to MDP 3.0: definitions of bonds, repos and pairs, books of amounts of currency,
//! workups; and what any schema may bring: longer blocks, shorter ones, templates that nobody knows.

#[path = "support/cme_message.rs"]
mod support;

use stdx::Prng;
use support::Is::{Number, Text};
use support::{Is, Made, message, packet};
use types::{Contract, Depths, Event, Instrument, InstrumentId, Lots, Phase, Side, Status, Ticks};
use venues::cme::sbe::schema::{Block, Kind};
use venues::cme::sbe::table;
use venues::cme::{Decoder, Line, Said, Value, describe};
use venues::{Definition, Directory, Leg, Output};

const SENT: i64 = 1_700_000_000_000_000_000;
const ONE: i64 = 1_000_000_000;
const TICK: i64 = 250_000_000;
const END: Is = Number(0x80);
const ES: i64 = 118;
const NQ: i64 = 731;
const A: Line = Line { ip: [224, 0, 31, 1], port: 14_310 };
const DEFINITIONS: Line = Line { ip: [224, 0, 31, 43], port: 14_310 };
const SNAPSHOTS: Line = Line { ip: [224, 0, 31, 22], port: 14_310 };

struct Desk {
    decoder: Decoder,
    directory: Directory,
    out: Output,
    sent: i64,
}

impl Desk {
    fn of(directory: Directory) -> Self {
        Self { decoder: Decoder::new(), directory, out: Output::default(), sent: SENT }
    }

    /// A run of ES and NQ, both defined.
    fn new() -> Self {
        let instrument = |row, symbol: &str| {
            Instrument::new(types::instrument::Terms {
                id: InstrumentId(row),
                symbol: symbol.into(),
                venue: "cme".into(),
                currency: "USD".into(),
                contract: Contract::Linear,
                tick_nanos: TICK,
                lot_nanos: ONE,
                multiplier_nanos: ONE,
                depths: Depths::default(),
                origin: types::instrument::Origin::Definition,
            })
            .expect("valid terms")
        };
        let directory = Directory::run(&[instrument(0, "ESH4"), instrument(1, "NQH4")], &[TICK; 2]);
        let mut desk = Self::of(directory);
        desk.give(DEFINITIONS, 1, &[future(ES, "ESH4", ONE), future(NQ, "NQH4", ONE)]);
        desk
    }

    fn give(&mut self, line: Line, sequence: u32, messages: &[Made]) {
        let messages: Vec<Vec<u8>> = messages.iter().map(|made| made.bytes_and(0)).collect();
        self.give_bytes(line, &packet(sequence, self.sent, &messages));
    }

    fn give_bytes(&mut self, line: Line, bytes: &[u8]) {
        self.decoder.packet(types::Nanos(0), line, bytes, 0, &mut self.directory, &mut self.out);
    }

    fn events(&mut self) -> Vec<Event> {
        self.out.arrivals.drain(..).map(|arrival| arrival.event).collect()
    }

    fn count(&self, name: &str) -> u64 {
        self.decoder.counts().iter().find(|(found, _)| found == name).map_or(0, |(_, count)| *count)
    }

    /// What was counted, but for the messages themselves.
    fn tally(&self) -> Vec<(String, u64)> {
        let mut counts = self.decoder.counts();
        counts.retain(|(name, _)| !name.starts_with("message "));
        counts
    }
}

/// A definition of any kind, with what all kinds have.
fn definition(template: u16, security: i64, symbol: &'static str) -> Made {
    message(template).with(&[
        ("MatchEventIndicator", END),
        ("SecurityUpdateAction", Text("A")),
        ("SecurityID", Number(security)),
        ("Symbol", Text(symbol)),
        ("SecurityGroup", Text("GRP")),
        ("Asset", Text("AST")),
        ("Currency", Text("USD")),
        ("MinPriceIncrement", Number(TICK)),
        ("DisplayFactor", Number(ONE)),
    ])
}

fn future(security: i64, symbol: &'static str, worth: i64) -> Made {
    definition(54, security, symbol).with(&[("UnitOfMeasureQty", Number(worth))])
}

fn defined(messages: &[Made]) -> Desk {
    let mut desk = Desk::of(Directory::survey());
    desk.give(DEFINITIONS, 1, messages);
    assert_eq!(desk.out.faults, []);
    desk
}

#[test]
fn bonds_repos_and_pairs_are_defined() {
    let depth = [("MDFeedType", Text("GBX")), ("MarketDepth", Number(10))];
    let made = |template, fields: &[(&str, Is)]| {
        definition(template, 5, "NEW").with(fields).entry("NoMDFeedTypes", &depth)
    };
    let size = ("UnitOfMeasureQty", Number(1_000_000 * ONE));
    let eighth_of_a_32nd = ("MinPriceIncrement", Number(3_906_250));
    let term = |start, end| [("StartDate", Number(start)), ("EndDate", Number(end)), size];
    // Template and fields; currency, steps as sent and as written, what one price unit of one lot is worth.
    let cases = [
        // Percent of a million.
        (made(57, &[size, eighth_of_a_32nd]), "USD", 3_906_250, 3_906_250, 10_000 * ONE),
        // CME's own word goes first: 39.0625 for 1/256.
        (
            made(57, &[size, eighth_of_a_32nd, ("MinPriceIncrementAmount", Number(39_062_500_000))]),
            "USD",
            3_906_250,
            3_906_250,
            10_000 * ONE,
        ),
        // Sent in hundredths.
        (
            made(57, &[size, ("MinPriceIncrement", Number(25 * ONE)), ("DisplayFactor", Number(10_000_000))]),
            "USD",
            25 * ONE,
            TICK,
            10_000 * ONE,
        ),
        // A week's interest of a million at one percent, over 360 days, and in sterling over 365.
        (made(58, &term(19_675, 19_682)), "USD", TICK, TICK, 194_444_444_444),
        (
            made(58, &[term(1, 8).as_slice(), &[("Currency", Text("GBP"))]].concat()),
            "GBP",
            TICK,
            TICK,
            191_780_821_918,
        ),
        // Counted in euros, priced in dollars.
        (
            made(63, &[size, ("Currency", Text("EUR")), ("PriceQuoteCurrency", Text("USD"))]),
            "USD",
            TICK,
            TICK,
            ONE,
        ),
    ];
    for (made, currency, wire_tick_nanos, tick_nanos, multiplier_nanos) in cases {
        let desk = defined(std::slice::from_ref(&made));
        let due = Definition {
            venue: "cme".into(),
            symbol: "NEW".into(),
            currency: currency.into(),
            contract: Contract::Linear,
            wire_tick_nanos,
            tick_nanos,
            lot_nanos: ONE,
            multiplier_nanos,
            depths: Depths { outright: Some(10), implied: None },
        };
        assert_eq!(desk.directory.definition("cme", "NEW"), Some(&due), "{}", made.schema.name);
    }
}

#[test]
fn what_has_no_worth_or_an_inverted_book_is_not_defined() {
    let size = ("UnitOfMeasureQty", Number(1_000_000 * ONE));
    let yields = [("InstAttribValue", Number(1 << 22))];
    let others = [("InstAttribValue", Number(!(1 << 22)))];
    let repo = |start, end| {
        definition(58, 5, "NEW").with(&[size, ("StartDate", Number(start)), ("EndDate", Number(end))])
    };
    let bill = definition(57, 5, "NEW").with(&[size]);
    // Whether it is defined, and whether it is counted as inverted.
    let cases = [
        (bill.clone(), true, 0),
        (bill.clone().entry("NoInstAttrib", &others), true, 0),
        (bill.clone().entry("NoInstAttrib", &yields), false, 1),
        (bill.clone().entry("NoInstAttrib", &others).entry("NoInstAttrib", &yields), false, 1),
        (definition(57, 5, "NEW"), false, 0),
        (repo(10, 11), true, 0),
        (repo(10, 11).entry("NoInstAttrib", &yields), false, 1),
        // Without a term there is no interest.
        (repo(10, 10), false, 0),
        (repo(11, 10), false, 0),
        (definition(58, 5, "NEW").with(&[size]), false, 0),
        (definition(63, 5, "NEW"), true, 0),
        (definition(63, 5, "NEW").with(&[("MinPriceIncrement", Number(i64::MAX))]), false, 0),
        (definition(63, 5, ""), false, 0),
    ];
    for (at, (made, is_defined, inverted)) in cases.into_iter().enumerate() {
        let desk = defined(&[made]);
        assert_eq!(desk.directory.definition("cme", "NEW").is_some(), is_defined, "case {at}");
        assert_eq!(desk.count("definitions unusable"), u64::from(!is_defined), "case {at}");
        assert_eq!(desk.count("definitions of inverted books"), inverted, "case {at}");
    }
    // A bond that is deleted closes, as any other does.
    let mut desk = defined(std::slice::from_ref(&bill));
    let level = [("SecurityID", Number(5)), ("MDEntryPx", Number(TICK)), ("RptSeq", Number(1))];
    let full = [level.as_slice(), &[("MDEntrySize", Number(5)), ("MDEntryType", Text("0"))]].concat();
    desk.give(A, 1, &[message(46).entry("NoMDEntries", &full)]);
    desk.events();
    desk.give(DEFINITIONS, 2, &[bill.with(&[("SecurityUpdateAction", Text("D"))])]);
    assert!(matches!(desk.events()[..], [Event::Status(Status { phase: Phase::Closed, .. })]));
}

fn leg(security: i64, side: i64, ratio: i64) -> Vec<(&'static str, Is)> {
    vec![("LegSecurityID", Number(security)), ("LegSide", Number(side)), ("LegRatioQty", Number(ratio))]
}

fn spread(kind: &'static str, legs: &[Vec<(&'static str, Is)>]) -> Made {
    let made = definition(56, 9, "SPREAD").with(&[("SecuritySubType", Text(kind))]);
    legs.iter().fold(made, |made, leg| made.entry("NoLegs", leg))
}

/// Legs as `+1 CLF5`, in their order.
fn legs(desk: &Desk) -> Vec<String> {
    let composition = desk.directory.composition("cme", "SPREAD").expect("it was said");
    let side = |leg: &Leg| match leg.side {
        Some(Side::Buy) => '+',
        Some(Side::Sell) => '-',
        None => '?',
    };
    composition.legs.iter().map(|leg| format!("{}{} {}", side(leg), leg.ratio, leg.symbol)).collect()
}

#[test]
fn a_spread_is_its_legs_in_their_order_whatever_it_is_worth() {
    let worth = |desk: &Desk| Some(desk.directory.definition("cme", "SPREAD")?.multiplier_nanos);
    let (cl, ho, rb) =
        (future(1, "CLF5", 1_000 * ONE), future(2, "HOF5", 42_000 * ONE), future(3, "RBF5", 42_000 * ONE));
    // Two products of one unit: what a price unit is worth of one, it is of the spread.
    let desk = defined(&[ho.clone(), rb.clone(), spread("IS", &[leg(3, 1, 1), leg(2, 2, 1)])]);
    assert_eq!((legs(&desk), worth(&desk)), (vec!["+1 RBF5".into(), "-1 HOF5".into()], Some(42_000 * ONE)));
    assert_eq!(desk.directory.composition("cme", "SPREAD").expect("said").kind, "IS");
    // Crude against its products, 3:2:1: no price unit is worth the same of all, and the legs are said all the same.
    let crack = spread("IS", &[leg(1, 2, 3), leg(3, 1, 2), leg(2, 1, 1)])
        .with(&[("PriceRatio", Number(2_380_952_000)), ("UnderlyingProduct", Number(16))]);
    let desk = defined(&[cl.clone(), ho.clone(), rb.clone(), crack]);
    assert_eq!(legs(&desk), ["-3 CLF5", "+2 RBF5", "+1 HOF5"]);
    assert_eq!((worth(&desk), desk.count("definitions unusable")), (None, 1));
    let said = desk.directory.composition("cme", "SPREAD").expect("said");
    assert_eq!(said.price_ratio_nanos, Some(2_380_952_000));
    // Before its legs: they have numbers for names until it comes round again, and it waits for all of them.
    let first = spread("IS", &[leg(3, 1, 1), leg(2, 2, 1)]);
    let desk = defined(&[first.clone(), ho.clone()]);
    assert_eq!((legs(&desk), worth(&desk)), (vec!["+1 #3".into(), "-1 #2".into()], None));
    assert_eq!(desk.count("definitions unusable"), 0);
    let desk = defined(&[first.clone(), ho, rb, first]);
    assert_eq!((legs(&desk), worth(&desk)), (vec!["+1 RBF5".into(), "-1 HOF5".into()], Some(42_000 * ONE)));
}

#[test]
fn spreads_of_options_have_deltas_and_agreed_prices() {
    let option = |security, symbol| {
        definition(55, security, symbol)
            .with(&[("UnitOfMeasureQty", Number(50 * ONE)), ("StrikePrice", Number(ONE))])
    };
    let (call, put) = (option(1, "ESH4 C4800"), option(2, "ESH4 P4700"));
    // A vertical, and a call covered by a future at an agreed price.
    let vertical = spread("VT", &[leg(1, 1, 1), leg(2, 2, 1)]);
    let desk = defined(&[call.clone(), put, vertical]);
    assert_eq!(legs(&desk), ["+1 ESH4 C4800", "-1 ESH4 P4700"]);
    assert_eq!(desk.directory.definition("cme", "SPREAD").expect("defined").multiplier_nanos, 50 * ONE);
    let covering =
        [leg(ES, 2, 0), vec![("LegPrice", Number(4_769 * ONE)), ("LegOptionDelta", Number(430_000_000))]]
            .concat();
    let desk = defined(&[call, future(ES, "ESH4", 50 * ONE), spread("COV", &[leg(1, 1, 1), covering])]);
    let said = &desk.directory.composition("cme", "SPREAD").expect("said").legs;
    let due = Leg {
        number: ES,
        symbol: "ESH4".into(),
        side: Some(Side::Sell),
        ratio: 0,
        price_nanos: Some(4_769 * ONE),
        delta_nanos: Some(430_000_000),
    };
    assert_eq!((said.len(), &said[1]), (2, &due));
    assert_eq!((said[0].price_nanos, said[0].delta_nanos), (None, None));
    // A sub-type that nobody told us of, and a side that is none.
    let desk = defined(&[future(ES, "ESH4", ONE), spread("Q7", &[leg(ES, 9, -1)])]);
    assert_eq!(
        (legs(&desk), desk.directory.definition("cme", "SPREAD").is_some()),
        (vec!["?-1 ESH4".into()], true)
    );
}

/// Entries of chance, for a template and its twin of amounts of currency.
fn entry(prng: &mut Prng, rpt_seq: i64, kinds: &str) -> Vec<(&'static str, Is)> {
    let pick = |prng: &mut Prng, kinds: &str| {
        let at = usize::try_from(prng.below(kinds.len() as u64)).expect("within");
        i64::from(kinds.as_bytes()[at])
    };
    let mut fields = vec![
        ("MDEntryPx", Number(TICK * prng.between(3_990, 4_010))),
        ("MDEntrySize", Number(prng.between(0, 1_000_000))),
        ("SecurityID", Number(if prng.chance(0.8) { ES } else { 55 })),
        ("RptSeq", Number(rpt_seq)),
        ("NumberOfOrders", Number(prng.between(0, 3))),
        ("MDPriceLevel", Number(prng.between(1, 10))),
        ("MDUpdateAction", Number(prng.between(0, 6))),
        ("MDEntryType", Number(pick(prng, kinds))),
        ("AggressorSide", Number(prng.between(0, 2))),
        ("OpenCloseSettlFlag", Number(if prng.chance(0.5) { 5 } else { 100 })),
        ("MDTradeEntryID", Number(prng.between(1, 1_000_000))),
    ];
    // Now and then something that cannot be.
    if prng.chance(0.05) {
        fields[0].1 = Number(TICK + 1);
    }
    fields
}

#[test]
fn amounts_of_currency_are_read_as_contracts_are() {
    // Template, its twin, and the entry types of both.
    let twins = [(46, 64, "0011EFJwx?"), (48, 65, "2"), (37, 66, "e"), (51, 67, "478NO9")];
    for (narrow, wide, kinds) in twins {
        let (mut events, mut prng) = (0, Prng::new(u64::from(narrow)));
        for round in 0..200 {
            let mut desks = [Desk::new(), Desk::new()];
            for sequence in 1..4 {
                let root = [("TransactTime", Number(SENT)), ("MatchEventIndicator", END)];
                let mut made = [message(narrow).with(&root), message(wide).with(&root)];
                for at in 0..prng.between(0, 5) {
                    let skip = i64::from(prng.chance(0.1));
                    let fields = entry(&mut prng, i64::from(sequence) * 5 + at + skip, kinds);
                    made = made.map(|made| made.entry("NoMDEntries", &fields));
                }
                for _ in 0..prng.between(0, 3) {
                    let order = [
                        ("OrderID", Number(prng.between(1, 50))),
                        ("MDDisplayQty", Number(prng.between(0, 9))),
                        ("LastQty", Number(prng.between(0, 9))),
                        ("ReferenceID", Number(prng.between(0, 5))),
                        ("OrderUpdateAction", Number(prng.between(0, 3))),
                    ];
                    if made[0].schema.groups.len() > 1 {
                        made = made.map(|made| made.entry("NoOrderIDEntries", &order));
                    }
                }
                for (desk, made) in desks.iter_mut().zip(&made) {
                    desk.give(A, sequence, std::slice::from_ref(made));
                }
            }
            let [one, two] = &mut desks;
            let (these, those) = (one.events(), two.events());
            assert_eq!(these, those, "{narrow} and {wide}, round {round}");
            assert_eq!(one.tally(), two.tally(), "{narrow} and {wide}, round {round}");
            assert_eq!(one.out.faults.len(), two.out.faults.len(), "{narrow} and {wide}, round {round}");
            events += these.len();
        }
        assert!(events > 500, "{narrow}: {events}");
    }
}

/// The sizes of levels and trades, and the values of statistics.
fn sizes(events: &[Event]) -> Vec<i64> {
    let mut sizes = Vec::new();
    for event in events {
        if let Event::Level(delta) = event {
            sizes.push(delta.size.0);
        } else if let Event::Trade(trade) = event {
            sizes.push(trade.size.0);
        } else if let Event::Statistic(statistic) = event {
            sizes.push(statistic.value);
        }
    }
    sizes
}

#[test]
fn amounts_beyond_32_bits_are_whole() {
    let billions = 45_000_000_000;
    let root = [("TransactTime", Number(SENT)), ("MatchEventIndicator", END)];
    let fields = |rpt_seq| {
        [
            ("MDEntryPx", Number(TICK * 4_000)),
            ("MDEntrySize", Number(billions)),
            ("SecurityID", Number(ES)),
            ("RptSeq", Number(rpt_seq)),
            ("MDPriceLevel", Number(1)),
            ("MDUpdateAction", Number(0)),
            ("MDEntryType", Text("0")),
        ]
    };
    let mut desk = Desk::new();
    for (rpt_seq, template) in [(1, 64), (2, 65), (3, 66)] {
        desk.give(A, rpt_seq, &[message(template).with(&root).entry("NoMDEntries", &fields(rpt_seq.into()))]);
        assert_eq!(sizes(&desk.events()), [billions], "{template}");
    }
    // No book holds more than 63 bits of them, and null is no size.
    for (rpt_seq, size) in [(4, i64::MIN), (5, -1)] {
        let mut fields = fields(rpt_seq.into());
        fields[1].1 = Number(size);
        desk.give(A, rpt_seq, &[message(64).with(&root).entry("NoMDEntries", &fields)]);
        assert!(matches!(desk.events()[..], [Event::Gap(_)]), "{size}");
    }
    assert_eq!(desk.out.faults.len(), 2);
}

#[test]
fn a_snapshot_of_amounts_recovers_a_book_and_says_its_statistics() {
    let tick = |rpt_seq| {
        message(64).with(&[("TransactTime", Number(SENT)), ("MatchEventIndicator", END)]).entry(
            "NoMDEntries",
            &[
                ("MDEntryPx", Number(TICK * 4_000)),
                ("MDEntrySize", Number(7)),
                ("SecurityID", Number(ES)),
                ("RptSeq", Number(rpt_seq)),
                ("MDPriceLevel", Number(1)),
                ("MDUpdateAction", Number(1)),
                ("MDEntryType", Text("0")),
            ],
        )
    };
    let shown = |made: Made, kind: &'static str, level: i64, ticks: i64, size: i64| {
        made.entry(
            "NoMDEntries",
            &[
                ("MDEntryPx", Number(TICK * ticks)),
                ("MDEntrySize", Number(size)),
                ("MDPriceLevel", Number(level)),
                ("NumberOfOrders", Number(1)),
                ("MDEntryType", Text(kind)),
            ],
        )
    };
    let snapshot = |template: u16| {
        let made = message(template).with(&[
            ("LastMsgSeqNumProcessed", Number(5)),
            ("TotNumReports", Number(1)),
            ("SecurityID", Number(ES)),
            ("RptSeq", Number(50)),
            ("TransactTime", Number(SENT)),
            ("HighLimitPrice", Number(TICK * 5_000)),
            ("LowLimitPrice", Number(TICK * 3_000)),
        ]);
        let made = shown(shown(made, "0", 1, 4_000, 7), "0", 2, 3_999, 12);
        let made = shown(shown(made, "1", 1, 4_001, 9), "7", 0, 4_100, 0);
        shown(made, "e", 0, 0, 1_234_567)
    };
    let seen = |template: u16| {
        let mut desk = Desk::new();
        // Joined late: nothing is known until the snapshot.
        desk.give(A, 5, &[tick(50)]);
        assert!(matches!(desk.events()[..], [Event::Gap(_), Event::Level(_)]));
        desk.sent += 1;
        desk.give(SNAPSHOTS, 1, &[snapshot(template)]);
        let events = desk.events();
        assert_eq!((desk.count("snapshots used"), desk.out.faults.len()), (1, 0), "{template}");
        events
    };
    let (long, narrow) = (seen(69), seen(52));
    assert_eq!(long, narrow);
    let levels: Vec<(Ticks, Lots)> = long
        .iter()
        .filter_map(
            |event| if let Event::Level(delta) = event { Some((delta.price, delta.size)) } else { None },
        )
        .collect();
    let level = |price, size| (Ticks(price), Lots(size));
    assert_eq!(levels, [level(0, 0), level(4_000, 7), level(3_999, 12), level(4_001, 9)]);
    let statistics = long.iter().filter(|event| matches!(event, Event::Statistic(_))).count();
    // Limits, the band that is none, the high and the volume.
    assert_eq!(statistics, 5);
}

#[test]
fn a_workup_halts_and_its_end_opens() {
    let mut desk = Desk::new();
    let workup = |status| {
        message(60)
            .with(&[
                ("TransactTime", Number(SENT + 7)),
                ("SecurityID", Number(NQ)),
                ("MDEntryPx", Number(TICK)),
                ("MatchEventIndicator", END),
                ("SecurityTradingStatus", Number(status)),
                ("TradeLinkID", Number(4)),
            ])
            .entry("NoOrderIDEntries", &[("OrderID", Number(8)), ("Side", Number(1))])
    };
    let cases = [
        (201, Phase::Halted),
        (202, Phase::Halted),
        (17, Phase::Open),
        (18, Phase::Closed),
        (77, Phase::Halted),
    ];
    for (sequence, (status, phase)) in (1..).zip(cases) {
        desk.give(A, sequence, &[workup(status)]);
        let due = Status { venue_at: types::Nanos(SENT + 7), instrument: Some(InstrumentId(1)), phase };
        assert_eq!(desk.events(), [Event::Status(due)], "{status}");
    }
    assert_eq!((desk.count("statuses of workups"), desk.count("message 60 SecurityStatusWorkup")), (5, 5));
    // The status of template 30 has the same codes.
    let status =
        [("TransactTime", Number(SENT)), ("SecurityID", Number(NQ)), ("SecurityTradingStatus", Number(202))];
    desk.give(A, 6, &[message(30).with(&status)]);
    assert!(matches!(desk.events()[..], [Event::Status(Status { phase: Phase::Halted, .. })]));
}

#[test]
fn f_21_what_has_no_place_and_what_nobody_knows_is_passed_over_and_counted() {
    let mut desk = Desk::new();
    for (sequence, template) in (1..).zip([59, 61, 62, 68]) {
        desk.give(A, sequence, &[plausible(template)]);
    }
    assert_eq!((desk.count("messages passed over"), desk.events()), (4, Vec::new()));
    assert_eq!(desk.count("message 62 CollateralMarketValue"), 1);
    // Between two messages that are known.
    let stranger = |template: u16| {
        let mut bytes = vec![14, 0, 4, 0];
        bytes.extend(template.to_le_bytes());
        bytes.extend([1, 0, 14, 0, 9, 9, 9, 9]);
        bytes
    };
    let known = plausible(46).bytes_and(0);
    let strange = [stranger(70), known, stranger(127), stranger(128), stranger(u16::MAX)];
    desk.give_bytes(A, &packet(5, SENT, &strange));
    assert_eq!(desk.count("messages of unknown templates"), 4);
    let events = desk.events();
    assert!(matches!(events[..], [Event::Gap(_), Event::Level(_)]), "{events:?}");
    assert_eq!(desk.out.faults, []);
}

/// What a field of a plausible message holds.
fn plausible_value(name: &str, block: &Block) -> Option<Is> {
    let words = |name: &str| {
        let field = block.fields.iter().find(|field| field.name == name)?;
        if let Kind::Words(words) = field.kind { Some(words.name) } else { None }
    };
    Some(match name {
        "TransactTime" | "LastUpdateTime" => Number(SENT),
        "MatchEventIndicator" => END,
        // A definition is of something new, and a spread of something known.
        "SecurityID" if block.fields.iter().any(|field| field.name == "DisplayFactor") => Number(200),
        "SecurityID" => Number(ES),
        "LegSecurityID" => Number(NQ),
        "RptSeq" => Number(51),
        "MDPriceLevel" | "NumberOfOrders" | "ReferenceID" | "LegSide" | "LegRatioQty" | "CurrentChunk"
        | "NoChunks" | "MarketDepth" => Number(1),
        "LastMsgSeqNumProcessed" => Number(5),
        "MDEntryPx" | "HighLimitPrice" | "UnitOfMeasureQty" => Number(4_000 * ONE),
        "LowLimitPrice" | "MinPriceIncrement" => Number(TICK),
        "DisplayFactor" => Number(ONE),
        "MDEntrySize" | "MDDisplayQty" | "LastQty" | "OrderQty" | "OrderID" => Number(5),
        "SecurityUpdateAction" => Text("A"),
        "Symbol" => Text("NEW"),
        "Currency" => Text("USD"),
        "MDFeedType" => Text("GBX"),
        "StartDate" => Number(1),
        "EndDate" => Number(8),
        "SecurityTradingStatus" => Number(17),
        "MDEntryType" => match words(name) {
            Some("MdEntryTypeStatistics") => Text("7"),
            Some("MdEntryTypeDailyStatistics") => Text("6"),
            _ => Text("0"),
        },
        _ => return None,
    })
}

/// A message with one entry in every group, and everything that makes an event of it.
fn plausible(template: u16) -> Made {
    let fields = |block: &Block| -> Vec<(&'static str, Is)> {
        let fields = block.fields.iter();
        fields.filter_map(|field| Some((field.name, plausible_value(field.name, block)?))).collect()
    };
    let made = message(template);
    let schema = made.schema;
    let made = made.with(&fields(&schema.root));
    schema.groups.iter().fold(made, |made, group| made.entry(group.name, &fields(&group.block)))
}

/// Everything that became of a message: events, faults, counts, and what the directory was told.
fn became(made: &Made, bytes: &[u8]) -> (String, usize) {
    let mut desk = Desk::of(Directory::survey());
    desk.give(DEFINITIONS, 1, &[future(NQ, "NQH4", ONE)]);
    // Joined late, so that snapshots are of use; single orders are of use where the start was seen.
    let is_order = matches!(made.schema.template, 43 | 47);
    let (start, rpt_seq) = if is_order { (1, 1) } else { (5, 50) };
    let level = [("MDEntryPx", Number(4_000 * ONE)), ("MDEntrySize", Number(3)), ("MDEntryType", Text("0"))];
    let of = [("SecurityID", Number(ES)), ("RptSeq", Number(rpt_seq)), ("MDPriceLevel", Number(1))];
    let root = [("TransactTime", Number(SENT)), ("MatchEventIndicator", END)];
    desk.give(A, start, &[message(46).with(&root).entry("NoMDEntries", &[level, of].concat())]);
    desk.events();
    let (line, sequence) =
        if made.schema.name.starts_with("Snapshot") { (SNAPSHOTS, 1) } else { (A, start + 1) };
    desk.give_bytes(line, &packet(sequence, SENT, &[bytes.to_vec()]));
    let told =
        (desk.directory.definition("cme", "NEW").cloned(), desk.directory.composition("cme", "NEW").cloned());
    let size = desk.out.arrivals.len() + usize::from(told.0.is_some());
    let events = desk.events();
    (format!("{events:?} {:?} {:?} {told:?}", desk.out.faults, desk.decoder.counts()), size)
}

/// Every known field of a message, as `inspect --messages` tells it.
fn fields(bytes: &[u8]) -> Vec<String> {
    let mut fields = Vec::new();
    let packet = packet(1, SENT, &[bytes.to_vec()]);
    let told = describe(&packet, &mut |said| {
        if let Said::Field { schema, value } = said {
            fields.push(format!("{} {value}", schema.name));
        }
    });
    told.expect("it is whole");
    fields
}

#[test]
fn longer_blocks_of_every_message_give_the_same_events() {
    let mut silent = Vec::new();
    for schema in table::MESSAGES {
        let made = plausible(schema.template);
        let plain = made.bytes_and(0);
        let (due, size) = became(&made, &plain);
        if size == 0 {
            silent.push(schema.template);
        }
        for more in 1..=64 {
            let longer = made.bytes_and(more);
            assert_eq!(became(&made, &longer).0, due, "{} and {more} bytes", schema.name);
            assert_eq!(fields(&longer), fields(&plain), "{} and {more} bytes", schema.name);
        }
    }
    // Heartbeat, login and logout, the trades of schemas before 5, and what is passed over.
    assert_eq!(silent, [12, 15, 16, 36, 59, 61, 62, 68]);
}

#[test]
fn blocks_of_older_schemas_have_nulls_for_what_came_later() {
    let mut cuts = 0;
    for schema in table::MESSAGES {
        let places = std::iter::once(None).chain((0..schema.groups.len()).map(Some));
        for place in places {
            let block = place.map_or(&schema.root, |place: usize| &schema.groups[place].block);
            for field in
                block.fields.iter().filter(|field| field.since > 0 && field.bytes > 0 && !field.hidden)
            {
                let mut made = plausible(schema.template);
                made.version = field.since - 1;
                let whole = became(&made, &made.bytes_and(0)).0;
                let bytes = place.map_or(&mut made.root, |place| &mut made.groups[place][0]);
                bytes.truncate(usize::from(field.at));
                let short = made.bytes_and(0);
                let mut null = false;
                let told = describe(&packet(1, SENT, std::slice::from_ref(&short)), &mut |said| {
                    if let Said::Field { schema, value } = said {
                        null |= schema.name == field.name && value == Value::Null;
                    }
                });
                told.expect("it is whole");
                assert!(null, "{} {}", schema.name, field.name);
                // Nothing that came later makes another event of what was there before.
                assert_eq!(became(&made, &short).0, whole, "{} without {}", schema.name, field.name);
                cuts += 1;
            }
        }
    }
    assert!(cuts > 15, "{cuts}");
}

#[test]
fn a_packet_of_newer_messages_cut_at_any_byte_is_never_read_beyond_its_end() {
    for template in 57..=69 {
        let whole = plausible(template).bytes_and(0);
        for cut in 0..whole.len() {
            let mut bytes = whole[..cut].to_vec();
            if cut >= 2 {
                // The frame is as long as what is left of it: the damage is within.
                bytes[..2].copy_from_slice(&u16::try_from(cut).expect("short").to_le_bytes());
            }
            let mut desk = Desk::new();
            desk.give_bytes(A, &packet(1, SENT, &[bytes]));
            let damaged = desk.count("packets damaged") + desk.count("messages damaged");
            assert!(damaged <= 1, "{template} cut at {cut}");
            assert_eq!(
                desk.out.faults.len() as u64,
                damaged + desk.count("entries unusable"),
                "{template} cut at {cut}"
            );
        }
    }
}

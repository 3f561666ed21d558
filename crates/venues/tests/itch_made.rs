//! A day of a made exchange, sent as ITCH and read back: the books are what the exchange's own list of orders says,
//! whichever framing carries them and wherever the stream begins.

use book::{Book, State};
use std::collections::{BTreeMap, BTreeSet};
use stdx::Prng;
use types::instrument::Terms;
use types::{Contract, Depths, Event, Instrument, InstrumentId, Origin, Side, Ticks};
use types::{Flags, MarketOrderId, Nanos, OrderAction};
use venues::nasdaq::itch::{Price4, Price8, SPECS, Timestamp, make};
use venues::nasdaq::{Decoder, file, mold};
use venues::{Decode, Directory, Output};

const STOCKS: [&[u8; 8]; 3] = [b"ALPHA   ", b"BETA    ", b"GAMMA   "];

/// An order as the exchange knows it. The list is in order of arrival: that is the priority.
#[derive(Clone, Copy, Debug)]
struct Order {
    number: u64,
    locate: u16,
    side: Side,
    price: u32,
    shares: u32,
}

/// Sends a day, and keeps what stands in the plainest way there is.
struct Exchange {
    prng: Prng,
    at: u64,
    numbers: u64,
    matches: u64,
    orders: Vec<Order>,
    printed: Vec<(u64, u16, u32, u64)>,
    messages: Vec<Vec<u8>>,
    /// What stands after each message.
    standing: Vec<Vec<Order>>,
}

impl Exchange {
    fn new(seed: u64) -> Self {
        Self {
            prng: Prng::new(seed),
            at: 14_400_000_000_000,
            numbers: 0,
            matches: 0,
            orders: Vec::new(),
            printed: Vec::new(),
            messages: Vec::new(),
            standing: Vec::new(),
        }
    }

    fn pick(&mut self, below: u64) -> u32 {
        u32::try_from(self.prng.below(below)).expect("small")
    }

    fn send(&mut self, bytes: impl Into<Vec<u8>>) {
        self.messages.push(bytes.into());
        self.standing.push(self.orders.clone());
    }

    fn now(&mut self) -> Timestamp {
        self.at += self.prng.below(1_000_000);
        Timestamp(self.at)
    }

    fn system(&mut self, event_code: u8) {
        let timestamp = self.now();
        self.send(make::SystemEvent { stock_locate: 0, tracking_number: 0, timestamp, event_code }.bytes());
    }

    /// Bids below ten dollars, asks above: nothing crosses.
    fn price(&mut self, side: Side) -> u32 {
        match side {
            Side::Buy => 99_900 - 100 * self.pick(40),
            Side::Sell => 100_100 + 100 * self.pick(40),
        }
    }

    fn day(mut self, messages: usize) -> Self {
        self.system(b'O');
        self.preamble();
        self.system(b'S');
        self.system(b'Q');
        while self.messages.len() < messages {
            self.step();
        }
        for code in *b"MEC" {
            self.system(code);
        }
        self
    }

    fn preamble(&mut self) {
        for (locate, stock) in (1..).zip(STOCKS) {
            let timestamp = self.now();
            let directory = make::StockDirectory {
                stock_locate: locate,
                tracking_number: 0,
                timestamp,
                stock: *stock,
                market_category: b'Q',
                financial_status_indicator: b'N',
                round_lot_size: 100,
                round_lots_only: b'N',
                issue_classification: b'C',
                issue_sub_type: *b"Z ",
                authenticity: b'T',
                short_sale_threshold_indicator: b'N',
                ipo_flag: b'N',
                luld_reference_price_tier: b'1',
                etp_flag: b'N',
                etp_leverage_factor: 0,
                inverse_indicator: b'N',
            };
            self.send(directory.bytes());
            self.halt_or_resume(locate, b'T');
        }
    }

    fn halt_or_resume(&mut self, stock_locate: u16, trading_state: u8) {
        let timestamp = self.now();
        let action = make::StockTradingAction {
            stock_locate,
            tracking_number: 0,
            timestamp,
            stock: *STOCKS[usize::from(stock_locate) - 1],
            trading_state,
            reserved: b' ',
            reason: *b"T1  ",
        };
        self.send(action.bytes());
    }

    fn step(&mut self) {
        match self.prng.below(100) {
            0..45 => self.add(),
            45..60 => self.execute(),
            60..66 => self.cancel(),
            66..82 => self.delete(),
            82..92 => self.replace(),
            92..95 => self.hidden(),
            95..96 => self.bust(),
            _ => self.aside(),
        }
    }

    fn add(&mut self) {
        let side = if self.prng.chance(0.5) { Side::Buy } else { Side::Sell };
        self.numbers += 1 + self.prng.below(7);
        let order = Order {
            number: self.numbers,
            locate: u16::try_from(1 + self.prng.below(3)).expect("small"),
            side,
            price: self.price(side),
            shares: 1 + self.pick(400),
        };
        self.orders.push(order);
        let add = make::AddOrder {
            stock_locate: order.locate,
            tracking_number: 0,
            timestamp: self.now(),
            order_reference_number: order.number,
            buy_sell_indicator: if side == Side::Buy { b'B' } else { b'S' },
            shares: order.shares,
            stock: *STOCKS[usize::from(order.locate) - 1],
            price: Price4(order.price),
        };
        if self.prng.chance(0.2) {
            let make::AddOrder { stock_locate, tracking_number, timestamp, stock, price, .. } = add;
            let add = make::AddOrderMpid {
                stock_locate,
                tracking_number,
                timestamp,
                order_reference_number: order.number,
                buy_sell_indicator: add.buy_sell_indicator,
                shares: order.shares,
                stock,
                price,
                attribution: *b"MPID",
            };
            self.send(add.bytes());
        } else {
            self.send(add.bytes());
        }
    }

    fn any(&mut self) -> Option<usize> {
        let count = self.orders.len() as u64;
        (count > 0).then(|| usize::try_from(self.prng.below(count)).expect("small"))
    }

    fn reduce(&mut self, at: usize, shares: u32) {
        self.orders[at].shares -= shares;
        if self.orders[at].shares == 0 {
            self.orders.remove(at);
        }
    }

    fn execute(&mut self) {
        let Some(at) = self.any() else { return };
        let order = self.orders[at];
        let shares =
            if self.prng.chance(0.4) { order.shares } else { 1 + self.pick(u64::from(order.shares)) };
        self.matches += 1;
        self.reduce(at, shares);
        self.printed.push((self.matches, order.locate, order.price, u64::from(shares)));
        let executed = make::OrderExecuted {
            stock_locate: order.locate,
            tracking_number: 0,
            timestamp: self.now(),
            order_reference_number: order.number,
            executed_shares: shares,
            match_number: self.matches,
        };
        if self.prng.chance(0.3) {
            let is_printable = self.prng.chance(0.5);
            let price = order.price + 50;
            let last = self.printed.last_mut().expect("just pushed");
            last.2 = price;
            if !is_printable {
                self.printed.pop();
            }
            let executed = make::OrderExecutedWithPrice {
                stock_locate: order.locate,
                tracking_number: 0,
                timestamp: executed.timestamp,
                order_reference_number: order.number,
                executed_shares: shares,
                match_number: self.matches,
                printable: if is_printable { b'Y' } else { b'N' },
                execution_price: Price4(price),
            };
            self.send(executed.bytes());
        } else {
            self.send(executed.bytes());
        }
    }

    fn cancel(&mut self) {
        let Some(at) = self.any() else { return };
        let order = self.orders[at];
        let shares = 1 + self.pick(u64::from(order.shares));
        self.reduce(at, shares);
        let cancel = make::OrderCancel {
            stock_locate: order.locate,
            tracking_number: 0,
            timestamp: self.now(),
            order_reference_number: order.number,
            canceled_shares: shares,
        };
        self.send(cancel.bytes());
    }

    fn delete(&mut self) {
        let Some(at) = self.any() else { return };
        let order = self.orders.remove(at);
        let delete = make::OrderDelete {
            stock_locate: order.locate,
            tracking_number: 0,
            timestamp: self.now(),
            order_reference_number: order.number,
        };
        self.send(delete.bytes());
    }

    /// The youngest order more often than not: chains of replacements.
    fn replace(&mut self) {
        let Some(any) = self.any() else { return };
        let at = if self.prng.chance(0.6) { self.orders.len() - 1 } else { any };
        let order = self.orders.remove(at);
        self.numbers += 1;
        let (price, shares) = (self.price(order.side), 1 + self.pick(400));
        self.orders.push(Order { number: self.numbers, price, shares, ..order });
        let replace = make::OrderReplace {
            stock_locate: order.locate,
            tracking_number: 0,
            timestamp: self.now(),
            original_order_reference_number: order.number,
            new_order_reference_number: self.numbers,
            shares,
            price: Price4(price),
        };
        self.send(replace.bytes());
    }

    fn hidden(&mut self) {
        let locate = u16::try_from(1 + self.prng.below(3)).expect("small");
        let (shares, price) = (1 + self.pick(900), 100_000 + self.pick(99));
        self.matches += 1;
        self.printed.push((self.matches, locate, price, u64::from(shares)));
        let (timestamp, stock) = (self.now(), *STOCKS[usize::from(locate) - 1]);
        if self.prng.chance(0.5) {
            let trade = make::NonCrossTrade {
                stock_locate: locate,
                tracking_number: 0,
                timestamp,
                order_reference_number: 0,
                buy_sell_indicator: b'B',
                shares,
                stock,
                price: Price4(price),
                match_number: self.matches,
            };
            self.send(trade.bytes());
        } else {
            let cross = make::CrossTrade {
                stock_locate: locate,
                tracking_number: 0,
                timestamp,
                shares: u64::from(shares),
                stock,
                cross_price: Price4(price),
                match_number: self.matches,
                cross_type: b'H',
            };
            self.send(cross.bytes());
        }
    }

    fn bust(&mut self) {
        let Some(&(match_number, locate, ..)) = self.printed.last() else { return };
        let timestamp = self.now();
        let broken = make::BrokenTrade { stock_locate: locate, tracking_number: 0, timestamp, match_number };
        self.send(broken.bytes());
    }

    /// Everything that changes no order.
    fn aside(&mut self) {
        let (stock_locate, tracking_number, timestamp) = (2, 0, self.now());
        let stock = *STOCKS[1];
        let price = Price4(100_000);
        match self.prng.below(10) {
            0 => self.halt_or_resume(2, b'H'),
            1 => self.halt_or_resume(2, b'T'),
            2 => self.send(
                make::RegShoRestriction {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    stock,
                    reg_sho_action: b'0',
                }
                .bytes(),
            ),
            3 => self.send(
                make::MarketParticipantPosition {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    mpid: *b"MPID",
                    stock,
                    primary_market_maker: b'N',
                    market_maker_mode: b'N',
                    market_participant_state: b'A',
                }
                .bytes(),
            ),
            4 => {
                let (level_1, level_2, level_3) = (Price8(3), Price8(2), Price8(1));
                let stock_locate = 0;
                let level = make::MwcbDeclineLevel {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    level_1,
                    level_2,
                    level_3,
                };
                self.send(level.bytes());
                let breached_level = b'1';
                self.send(
                    make::MwcbStatus { stock_locate, tracking_number, timestamp, breached_level }.bytes(),
                );
            }
            5 => self.send(
                make::QuotingPeriodUpdate {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    stock,
                    ipo_quotation_release_time: 36_000,
                    ipo_quotation_release_qualifier: b'A',
                    ipo_price: price,
                }
                .bytes(),
            ),
            6 => self.send(
                make::LuldAuctionCollar {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    stock,
                    auction_collar_reference_price: price,
                    upper_auction_collar_price: price,
                    lower_auction_collar_price: price,
                    auction_collar_extension: 0,
                }
                .bytes(),
            ),
            7 => self.send(
                make::OperationalHalt {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    stock,
                    market_code: b'Q',
                    operational_halt_action: b'T',
                }
                .bytes(),
            ),
            8 => self.send(
                make::NetOrderImbalance {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    paired_shares: 10,
                    imbalance_shares: 1,
                    imbalance_direction: b'B',
                    stock,
                    far_price: price,
                    near_price: price,
                    current_reference_price: price,
                    cross_type: b'C',
                    price_variation_indicator: b' ',
                }
                .bytes(),
            ),
            _ => {
                let interest_flag = b'N';
                let retail = make::RetailPriceImprovement {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    stock,
                    interest_flag,
                };
                self.send(retail.bytes());
                let direct = make::DirectListing {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    stock,
                    open_eligibility_status: b'N',
                    minimum_allowable_price: price,
                    maximum_allowable_price: price,
                    near_execution_price: price,
                    near_execution_time: 1,
                    lower_price_range_collar: price,
                    upper_price_range_collar: price,
                };
                self.send(direct.bytes());
            }
        }
    }
}

/// The books that arrivals make, by stock locate.
#[derive(Default)]
struct Books {
    books: Vec<Book>,
}

impl Books {
    fn take(&mut self, out: &Output) {
        for arrival in &out.arrivals {
            let Some(id) = arrival.event.instrument() else { continue };
            while self.books.len() <= id.index() {
                self.books.push(Book::empty());
            }
            let book = &mut self.books[id.index()];
            if let Event::Order(delta) = &arrival.event {
                book.apply_order(delta);
            } else if let Event::Gap(_) = &arrival.event {
                book.on_gap();
            } else if let Event::Status(status) = &arrival.event {
                book.on_phase(status.phase);
            }
        }
    }

    /// Every queue of every level is the exchange's.
    fn check(&self, orders: &[Order], directory: &Directory, seed: u64) {
        for (locate, symbol) in (1_u16..).zip(STOCKS) {
            let symbol = String::from_utf8_lossy(symbol).trim_end().to_string();
            let Some(row) = directory.names().iter().position(|(_, name)| *name == symbol) else { continue };
            let book = &self.books[row];
            for side in Side::BOTH {
                let mut queues = BTreeMap::<u32, Vec<(u64, i64)>>::new();
                for order in orders.iter().filter(|order| order.locate == locate && order.side == side) {
                    queues.entry(order.price).or_default().push((order.number, i64::from(order.shares)));
                }
                let ours = book.by_order().expect("orders were sent");
                assert_eq!(ours.depth(side), queues.len(), "seed {seed}");
                for (price, queue) in queues {
                    let ticks = Ticks(Price4(price).nanos());
                    let found: Vec<(u64, i64)> = ours
                        .queue(side, ticks)
                        .map(|(MarketOrderId(number), resting)| (number, resting.size.0 / 1_000_000_000))
                        .collect();
                    assert_eq!(found, queue, "seed {seed}, {symbol} at {price}");
                }
            }
        }
    }
}

#[test]
fn books_are_the_exchange_s_after_every_message() {
    let mut met = BTreeSet::new();
    for seed in 0..8 {
        let exchange = Exchange::new(seed).day(3_000);
        let (mut decoder, mut directory) = (Decoder::new(Nanos(0)), Directory::survey());
        let (mut out, mut books) = (Output::default(), Books::default());
        let mut trades = Vec::new();
        for (number, message) in exchange.messages.iter().enumerate() {
            met.insert(message[0]);
            out.clear();
            decoder.message(None, message, 0, &mut directory, &mut out);
            assert_eq!(out.faults, []);
            books.take(&out);
            for arrival in &out.arrivals {
                if let Event::Trade(trade) = &arrival.event {
                    let price = u32::try_from(trade.price.0 / 100_000).expect("a price");
                    trades.push((trade.id, price, trade.size.0.unsigned_abs() / 1_000_000_000));
                }
            }
            if number % 50 == 0 {
                books.check(&exchange.standing[number], &directory, seed);
            }
        }
        books.check(&exchange.orders, &directory, seed);
        assert_eq!(decoder.orders(), exchange.orders.len());
        let printed: Vec<_> =
            exchange.printed.iter().map(|(number, _, price, shares)| (*number, *price, *shares)).collect();
        assert_eq!(trades, printed, "seed {seed}");
        for book in &books.books {
            assert_eq!((book.state(), book.counts()), (State::Live, book::Counts::default()), "seed {seed}");
        }
    }
    assert_eq!(met.len(), SPECS.len(), "every type of message was sent");
}

#[test]
fn every_framing_carries_the_same_day() {
    for seed in 20..24 {
        let exchange = Exchange::new(seed).day(1_500);
        let (mut decoder, mut directory) = (Decoder::new(Nanos(7)), Directory::survey());
        let mut expected = Output::default();
        for message in &exchange.messages {
            decoder.message(None, message, 0, &mut directory, &mut expected);
        }
        let prefixed = |length: &dyn Fn(usize) -> u16| -> Vec<u8> {
            let parts = exchange.messages.iter().map(|m| [&length(m.len()).to_be_bytes()[..], m].concat());
            parts.collect::<Vec<_>>().concat()
        };
        let exact = prefixed(&|length| u16::try_from(length).expect("short"));
        let files =
            [exact.clone(), prefixed(&|_| 0), exchange.messages.concat(), [&exact[..], &[0, 0]].concat()];
        for (framing, bytes) in files.iter().enumerate() {
            for step in [bytes.len(), 1_000, 13] {
                let (mut decoder, mut directory) = (file::Decoder::new(Some(Nanos(7))), Directory::survey());
                let (mut out, mut window) = (Output::default(), Vec::new());
                for piece in bytes.chunks(step) {
                    window.extend_from_slice(piece);
                    let taken = decoder.decode(&window, &mut directory, &mut out);
                    window.drain(..taken);
                }
                decoder.finish(&window, &mut directory, &mut out);
                assert_eq!(out.arrivals, expected.arrivals, "framing {framing} in pieces of {step}");
                assert_eq!(out.faults, [], "framing {framing}");
            }
        }
        assert_eq!(over_mold(&exchange.messages, seed), expected.arrivals.len());
    }
}

/// Over two lossy lines that together lose nothing; answers how many arrivals there were.
fn over_mold(messages: &[Vec<u8>], seed: u64) -> usize {
    let mut prng = Prng::new(seed);
    let (mut decoder, mut directory) =
        (mold::Decoder::new(Nanos(7), mold::Policy::default()), Directory::survey());
    let (mut out, mut at, mut now) = (Output::default(), 0, 0);
    while at < messages.len() {
        let end = (at + usize::try_from(prng.below(5)).expect("small")).min(messages.len());
        let mut bytes = Vec::new();
        let mut packet = mold::PacketWriter::begin(&mut bytes, *b"0123456789", at as u64 + 1);
        messages[at..end].iter().for_each(|message| packet.message(message));
        packet.finish();
        for _line in 0..if prng.chance(0.5) { 1 } else { 2 } {
            now += 1;
            decoder.packet(Nanos(now), &bytes, 0, &mut directory, &mut out);
        }
        at = end;
    }
    assert_eq!(out.faults, []);
    out.arrivals.len()
}

#[test]
fn a_day_joined_in_the_middle_is_stale_and_counts_what_it_does_not_know() {
    for seed in 40..44 {
        let exchange = Exchange::new(seed).day(2_000);
        for from in [1, 500, 1_500] {
            let (mut decoder, mut directory) = (Decoder::new(Nanos(0)), Directory::survey());
            let (mut out, mut books) = (Output::default(), Books::default());
            let (mut shown, mut unknown) = (BTreeSet::new(), 0);
            for message in &exchange.messages[from..] {
                out.clear();
                decoder.message(None, message, 0, &mut directory, &mut out);
                books.take(&out);
                assert!(books.books.iter().all(|book| !book.is_live()), "seed {seed} from {from}");
                // Reference numbers lie behind the header in all that name one; of `U`, the new one follows.
                let number =
                    |at: usize| u64::from_be_bytes(*message[at..].first_chunk().expect("long enough"));
                match message[0] {
                    b'A' | b'F' => drop(shown.insert(number(11))),
                    b'U' if shown.contains(&number(11)) => drop(shown.insert(number(19))),
                    b'U' | b'E' | b'C' | b'X' | b'D' => {
                        unknown += u64::from(!shown.contains(&number(11)));
                    }
                    _ => {}
                }
            }
            let counts: BTreeMap<String, u64> = decoder.counts().into_iter().collect();
            assert_eq!(
                counts.get("orders unknown").copied().unwrap_or(0),
                unknown,
                "seed {seed} from {from}"
            );
            assert_eq!(unknown > 0, from > 100);
            assert_eq!(counts["books gone stale"], 3);
        }
    }
}

#[test]
fn a_run_hears_of_its_own_stocks_only_and_in_its_own_steps() {
    let exchange = Exchange::new(77).day(2_000);
    let terms = Terms {
        id: InstrumentId(0),
        symbol: "BETA".into(),
        venue: "nasdaq".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 10_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 1_000_000_000,
        depths: Depths::default(),
        origin: Origin::Definition,
    };
    let instrument = Instrument::new(terms).expect("sound terms");
    let (mut decoder, mut run) = (Decoder::new(Nanos(0)), Directory::run(&[instrument], &[10_000_000]));
    let (mut whole, mut survey) = (Decoder::new(Nanos(0)), Directory::survey());
    let (mut out, mut all) = (Output::default(), Output::default());
    for message in &exchange.messages {
        decoder.message(None, message, 0, &mut run, &mut out);
        whole.message(None, message, 0, &mut survey, &mut all);
    }
    assert_eq!(out.faults, []);
    let row = survey.names().iter().position(|(_, name)| name == "BETA").expect("met");
    let ours = all.arrivals.iter().filter(|a| a.event.instrument().is_some_and(|id| id.index() == row));
    assert_eq!(ours.clone().count(), out.arrivals.len());
    for (full, run) in ours.zip(&out.arrivals) {
        assert_eq!((full.received_at, full.event.kind()), (run.received_at, run.event.kind()));
        if let (Event::Order(full), Event::Order(run)) = (&full.event, &run.event) {
            assert_eq!((full.order, full.action, full.flags), (run.order, run.action, run.flags));
            // A fill may be off the grid, by less than a cent.
            let nanos = run.price.0 * 10_000_000;
            let off = full.price.0 - nanos;
            assert!(off == 0 || run.action == OrderAction::Fill && (0..10_000_000).contains(&off));
            assert_eq!(full.size.0, run.size.0 * 1_000_000_000);
            assert!(!run.flags.has(Flags::SNAPSHOT));
        }
    }
    let standing = exchange.orders.iter().filter(|order| order.locate == 2).count();
    assert_eq!(decoder.orders(), standing);
}

#[test]
fn damaged_days_give_the_same_in_pieces_and_never_a_book_that_contradicts_itself() {
    let exchange = Exchange::new(90).day(400);
    let length = |message: &Vec<u8>| u16::try_from(message.len()).expect("short").to_be_bytes();
    let whole: Vec<u8> = exchange.messages.iter().flat_map(|m| [&length(m)[..], m].concat()).collect();
    let mut faults = 0;
    for seed in 0..300 {
        let mut prng = Prng::new(seed);
        let mut bytes = whole.clone();
        for _ in 0..1 + prng.below(4) {
            let at = usize::try_from(prng.below(bytes.len() as u64)).expect("small");
            match prng.below(3) {
                0 => bytes[at] ^= 1 << prng.below(8),
                1 => drop(bytes.drain(at..bytes.len().min(at + 1 + at % 70))),
                _ => bytes.insert(at, u8::try_from(prng.below(256)).expect("a byte")),
            }
        }
        let mut outs = [bytes.len(), 1 + usize::try_from(seed).expect("small")].map(|step| {
            let (mut decoder, mut directory) = (file::Decoder::new(Some(Nanos(0))), Directory::survey());
            let (mut out, mut window) = (Output::default(), Vec::new());
            for piece in bytes.chunks(step) {
                window.extend_from_slice(piece);
                let taken = decoder.decode(&window, &mut directory, &mut out);
                window.drain(..taken);
            }
            decoder.finish(&window, &mut directory, &mut out);
            out
        });
        assert_eq!(outs[0].arrivals, outs[1].arrivals, "seed {seed}");
        assert_eq!(outs[0].faults, outs[1].faults, "seed {seed}");
        faults += outs[0].faults.len();
        let mut books = Books::default();
        books.take(&std::mem::take(&mut outs[0]));
        for book in books.books.iter().filter(|book| book.is_live()) {
            assert_eq!(book.counts(), book::Counts::default(), "seed {seed}");
        }
    }
    assert!(faults > 300, "{faults}");
}

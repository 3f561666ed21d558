//! A session of a generated market: what is sent on every feed, and the true books after every packet.

use book::Level;
use sim::latency::Delay;
use sim::market::{Config, Generator, Kind, Line, Product};
use std::rc::Rc;
use stdx::Prng;
use types::{MarketOrderId, Nanos, Side, Ticks};
use venues::cme::Role;

/// One packet, before it is copied to two lines.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) at: Nanos,
    pub(crate) role: Role,
    pub(crate) bytes: Vec<u8>,
}

/// A book as it truly stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    /// The levels that are shown.
    pub(crate) levels: [Vec<Level>; 2],
    /// Every order: by price from the best, first in line first.
    pub(crate) orders: [Vec<(Ticks, MarketOrderId, i64)>; 2],
}

/// After a packet, whose book is in the middle of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mid {
    Nobody,
    Of(usize),
    All,
}

/// What a session is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) steps: usize,
    /// Steps between two loops of snapshots.
    pub(crate) loop_every: usize,
    pub(crate) first_packet: u32,
    pub(crate) by_order: bool,
    /// The step before which the channel is reset.
    pub(crate) reset_at: Option<usize>,
    /// The step before which a new week begins.
    pub(crate) week_at: Option<usize>,
    /// How busy each product is, 1 being about 200 actions a second.
    pub(crate) pace: f64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            steps: 160,
            loop_every: 25,
            first_packet: 1,
            by_order: true,
            reset_at: None,
            week_at: None,
            pace: 20.0,
        }
    }
}

/// A session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) products: Vec<Product>,
    pub(crate) sent: Vec<Sent>,
    /// Where in `sent` each step starts.
    pub(crate) steps: Vec<usize>,
    /// Where in `sent` each loop starts.
    pub(crate) loops: Vec<usize>,
    /// The first number of each numbering, and how many packets came before it.
    numberings: Vec<(u32, usize)>,
    mid: Vec<Mid>,
    /// By product: after how many packets the book was what.
    truth: Vec<Vec<(usize, Rc<Picture>)>>,
}

pub(crate) fn products() -> Vec<Product> {
    let third = Product { symbol: "YMH6".into(), asset: "YM".into(), security: 103, ..Product::es() };
    vec![Product::es(), Product::nq(), third]
}

/// Steps at the end without faults.
pub(crate) const CALM_STEPS: usize = 20;
/// Steps after the last loop.
const LAST_STEPS: usize = 8;

impl Session {
    pub(crate) fn new(plan: Plan) -> Self {
        let products: Vec<Product> =
            products().into_iter().map(|product| Product { pace: plan.pace, ..product }).collect();
        let config = Config {
            kind: Kind::Poisson,
            seed: plan.seed,
            products: products.clone(),
            by_order: plan.by_order,
            opening: [1, 2],
            lines: [Delay::fixed(0); 2],
            heartbeat_every: Nanos(0),
            ..Config::default()
        };
        let starts_at = config.starts_at;
        let mut generator = Generator::new(config);
        generator.number_from(plan.first_packet);
        let mut session = Self {
            sent: Vec::new(),
            steps: Vec::new(),
            loops: Vec::new(),
            numberings: vec![(plan.first_packet, 0)],
            mid: Vec::new(),
            truth: vec![vec![(0, Rc::default())]; products.len()],
            products,
        };
        session.definitions(&generator, starts_at - Nanos::from_secs(2));
        for number in 0..plan.steps {
            session.steps.push(session.sent.len());
            let now = session.now();
            if number + CALM_STEPS == plan.steps || number + CALM_STEPS == plan.steps + 5 {
                // Whatever is under way arrives; what is then known to be missing is given up.
                generator.pause(Nanos::from_millis(10));
            }
            if plan.reset_at == Some(number) {
                session.reset(&mut generator, now, plan.by_order);
            }
            if plan.week_at == Some(number) {
                generator.pause(Nanos::from_secs(5));
                session.week(&mut generator, now + Nanos::from_secs(5), plan.by_order);
            }
            let from = session.mid.len();
            let step = generator.step(&mut |at, line, bytes| {
                if line == Line::A {
                    session.incremental(at, bytes);
                }
            });
            let product = step.expect("the session is long enough").product;
            let mid = if number == 0 { Mid::All } else { Mid::Of(product) };
            session.ended(from, mid, &generator, plan.by_order);
            if number % plan.loop_every == plan.loop_every - 1 || number + LAST_STEPS == plan.steps {
                session.one_loop(&generator);
            }
        }
        session
    }

    fn now(&self) -> Nanos {
        self.sent.last().map_or(Nanos(0), |sent| sent.at)
    }

    fn incremental(&mut self, at: Nanos, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.sent.push(Sent { at: at.max(self.now()), role: Role::Incremental, bytes });
        self.mid.push(Mid::Nobody);
    }

    /// The packets since `from` were of one event; what is true after the last of them.
    fn ended(&mut self, from: usize, mid: Mid, generator: &Generator, by_order: bool) {
        let packets = self.mid.len();
        if from == packets {
            return;
        }
        self.mid[from..packets - 1].fill(mid);
        for product in 0..self.products.len() {
            if mid == Mid::All || mid == Mid::Of(product) {
                let picture = Rc::new(picture(generator, product, by_order));
                self.truth[product].push((packets, picture));
            }
        }
    }

    fn definitions(&mut self, generator: &Generator, at: Nanos) {
        let sent = &mut self.sent;
        generator.definitions(at, &mut |role, bytes| sent.push(Sent { at, role, bytes: bytes.to_vec() }));
    }

    /// Snapshots and definitions, each packet a few microseconds after the one before.
    fn one_loop(&mut self, generator: &Generator) {
        self.loops.push(self.sent.len());
        let at = self.now();
        let mut sent = Vec::new();
        let mut push = |role, bytes: &[u8]| {
            let at = at + Nanos(1_000 * (1 + sent.len().cast_signed() as i64));
            sent.push(Sent { at, role, bytes: bytes.to_vec() });
        };
        generator.snapshots(at, &mut push);
        generator.order_snapshots(at, &mut push);
        generator.definitions(at, &mut push);
        self.sent.extend(sent);
    }

    fn reset(&mut self, generator: &mut Generator, at: Nanos, by_order: bool) {
        let mut packets = Vec::new();
        let mut take = |line, bytes: &[u8]| {
            if line == Line::A {
                packets.push(bytes.to_vec());
            }
        };
        generator.reset_channel(at, &mut |_, line, bytes| take(line, bytes));
        packets.drain(..).for_each(|bytes| self.incremental(at, &bytes));
        self.emptied();
        for product in 0..self.products.len() {
            let from = self.mid.len();
            generator.resend(product, at, &mut |at, line, bytes| {
                if line == Line::A {
                    self.incremental(at, bytes);
                }
            });
            self.ended(from, Mid::Of(product), generator, by_order);
        }
    }

    fn week(&mut self, generator: &mut Generator, at: Nanos, by_order: bool) {
        generator.start_anew();
        self.numberings.push((1, self.mid.len()));
        // The first packet of the week shows that it has begun: from it on, books are empty.
        for product in 0..self.products.len() {
            let from = self.mid.len();
            generator.reopen(product, at, &mut |at, line, bytes| {
                if line == Line::A {
                    self.incremental(at, bytes);
                }
            });
            if product == 0 {
                let first = from + 1;
                for truth in &mut self.truth[1..] {
                    truth.push((first, Rc::default()));
                }
            }
            self.ended(from, Mid::Of(product), generator, by_order);
        }
    }

    fn emptied(&mut self) {
        let packets = self.mid.len();
        for truth in &mut self.truth {
            truth.push((packets, Rc::default()));
        }
    }

    /// How many packets had been sent when the one numbered `sequence` had, in the numbering `numbering`.
    pub(crate) fn packets_through(&self, numbering: usize, sequence: u32) -> usize {
        let (first, before) = self.numberings[numbering];
        before + sequence.wrapping_sub(first) as usize + 1
    }

    /// The true book of a product after so many packets; `None` in the middle of an event of its.
    pub(crate) fn truth(&self, product: usize, packets: usize) -> Option<&Picture> {
        match packets.checked_sub(1).map(|last| self.mid.get(last)) {
            Some(Some(Mid::All) | None) => return None,
            Some(Some(Mid::Of(other))) if *other == product => return None,
            Some(Some(Mid::Of(_) | Mid::Nobody)) | None => {}
        }
        let truth = &self.truth[product];
        let after = truth.partition_point(|(count, _)| *count <= packets);
        Some(&truth[after - 1].1)
    }

    /// Where in `sent` a step starts; the end, when there is no such step.
    pub(crate) fn step_after(&self, step: usize) -> usize {
        self.steps.get(step).copied().unwrap_or(self.sent.len())
    }
}

fn picture(generator: &Generator, product: usize, by_order: bool) -> Picture {
    let exchange = generator.exchange(product);
    let levels = Side::BOTH.map(|side| {
        let levels = exchange.levels(side).take(10);
        levels.map(|level| Level { price: level.price, size: level.size, orders: level.orders }).collect()
    });
    let orders = Side::BOTH.map(|side| {
        if !by_order {
            return Vec::new();
        }
        let queues = exchange.levels(side).flat_map(|level| exchange.queue(side, level.price));
        let wire = |id| MarketOrderId(Generator::wire_order(product, id));
        queues.map(|order| (order.price, wire(order.id), order.size.0)).collect()
    });
    Picture { levels, orders }
}

/// Sessions that many seeds share.
pub(crate) fn sessions(count: u64, plan: Plan) -> Vec<Session> {
    let mut prng = Prng::new(plan.seed);
    (0..count).map(|_| Session::new(Plan { seed: prng.below(1 << 40), ..plan })).collect()
}

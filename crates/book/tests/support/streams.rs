//! Made-up deltas: markets that wander, with every mistake a feed can make mixed in.

use stdx::Prng;
use types::{
    Flags, InstrumentId, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Side,
    Ticks,
};

/// Where prices lie, and what goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    /// Where the market starts.
    pub(crate) centre: i64,
    /// Prices lie this far from the centre at most, near ones more often.
    pub(crate) spread: i64,
    /// How far the centre moves in one go, now and then.
    pub(crate) jump: i64,
    /// How often a delta is nonsense: unknown orders, sizes below zero.
    pub(crate) nonsense: f64,
    /// Sizes at the end of what there is.
    pub(crate) huge: bool,
    /// How many orders stand, about.
    pub(crate) orders: usize,
}

pub(crate) const PROFILES: [Profile; 8] = [
    Profile { name: "narrow", centre: 20_000, spread: 12, jump: 1, nonsense: 0.02, huge: false, orders: 60 },
    Profile { name: "negative", centre: -40, spread: 80, jump: 3, nonsense: 0.02, huge: false, orders: 200 },
    Profile {
        name: "wide",
        centre: 500_000,
        spread: 3_000,
        jump: 40,
        nonsense: 0.02,
        huge: false,
        orders: 600,
    },
    Profile { name: "jumps", centre: 0, spread: 600, jump: 9_000, nonsense: 0.02, huge: false, orders: 300 },
    Profile {
        name: "very wide",
        centre: 7,
        spread: 400_000,
        jump: 50_000,
        nonsense: 0.02,
        huge: false,
        orders: 900,
    },
    // Changed far out so often that the window grows to all it may be.
    Profile {
        name: "far out",
        centre: 600_000,
        spread: 40_000,
        jump: 300,
        nonsense: 0.02,
        huge: false,
        orders: 600,
    },
    Profile { name: "hostile", centre: 0, spread: 30, jump: 1_000, nonsense: 0.4, huge: true, orders: 50 },
    Profile {
        name: "extremes",
        centre: 0,
        spread: i64::MAX,
        jump: i64::MAX,
        nonsense: 0.1,
        huge: true,
        orders: 80,
    },
];

/// A market that makes deltas.
#[derive(Debug)]
pub(crate) struct Market {
    profile: Profile,
    prng: Prng,
    centre: i64,
    now: i64,
    /// Ids that were added and, as far as the market knows, stand.
    standing: Vec<u64>,
    next_id: u64,
}

impl Market {
    pub(crate) fn new(profile: Profile, seed: u64) -> Self {
        let prng = Prng::new(seed).fork(profile.name);
        Self {
            profile,
            prng,
            centre: profile.centre,
            now: 0,
            standing: Vec::new(),
            next_id: 6_412_777_160_000,
        }
    }

    fn side(&mut self) -> Side {
        Side::BOTH[usize::from(self.prng.chance(0.5))]
    }

    fn price(&mut self, side: Side) -> Ticks {
        if self.prng.chance(0.002) {
            let jump = self.prng.between(-self.profile.jump, self.profile.jump);
            self.centre = self.centre.saturating_add(jump);
        }
        if self.profile.spread == i64::MAX {
            let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
            let end = ends[usize::try_from(self.prng.below(7)).expect("small")];
            return Ticks(end.saturating_add(self.prng.between(-5_000, 5_000)));
        }
        // The square favours the touch; one in twelve crosses it.
        let u = self.prng.unit();
        let span = stdx::math::pow(u, 3.0) * self.profile.spread as f64;
        let away = span as i64 + 1;
        let away = if self.prng.chance(0.08) { -away } else { away };
        Ticks(self.centre.saturating_add(if side == Side::Buy { -away } else { away }))
    }

    fn size(&mut self) -> Lots {
        if self.prng.chance(self.profile.nonsense) {
            return Lots([0, -1, i64::MIN][usize::try_from(self.prng.below(3)).expect("small")]);
        }
        if self.profile.huge && self.prng.chance(0.5) {
            return Lots(i64::MAX - self.prng.between(0, 3));
        }
        Lots(self.prng.between(1, 50))
    }

    fn flags(&mut self) -> Flags {
        let last = if self.prng.chance(0.6) { Flags::LAST } else { Flags::NONE };
        if self.prng.chance(0.001) { last.with(Flags::SNAPSHOT) } else { last }
    }

    /// The next change of a level.
    pub(crate) fn level(&mut self) -> LevelDelta {
        self.now += 1;
        let side = self.side();
        let price = self.price(side);
        let action = match self.prng.below(2_000) {
            0 => LevelAction::Clear,
            1..=10 => LevelAction::DeleteThru,
            11..=20 => LevelAction::DeleteFrom,
            21..=700 => LevelAction::Delete,
            _ => LevelAction::Set,
        };
        let depth = u8::try_from(self.prng.below(12)).expect("small");
        LevelDelta {
            venue_at: Nanos(self.now),
            price,
            size: self.size(),
            orders: u32::try_from(self.prng.below(9)).expect("small"),
            instrument: InstrumentId(0),
            side,
            action,
            depth,
            flags: self.flags(),
        }
    }

    /// The next change of an order.
    pub(crate) fn order(&mut self) -> OrderDelta {
        self.now += 1;
        let side = self.side();
        let price = self.price(side);
        let full = self.standing.len() >= self.profile.orders;
        let action = match self.prng.below(5_000) {
            0 => OrderAction::Clear,
            1..=200 => OrderAction::Fill,
            201..=1_000 => OrderAction::Modify,
            1_001..=1_700 => OrderAction::Reduce,
            1_701..=4_000 if full => OrderAction::Delete,
            1_701..=3_000 => OrderAction::Delete,
            _ => OrderAction::Add,
        };
        let order = self.id_for(action);
        OrderDelta {
            venue_at: Nanos(self.now),
            order: MarketOrderId(order),
            price,
            size: self.size(),
            instrument: InstrumentId(0),
            side,
            action,
            flags: self.flags(),
        }
    }

    fn id_for(&mut self, action: OrderAction) -> u64 {
        let fresh = self.standing.is_empty() || self.prng.chance(self.profile.nonsense);
        let place = usize::try_from(self.prng.below(self.standing.len().max(1) as u64)).expect("small");
        match action {
            OrderAction::Clear => {
                self.standing.clear();
                0
            }
            OrderAction::Add if fresh || !self.prng.chance(0.01) => {
                self.next_id += 1 + self.prng.below(5);
                self.standing.push(self.next_id);
                self.next_id
            }
            OrderAction::Modify | OrderAction::Reduce | OrderAction::Delete | OrderAction::Fill if fresh => {
                self.prng.bits()
            }
            OrderAction::Delete => self.standing.swap_remove(place),
            OrderAction::Add | OrderAction::Modify | OrderAction::Reduce | OrderAction::Fill => {
                self.standing[place]
            }
        }
    }
}

/// A modify that makes sense more often than a random one: same side, same price.
pub(crate) fn in_place(delta: OrderDelta, resting: book::Resting) -> OrderDelta {
    OrderDelta { side: resting.side, price: resting.price, ..delta }
}

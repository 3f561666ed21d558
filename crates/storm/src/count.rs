//! The independent count: what could become of our positions, and what they cost, by the commands that left and by
//! what the venue truly did. Knows nothing of the engine.

use std::collections::{BTreeMap, BTreeSet};
use types::{
    Command, FeeSchedule, Instrument, InstrumentId, Lots, Money, OrderId, Outcome, PlaceOrder, Report, Side,
    StrategyId,
};

/// One order that left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracked {
    pub(crate) strategy: StrategyId,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    /// The largest total size it was ever asked to have: what its fills may come to.
    pub(crate) most: i64,
    /// As the venue has it.
    size: i64,
    /// The total size of a change under way.
    changing: Option<i64>,
    /// What traded, by the venue, less what it has not told yet.
    filled: i64,
    /// What traded, by what we heard.
    pub(crate) heard: i64,
    /// Nothing more can trade of it.
    over: bool,
}

impl Tracked {
    /// What can still trade of it.
    fn left(&self) -> i64 {
        if self.over { 0 } else { (self.size.max(self.changing.unwrap_or(0)) - self.filled).max(0) }
    }
}

/// One instrument's sums.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    /// What is held, by the venue, less what it has not told yet.
    position: i64,
    /// What can still trade, by side.
    left: [i64; 2],
    /// What is held, by what we heard.
    pub(crate) heard: i64,
    /// What the venue filled and we have not heard.
    pub(crate) unheard: i64,
    /// Cash, by what we heard: less what was paid, fees among it.
    pub(crate) cash: Money,
    /// The other side of each of our trades, and whoever takes the fees.
    pub(crate) counterparty: Money,
    pub(crate) broker: Money,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Count {
    instruments: Vec<Instrument>,
    fees: Vec<FeeSchedule>,
    pub(crate) orders: BTreeMap<OrderId, Tracked>,
    pub(crate) sums: Vec<Sums>,
    /// Fills that the venue counts, and those we heard.
    filled: BTreeSet<(OrderId, u32)>,
    heard: BTreeSet<(OrderId, u32)>,
    /// Fills that count only since we heard of them.
    late: Vec<(OrderId, u32, Lots)>,
}

impl Count {
    pub(crate) fn new(instruments: &[Instrument], fees: &[FeeSchedule]) -> Self {
        Self {
            sums: vec![Sums::default(); instruments.len()],
            instruments: instruments.to_vec(),
            fees: fees.to_vec(),
            orders: BTreeMap::new(),
            filled: BTreeSet::new(),
            heard: BTreeSet::new(),
            late: Vec::new(),
        }
    }

    /// The position were everything that can trade on a side to trade, without a sign, and nothing of the other.
    pub(crate) fn worst(&self, instrument: InstrumentId, side: Side) -> i64 {
        let sums = &self.sums[instrument.index()];
        sums.position * side.sign() + sums.left[side.index()]
    }

    fn change(&mut self, order: OrderId, change: impl FnOnce(&mut Tracked)) {
        let Some(tracked) = self.orders.get_mut(&order) else { return };
        let before = tracked.left();
        change(tracked);
        let sums = &mut self.sums[tracked.instrument.index()];
        sums.left[tracked.side.index()] += tracked.left() - before;
    }

    /// A command left the process. Says what was wrong with its number.
    pub(crate) fn sent(&mut self, command: &Command) -> Result<(), String> {
        match *command {
            Command::Place(PlaceOrder { order, strategy, terms }) => {
                if self.orders.contains_key(&order) {
                    return Err(format!("order {order} was placed twice"));
                }
                let size = terms.size.0;
                let tracked = Tracked {
                    strategy,
                    instrument: terms.instrument,
                    side: terms.side,
                    most: size,
                    size,
                    changing: None,
                    filled: 0,
                    heard: 0,
                    over: false,
                };
                self.orders.insert(order, tracked);
                self.sums[terms.instrument.index()].left[terms.side.index()] += size;
            }
            Command::Replace { order, size, .. } => {
                if !self.orders.contains_key(&order) {
                    return Err(format!("order {order} was never placed, and is changed"));
                }
                self.change(order, |tracked| {
                    tracked.changing = Some(size.0);
                    tracked.most = tracked.most.max(size.0);
                });
            }
            Command::Cancel { order, .. } => {
                if !self.orders.contains_key(&order) {
                    return Err(format!("order {order} was never placed, and is cancelled"));
                }
            }
            Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::WakeAt { .. }
            | Command::Alert { .. } => {}
        }
        Ok(())
    }

    /// This truly happened; `late` when we are told of it behind what came after it.
    pub(crate) fn happened(&mut self, report: &Report, late: bool) -> Result<(), String> {
        match report.outcome {
            Outcome::Filled { size, fill, .. } => {
                let Some(tracked) = self.orders.get(&report.order) else {
                    return Err(format!("the venue filled order {}, which never left", report.order));
                };
                let sums = &mut self.sums[tracked.instrument.index()];
                sums.unheard += size.signed(tracked.side).0;
                if !late {
                    self.fill(report.order, fill, size);
                }
            }
            Outcome::Rejected(_) | Outcome::Canceled => {
                self.change(report.order, |tracked| tracked.over = true);
            }
            Outcome::Replaced { size, .. } => self.change(report.order, |tracked| {
                (tracked.size, tracked.changing) = (size.0, None);
            }),
            Outcome::ReplaceRejected(_) => self.change(report.order, |tracked| tracked.changing = None),
            Outcome::Accepted
            | Outcome::CancelRejected(_)
            | Outcome::Listed { .. }
            | Outcome::NotListed
            | Outcome::Busted { .. } => {}
        }
        Ok(())
    }

    /// False when it counts already.
    fn fill(&mut self, order: OrderId, fill: u32, size: Lots) -> bool {
        if !self.filled.insert((order, fill)) {
            return false;
        }
        self.move_filled(order, size);
        true
    }

    fn move_filled(&mut self, order: OrderId, size: Lots) {
        let Some(tracked) = self.orders.get(&order) else { return };
        self.sums[tracked.instrument.index()].position += size.signed(tracked.side).0;
        self.change(order, |tracked| tracked.filled += size.0);
    }

    /// Of all reports only these have been heard: a process that died had heard more, and did not write it down.
    pub(crate) fn relearn(&mut self, reports: &[Report]) {
        for sums in &mut self.sums {
            sums.unheard += sums.heard;
            (sums.heard, sums.cash) = (0, Money::ZERO);
            (sums.counterparty, sums.broker) = (Money::ZERO, Money::ZERO);
        }
        self.orders.values_mut().for_each(|tracked| tracked.heard = 0);
        self.heard.clear();
        for (order, fill, size) in std::mem::take(&mut self.late) {
            self.filled.remove(&(order, fill));
            self.move_filled(order, Lots(-size.0));
        }
        reports.iter().for_each(|report| self.heard(report));
    }

    /// We heard a report: only now, when it was told late, does it count.
    pub(crate) fn heard(&mut self, report: &Report) {
        let Outcome::Filled { price, size, fill, liquidity } = report.outcome else { return };
        let Some(&Tracked { instrument, side, .. }) = self.orders.get(&report.order) else { return };
        if !self.heard.insert((report.order, fill)) {
            return;
        }
        if self.fill(report.order, fill, size) {
            self.late.push((report.order, fill, size));
        }
        let row = instrument.index();
        if let Some(tracked) = self.orders.get_mut(&report.order) {
            tracked.heard += size.0;
        }
        let signed = size.signed(side);
        let value = self.instruments[row].value(price, signed);
        let fee = self.fees[row].fee(&self.instruments[row], price, size, liquidity);
        let sums = &mut self.sums[row];
        sums.heard += signed.0;
        sums.unheard -= signed.0;
        sums.cash = sums.cash - value - fee;
        sums.counterparty += value;
        sums.broker += fee;
    }
}

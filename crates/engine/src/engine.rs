//! The machine: owns books, orders, risk and portfolio, and takes them through one input at a time.

use crate::guard::Guard;
use crate::hold::Hold;
use crate::operator::Operators;
use crate::parts::Parts;
use crate::reconcile::COPIES_DUE;
use crate::session::MACHINE;
use crate::stale::Stale;
use crate::state::{self, STATE_VERSION, StateError, StateHash};
use crate::strategy::{Strategy, View, Want, Wants};
use book::Book;
use orders::{Change, Fill, Impossible, Order, Orders, State};
use portfolio::{AccountTerms, Portfolio};
use risk::{Limits, People, Refusal, Risk, Touch};
use types::{
    AlertKind, Cash, Command, Event, FeeSchedule, Flags, Gap, Input, Instrument, InstrumentId, LevelDelta,
    Liquidity, Lots, Money, Nanos, NewOrder, OrderAction, OrderDelta, OrderId, Outcome, Report, Scope, Side,
    Status, StrategyId, Ticks, Timer, Trade, TradingDays,
};

/// A strategy and the instruments that reach it.
pub struct Seat {
    /// Who.
    pub strategy: Box<dyn Strategy>,
    /// What it hears of.
    pub instruments: Vec<InstrumentId>,
}

/// What a machine is made of.
pub struct EngineConfig {
    /// By id.
    pub instruments: Vec<Instrument>,
    /// What stops an order.
    pub limits: Limits,
    /// What a fill costs, by instrument.
    pub fees: Vec<FeeSchedule>,
    /// What the account counts in. Without a currency, in what the first seat's first instrument settles in.
    pub account: AccountTerms,
    /// Start with the kill switch on.
    pub kill_switch: bool,
    /// By strategy id.
    pub seats: Vec<Seat>,
}

/// Open orders at which the buffers start; more only cost a growth.
pub(crate) const ORDERS_EXPECTED: usize = 4_096;

struct Seated {
    strategy: Box<dyn Strategy>,
    /// By instrument: whether it reaches this strategy.
    hears: Vec<bool>,
}

/// The deterministic core.
pub struct Engine {
    pub(crate) core: Core,
    seats: Vec<Seated>,
    pub(crate) operators: Operators,
    started: bool,
    wants: Wants,
    /// Instruments whose book changed in the packet being read, in the order of their first change.
    touched: Vec<InstrumentId>,
    is_touched: Vec<bool>,
    stale: Stale,
}

pub(crate) struct Core {
    pub(crate) now: Nanos,
    /// Those that settle in another currency than the account's.
    foreign: Vec<InstrumentId>,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) books: Vec<Book>,
    pub(crate) orders: Orders,
    pub(crate) risk: Risk,
    pub(crate) parts: Parts,
    pub(crate) hold: Hold,
    portfolio: Portfolio,
    pub(crate) guard: Guard,
    /// What each strategy holds by its own fills: a row of all instruments for each seat. They add up to the
    /// portfolio's.
    own: Vec<Lots>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("now", &self.core.now).finish_non_exhaustive()
    }
}

impl Core {
    fn view(&self, strategy: StrategyId) -> View<'_> {
        View {
            now: self.now,
            strategy,
            instruments: &self.instruments,
            books: &self.books,
            orders: &self.orders,
            portfolio: &self.portfolio,
            own: self.own_row(strategy),
        }
    }

    /// Empty for who has no seat.
    fn own_row(&self, strategy: StrategyId) -> &[Lots] {
        let count = self.instruments.len();
        let first = strategy.index() * count;
        self.own.get(first..first + count).unwrap_or(&[])
    }

    /// Books a fill for whoever wanted the order.
    fn on_own_fill(&mut self, strategy: StrategyId, instrument: InstrumentId, signed: Lots) {
        let place = strategy.index() * self.instruments.len() + instrument.index();
        if let Some(own) = self.own.get_mut(place) {
            *own += signed;
        }
    }

    fn grant(&mut self, strategy: StrategyId, want: &Want, out: &mut Vec<Command>) -> Result<(), Refusal> {
        match *want {
            Want::Place(wish) => {
                self.not_held()?;
                self.place(strategy, &wish, out)?;
            }
            Want::Parent { parent, terms } => return self.risk.open_parent(strategy, parent, terms),
            Want::PlaceChild { parent, order } => {
                self.not_held()?;
                return self.place_part(strategy, parent, order, out);
            }
            Want::Replace { order, price, size } => return self.replace(strategy, order, price, size, out),
            Want::Cancel(order) => {
                if self.owns(strategy, order) {
                    self.cancel(order, out);
                }
            }
            Want::WakeAt(at, timer) => out.push(Command::WakeAt { at, timer, strategy }),
        }
        Ok(())
    }

    /// Whether anything new may leave by the edge's clock; counted like any refusal.
    fn not_held(&mut self) -> Result<(), Refusal> {
        self.hold.pass().map_err(|refusal| self.risk.refuse(refusal))
    }

    /// A new order through every door, and what it would meet of its owner's out of its way.
    pub(crate) fn place(
        &mut self,
        strategy: StrategyId,
        wish: &NewOrder,
        out: &mut Vec<Command>,
    ) -> Result<OrderId, Refusal> {
        let (order, meets) = self.admit(strategy, wish, out)?;
        let touch = self.touch(order.instrument);
        let approved = self.risk.check(self.now, strategy, &order, &touch)?;
        if meets {
            self.make_way(strategy, wish, out);
        }
        let (id, command) = self.orders.submit(self.now, approved);
        out.push(command);
        Ok(id)
    }

    /// The open orders that a scope covers, oldest first.
    pub(crate) fn open_in(&self, scope: Scope) -> impl Iterator<Item = OrderId> {
        let covers = move |order: &&Order| self.risk.covers(scope, order.strategy, order.instrument());
        self.orders.open().filter(covers).map(|order| order.id)
    }

    /// Asks for an order to be cancelled, if it can be. Nothing ever stops a cancel.
    pub(crate) fn cancel(&mut self, id: OrderId, out: &mut Vec<Command>) {
        let Some(command) = self.orders.cancel(self.now, id) else { return };
        if let Some(order) = self.orders.get(id) {
            self.risk.on_cancel(self.now, order.strategy, order.instrument());
        }
        out.push(command);
    }

    /// A wish about an order that has closed meanwhile, or is being changed already, is late, not wrong: it
    /// comes to nothing.
    pub(crate) fn replace(
        &mut self,
        strategy: StrategyId,
        id: OrderId,
        price: Ticks,
        size: Lots,
        out: &mut Vec<Command>,
    ) -> Result<(), Refusal> {
        let Some(order) = self.orders.get(id) else { return Ok(()) };
        if order.strategy != strategy || !order.can_replace() {
            return Ok(());
        }
        // Filled to the new size already: nothing is left to replace it with.
        let unfilled = Lots(size.0.saturating_sub(order.filled.0));
        if unfilled.0 <= 0 {
            return self.grant(strategy, &Want::Cancel(id), out);
        }
        let order = *order;
        self.not_held()?;
        self.admit_replace(strategy, &order, price, out)?;
        let replacement = self.orders.replacement(&order, price, unfilled);
        let touch = self.touch(order.terms.instrument);
        let most = Lots(replacement.unfilled.0.saturating_sub(replacement.old_unfilled.0).max(0));
        self.may_grow(id, most)?;
        let approved = self.risk.check_replace(self.now, &replacement, &touch)?;
        let added = approved.added();
        match self.orders.replace(self.now, approved) {
            Ok(command) => {
                self.on_grown(id, added);
                out.push(command);
            }
            Err(unused) => self.risk.withdraw_replace(unused),
        }
        Ok(())
    }

    /// A currency's rate has changed: order limits are in the account's.
    fn tell_rates(&mut self) {
        for id in &self.foreign {
            self.risk.on_rate(*id, self.portfolio.rate(*id));
        }
    }

    fn owns(&self, strategy: StrategyId, order: OrderId) -> bool {
        self.orders.get(order).is_some_and(|order| order.strategy == strategy)
    }

    pub(crate) fn touch(&self, instrument: InstrumentId) -> Touch {
        let Some(book) = self.books.get(instrument.index()) else {
            return Touch { bid: None, ask: None, live: false };
        };
        let price = |side| book.best(side).map(|level| level.price);
        Touch { bid: price(Side::Buy), ask: price(Side::Sell), live: book.is_live() }
    }
}

impl Engine {
    /// A machine before its first input.
    ///
    /// # Panics
    /// When there is not one fee schedule for each instrument, or the account's terms name one that there is not.
    #[must_use]
    pub fn new(config: EngineConfig) -> Self {
        let EngineConfig { instruments, limits, fees, mut account, kill_switch, seats } = config;
        assert_eq!(instruments.len(), fees.len(), "a fee schedule for each instrument");
        let count = instruments.len();
        let traded = seats.iter().flat_map(|seat| &seat.instruments).next();
        if let (true, Some(first)) = (account.currency.is_empty(), traded) {
            account.currency = instruments[first.index()].currency().into();
        }
        let portfolio = Portfolio::with(&instruments, &fees, account);
        let foreign = instruments.iter().filter(|own| own.currency() != portfolio.currency());
        let foreign: Vec<InstrumentId> = foreign.map(Instrument::id).collect();
        let seat = |seat: Seat| {
            let mut hears = vec![false; count];
            for id in seat.instruments {
                hears[id.index()] = true;
            }
            Seated { strategy: seat.strategy, hears }
        };
        let mut risk = Risk::with(&instruments, &limits, seats.len());
        for id in &foreign {
            risk.on_rate(*id, portfolio.rate(*id));
        }
        if kill_switch {
            risk.kill(Scope::Firm);
        }
        let mut orders = Orders::with_capacity(ORDERS_EXPECTED);
        orders.keep_replaced_sizes(&instruments);
        let guard = Guard::new(&instruments, &limits, seats.len());
        let people = People::new(limits.people);
        Self {
            core: Core {
                now: Nanos::MIN,
                foreign,
                books: instruments.iter().map(Book::of).collect(),
                orders,
                guard,
                risk,
                parts: Parts::default(),
                hold: Hold::default(),
                own: vec![Lots::ZERO; count * seats.len()],
                portfolio,
                instruments,
            },
            seats: seats.into_iter().map(seat).collect(),
            operators: Operators::new(people),
            started: false,
            wants: Wants::default(),
            touched: Vec::with_capacity(count),
            is_touched: vec![false; count],
            stale: Stale::new(count),
        }
    }

    /// Says where trading days begin, before the first input: risk counts a day's loss by them.
    pub fn keep_days(&mut self, days: TradingDays) {
        self.core.risk.keep_days(days);
    }

    /// Appends the state between two inputs: see [`crate::state`].
    ///
    /// # Errors
    /// When a strategy cannot write its own down. What was appended by then is no state.
    pub fn save(&self, out: &mut Vec<u8>) -> Result<(), StateError> {
        // Every field by its name, so that a new one must be thought about here.
        let Self { core, seats, started, wants: _, touched, is_touched: _, operators, stale } = self;
        let Core { now, foreign: _, instruments: _, books, orders, risk, parts, portfolio, hold, guard, own } =
            core;
        state::write(&STATE_VERSION, out);
        state::write(&(now, books, orders, risk, parts, portfolio, hold, guard, own), out);
        state::write(&(started, touched, operators, stale, seats.len()), out);
        for (row, seat) in seats.iter().enumerate() {
            state::write_strategy(&*seat.strategy, out).map_err(|_| StateError::Unsaved { strategy: row })?;
        }
        Ok(())
    }

    /// Takes the state of a machine of the same configuration back, into one that is made anew: from here on it answers as
    /// that one does.
    ///
    /// # Errors
    /// When the bytes are not such a state. Then this machine is in none, and must not be used.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let mut rest = bytes;
        let version: u32 = state::take(&mut rest)?;
        if version != STATE_VERSION {
            return Err(StateError::Version { found: version });
        }
        let (now, books, orders, risk, parts, portfolio, hold, guard, own) = state::take(&mut rest)?;
        let (started, touched, operators, stale, seats) = state::take(&mut rest)?;
        let stale: Stale = stale;
        let books: Vec<Book> = books;
        let own: Vec<Lots> = own;
        let same = |what, found, expected| match found == expected {
            true => Ok(()),
            false => Err(StateError::OtherRun { what, found, expected }),
        };
        same("books", books.len(), self.core.books.len())?;
        same("strategies", seats, self.seats.len())?;
        same("books that may be lost", stale.len(), self.core.books.len())?;
        same("positions of strategies", own.len(), self.core.own.len())?;
        for seat in &mut self.seats {
            state::take_strategy(&mut *seat.strategy, &mut rest)?;
        }
        same("bytes at its end", rest.len(), 0)?;
        let core = &mut self.core;
        (core.now, core.books, core.orders, core.risk, core.parts) = (now, books, orders, risk, parts);
        (core.portfolio, core.hold, core.own) = (portfolio, hold, own);
        core.guard.restore(guard)?;
        (self.started, self.operators, self.stale) = (started, operators, stale);
        self.is_touched.fill(false);
        self.touched.clear();
        for id in Vec::<InstrumentId>::into_iter(touched) {
            let touched = self.is_touched.get_mut(id.index());
            *touched.ok_or_else(|| StateError::Unreadable(format!("instrument {id} is not there")))? = true;
            self.touched.push(id);
        }
        Ok(())
    }

    /// What stands for the state: two machines that give the same hash answer every further input alike. `scratch` is
    /// kept from call to call for its memory.
    ///
    /// # Errors
    /// When a strategy cannot write its state down.
    pub fn state_hash(&self, scratch: &mut Vec<u8>) -> Result<StateHash, StateError> {
        scratch.clear();
        self.save(scratch)?;
        Ok(StateHash::of(scratch))
    }

    /// Takes one input; appends what is to be done about it to `out`.
    ///
    /// # Panics
    /// When our own state contradicts itself: risk and portfolio count different positions. Trading must stop.
    #[inline]
    pub fn step(&mut self, input: &Input, out: &mut Vec<Command>) {
        let first = out.len();
        self.core.now = input.received_at;
        self.core.risk.on_input(input.received_at);
        if !self.started {
            self.start(out);
        }
        if input.received_at >= self.stale.due() {
            self.stale.tell(input.received_at, &self.core.books, out);
        }
        match &input.event {
            Event::Level(delta) => self.on_level(delta, out),
            Event::Order(delta) => self.on_order(delta, out),
            Event::Trade(trade) => self.on_trade(trade, out),
            Event::Status(status) => self.on_status(status, out),
            Event::Gap(gap) => self.on_gap(gap, out),
            Event::Report(report) => self.on_report(report, out),
            Event::Timer(timer) => self.on_timer(timer, out),
            Event::Operator(operator) => self.on_operator(operator, out),
            Event::Cash(cash) => self.on_cash(cash, out),
            Event::Clock(clock) => self.core.hold.on_clock(clock, out),
            Event::Session(session) => {
                self.on_line(session, out);
                self.on_session(session, out);
            }
            Event::DropCopy(copy) => self.on_drop_copy(copy, out),
            Event::Statistic(statistic) => {
                self.core.risk.on_statistic(statistic);
                self.core.on_limits(statistic, out);
                self.on_notice(&input.event, out);
            }
            Event::QuoteRequest(_) | Event::TradeBust(_) | Event::Bar { .. } => {
                self.on_notice(&input.event, out);
            }
        }
        self.heed(out);
        self.core.hold_back(first, out);
    }

    fn start(&mut self, out: &mut Vec<Command>) {
        self.started = true;
        self.core.portfolio.start(self.core.now);
        // Losses are counted from the first equity risk is told.
        self.watch_equity(out);
        self.for_each_seat(None, out, |strategy, view, wants| strategy.on_start(view, wants));
    }

    fn on_level(&mut self, delta: &LevelDelta, out: &mut Vec<Command>) {
        let Some(book) = self.core.books.get_mut(delta.instrument.index()) else { return };
        book.apply_level(delta);
        self.on_changed(delta.instrument, delta.flags, out);
    }

    fn on_order(&mut self, delta: &OrderDelta, out: &mut Vec<Command>) {
        let Some(book) = self.core.books.get_mut(delta.instrument.index()) else { return };
        book.apply_order(delta);
        // A fill says who was hit; the book's change follows on its own.
        if delta.action != OrderAction::Fill || delta.flags.has(Flags::LAST) {
            self.on_changed(delta.instrument, delta.flags, out);
        }
    }

    fn on_trade(&mut self, trade: &Trade, out: &mut Vec<Command>) {
        self.core.risk.on_market_trade(trade.instrument, trade.size);
        self.for_each_seat(Some(trade.instrument), out, |strategy, view, wants| {
            strategy.on_trade(trade, view, wants);
        });
        // Some venues end a packet with the trade, after the book's change.
        if trade.flags.has(Flags::LAST) {
            self.on_packet_end(out);
        }
    }

    fn on_notice(&mut self, notice: &Event, out: &mut Vec<Command>) {
        self.for_each_seat(notice.instrument(), out, |strategy, view, wants| {
            strategy.on_notice(notice, view, wants);
        });
        if notice.flags().has(Flags::LAST) {
            self.on_packet_end(out);
        }
    }

    #[inline]
    fn on_changed(&mut self, instrument: InstrumentId, flags: Flags, out: &mut Vec<Command>) {
        let touched = &mut self.is_touched[instrument.index()];
        if !*touched {
            *touched = true;
            self.touched.push(instrument);
        }
        if flags.has(Flags::LAST) {
            self.on_packet_end(out);
        }
    }

    /// The packet's last change is applied: the books may be acted on.
    #[inline]
    fn on_packet_end(&mut self, out: &mut Vec<Command>) {
        for at in 0..self.touched.len() {
            let instrument = self.touched[at];
            self.is_touched[instrument.index()] = false;
            self.mark(instrument, out);
            self.for_each_seat(Some(instrument), out, |strategy, view, wants| {
                strategy.on_book(instrument, view, wants);
            });
        }
        self.touched.clear();
    }

    /// Values the position at the book's touch and lets risk see the equity.
    #[inline]
    fn mark(&mut self, instrument: InstrumentId, out: &mut Vec<Command>) {
        let book = &self.core.books[instrument.index()];
        // A crossed or stale book's prices are no value to mark at: the last good mark stands.
        if !book.is_live() {
            return;
        }
        let price = |side| book.best(side).map(|level| level.price);
        let touch = Touch { bid: price(Side::Buy), ask: price(Side::Sell), live: true };
        self.core.risk.on_market(instrument, &touch);
        if let (Some(bid), Some(ask)) = (touch.bid, touch.ask) {
            if self.core.portfolio.mark(instrument, bid, ask) {
                self.core.tell_rates();
            }
            self.watch_equity(out);
        }
    }

    fn watch_equity(&mut self, out: &mut Vec<Command>) {
        self.core.risk.on_equity(self.core.now, self.equity());
        self.heed(out);
    }

    fn on_status(&mut self, status: &Status, out: &mut Vec<Command>) {
        self.core.risk.on_phase(status.instrument, status.phase);
        self.core.guard.pacing.on_phase(status.instrument, status.phase);
        self.for_books(status.instrument, out, |book| book.on_phase(status.phase));
    }

    fn on_gap(&mut self, gap: &Gap, out: &mut Vec<Command>) {
        let lost = |row: usize| gap.instrument.is_none_or(|id| id.index() == row);
        for (row, book) in self.core.books.iter().enumerate().filter(|(row, _)| lost(*row)) {
            self.stale.on_gap(self.core.now, row, book.is_live());
        }
        self.for_books(gap.instrument, out, Book::on_gap);
    }

    /// Changes one book or all, then tells who listens: quotes must be pulled in this very step.
    fn for_books(
        &mut self,
        instrument: Option<InstrumentId>,
        out: &mut Vec<Command>,
        change: impl Fn(&mut Book),
    ) {
        let all = match instrument {
            Some(id) => id.index()..id.index() + 1,
            None => 0..self.core.books.len(),
        };
        for row in all {
            let Some(book) = self.core.books.get_mut(row) else { return };
            change(book);
            let id = self.core.instruments[row].id();
            self.for_each_seat(Some(id), out, |strategy, view, wants| strategy.on_book(id, view, wants));
        }
    }

    pub(crate) fn on_report(&mut self, report: &Report, out: &mut Vec<Command>) {
        let waits = self.core.orders.get(report.order).filter(|order| !is_answered(order));
        let sent_at = waits.map(|order| order.sent_at);
        let asked = self.asked_price(report);
        let change = self.core.orders.on_report(self.core.now, report);
        if let (Outcome::Filled { .. }, Change::Impossible(why)) = (report.outcome, change)
            && why != Impossible::OtherFill
        {
            // Somebody traded in our name and no order of ours accounts for it: whatever we hold is not what we
            // think. Nothing new until a person has looked.
            self.kill(Scope::Firm, out);
        }
        if change.freed() != Lots::ZERO || change.closed() {
            self.core.on_freed(report.order, change.freed(), change.closed());
        }
        self.core.on_resolved(report, &change, out);
        let Some(order) = self.core.orders.get(report.order) else { return };
        change.tell(order, &mut self.core.risk);
        let (strategy, terms) = (order.strategy, order.terms);
        if let Some(sent_at) = sent_at.filter(|_| is_answered(order)) {
            self.core.risk.on_answer(report.instrument, self.core.now - sent_at);
        }
        match change {
            Change::Filled { price, size, liquidity, .. } => {
                self.on_fill(report, (price, size, liquidity), out);
            }
            Change::Busted { .. } => self.on_bust(report, out),
            Change::Accepted => self.core.on_taken(terms.instrument),
            Change::Rejected { reason, .. } => {
                self.core.risk.on_reject(report.instrument);
                self.core.on_refused(strategy, &terms, reason, out);
            }
            Change::ReplaceRejected { reason, .. } => {
                let terms = NewOrder { price: asked.unwrap_or(terms.price), ..terms };
                self.core.on_refused(strategy, &terms, reason, out);
            }
            Change::Behind { .. } => self.on_behind(report.order, out),
            Change::Duplicate => self.core.on_said_again(report),
            Change::Canceled { .. }
            | Change::CancelRejected { .. }
            | Change::Replaced { .. }
            | Change::Unsure
            | Change::Listed { .. }
            | Change::Missed
            | Change::Lost { .. }
            | Change::Early
            | Change::Impossible(_) => {}
        }
        self.tell_owner(report.order, &change, out);
        if let (Change::Filled { .. }, Outcome::Filled { fill, .. }) = (change, report.outcome)
            && let Some(bust) = self.core.orders.held_bust(report.order, fill)
        {
            self.on_report(&bust, out);
        }
    }

    /// The price that a refused replace had asked for.
    fn asked_price(&self, report: &Report) -> Option<Ticks> {
        if !matches!(report.outcome, Outcome::ReplaceRejected(_)) {
            return None;
        }
        self.core.orders.get(report.order)?.replacing.map(|new| new.price)
    }

    fn on_fill(
        &mut self,
        report: &Report,
        (price, size, liquidity): (Ticks, Lots, Liquidity),
        out: &mut Vec<Command>,
    ) {
        let Some(order) = self.core.orders.get(report.order) else { return };
        let (strategy, instrument, side) = (order.strategy, order.terms.instrument, order.terms.side);
        self.core.on_own_fill(strategy, instrument, size.signed(side));
        let portfolio = &mut self.core.portfolio;
        let booked = portfolio.on_fill(report.venue_at, instrument, side, price, size, liquidity);
        portfolio.on_order(report.order, instrument, size, &booked);
        self.tell_cost(strategy, instrument, booked.fee);
        self.compare_counts(instrument);
        self.core.on_booked(report, out);
        self.watch_equity(out);
    }

    /// A fill of ours was taken back: every count goes back by what it had gone forward.
    fn on_bust(&mut self, report: &Report, out: &mut Vec<Command>) {
        let Outcome::Busted { fill, .. } = report.outcome else { return };
        let Some(order) = self.core.orders.get(report.order) else { return };
        let Some(fill) = self.core.orders.fill(report.order, fill).copied() else { return };
        let (strategy, instrument, side) = (order.strategy, order.terms.instrument, order.terms.side);
        let Fill { price, size, venue_at, liquidity, number, .. } = fill;
        self.core.on_own_fill(strategy, instrument, size.signed(!side));
        let portfolio = &mut self.core.portfolio;
        let booked = portfolio.on_bust(venue_at, instrument, side, price, size, liquidity);
        portfolio.on_order_bust(report.order, instrument, size, &booked);
        self.tell_cost(strategy, instrument, booked.fee);
        self.compare_counts(instrument);
        let scope = Scope::Strategy(strategy);
        out.push(Command::Alert { kind: AlertKind::Bust, scope, value: i64::from(number) });
        self.core.on_booked(report, out);
        self.watch_equity(out);
    }

    fn tell_cost(&mut self, strategy: StrategyId, instrument: InstrumentId, fee: Money) {
        if fee != Money::ZERO {
            let rate = self.core.portfolio.rate(instrument).unwrap_or(Money::ZERO);
            self.core.risk.on_cost(strategy, fee.at_rate(rate));
        }
    }

    /// Two independent counts of one fact.
    fn compare_counts(&self, instrument: InstrumentId) {
        assert_eq!(
            self.core.risk.position(instrument),
            self.core.portfolio.position(instrument),
            "risk and portfolio count different positions"
        );
    }

    /// The venue moved cash: the books and risk know before a strategy hears of it.
    fn on_cash(&mut self, cash: &Cash, out: &mut Vec<Command>) {
        if cash.instrument.index() >= self.core.instruments.len() {
            return;
        }
        self.core.portfolio.on_cash(cash.instrument, cash.kind, cash.amount());
        self.watch_equity(out);
        self.on_notice(&Event::Cash(*cash), out);
    }

    pub(crate) fn tell_owner(&mut self, order: OrderId, change: &Change, out: &mut Vec<Command>) {
        let Some(order) = self.core.orders.get(order) else { return };
        let strategy = order.strategy;
        if let Some(seat) = self.seats.get_mut(strategy.index()) {
            let view = self.core.view(strategy);
            seat.strategy.on_order(order, change, &view, &mut self.wants);
            self.grant(strategy, out);
        }
    }

    fn on_timer(&mut self, timer: &Timer, out: &mut Vec<Command>) {
        if timer.strategy == MACHINE {
            match timer.timer {
                COPIES_DUE => self.on_copies_due(out),
                patience => self.core.on_patience(patience, out),
            }
            return;
        }
        let Some(seat) = self.seats.get_mut(timer.strategy.index()) else { return };
        let view = self.core.view(timer.strategy);
        seat.strategy.on_timer(timer.timer, &view, &mut self.wants);
        self.grant(timer.strategy, out);
    }

    #[inline]
    fn for_each_seat(
        &mut self,
        instrument: Option<InstrumentId>,
        out: &mut Vec<Command>,
        mut call: impl FnMut(&mut dyn Strategy, &View<'_>, &mut Wants),
    ) {
        for row in 0..self.seats.len() {
            let seat = &mut self.seats[row];
            let hears = |id: InstrumentId| seat.hears.get(id.index()).copied().unwrap_or(false);
            if !instrument.is_none_or(hears) {
                continue;
            }
            let id = StrategyId(u16::try_from(row).expect("strategies are few"));
            let view = self.core.view(id);
            call(&mut *seat.strategy, &view, &mut self.wants);
            self.grant(id, out);
        }
    }

    /// Lets risk pass or refuse each wish, and turns what passed into commands.
    #[inline]
    fn grant(&mut self, strategy: StrategyId, out: &mut Vec<Command>) {
        if self.wants.as_slice().is_empty() {
            return;
        }
        self.core.risk.on_health(strategy, self.seats[strategy.index()].strategy.health(self.core.now));
        for at in 0..self.wants.as_slice().len() {
            let want = self.wants.as_slice()[at];
            if let Err(refusal) = self.core.grant(strategy, &want, out) {
                let view = self.core.view(strategy);
                self.seats[strategy.index()].strategy.on_refused(&want, &refusal, &view);
            }
        }
        self.wants.clear();
    }

    /// The machine's state as a strategy sees it.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        self.core.view(StrategyId(0))
    }

    /// What a strategy holds by its own fills; nothing for one that has no seat.
    #[must_use]
    pub fn own_position(&self, strategy: StrategyId, instrument: InstrumentId) -> Lots {
        self.core.own_row(strategy).get(instrument.index()).copied().unwrap_or(Lots::ZERO)
    }

    /// P&L since the start in the account's currency, at the last marks, after fees.
    #[inline]
    #[must_use]
    pub const fn equity(&self) -> Money {
        self.core.portfolio.equity()
    }

    /// Positions and P&L.
    #[must_use]
    pub const fn portfolio(&self) -> &Portfolio {
        &self.core.portfolio
    }

    /// Our orders.
    #[must_use]
    pub const fn orders(&self) -> &Orders {
        &self.core.orders
    }

    /// What an order is for, where its strategy says so: see [`Strategy::purpose`].
    #[must_use]
    pub fn purpose(&self, order: OrderId) -> Option<&'static str> {
        let owner = self.core.orders.get(order)?.strategy;
        self.seats.get(owner.index())?.strategy.purpose(order)
    }

    /// Limits, halts and refusals.
    #[must_use]
    pub const fn risk(&self) -> &Risk {
        &self.core.risk
    }

    /// One instrument's book.
    #[must_use]
    pub fn book(&self, id: InstrumentId) -> &Book {
        &self.core.books[id.index()]
    }

    /// Every instrument, by id.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.core.instruments
    }
}

/// Whether the venue has said anything of an order: until then it is in flight, whatever became of its session.
fn is_answered(order: &Order) -> bool {
    let heard = order.accepted_at.is_some() || order.filled.0 > 0;
    heard || !order.is_open() || order.state == State::Working
}

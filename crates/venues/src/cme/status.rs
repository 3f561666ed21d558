//! Security status (30): of one instrument, or of every instrument of a security group; and workups (60).
//!
//! A group's status may come before the first change of its instruments' books, or before their definitions. It
//! is kept, and an instrument takes it over when it is met: nothing is registered for the sake of a status.

use super::reading::Reading;
use super::sbe::messages::security_status::Root as Block;
use super::sbe::messages::security_status_workup::{Groups, Root as Workup};
use super::sbe::schema::Nine;
use super::sbe::words::{SecurityTradingEvent, SecurityTradingStatus};
use super::wire::{Damage, Message};
use super::words::{self, MatchEvent};
use types::{Event, InstrumentId, Nanos, Phase, Status};

/// The last status of a group, or of one of its assets.
#[derive(Clone, Copy, Debug)]
struct State {
    group: [u8; 6],
    /// Zeros: every asset of the group.
    asset: [u8; 6],
    venue_at: Nanos,
    phase: Phase,
}

impl State {
    fn is_of(&self, group: [u8; 6], asset: [u8; 6]) -> bool {
        self.group == group && (self.asset == NOBODY || self.asset == asset)
    }
}

const NOBODY: [u8; 6] = [0; 6];

/// What holds in each group.
#[derive(Debug, Default)]
pub(crate) struct States(Vec<State>);

impl Reading<'_> {
    /// Template 30.
    pub(super) fn status(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        let mut spare = Block::SPARE;
        let block = Block::of(message.block_of_at_least(Block::LEAST)?, &mut spare);
        self.channel.incremental = true;
        self.shared.counts.tally.statuses += 1;
        let venue_at = self.venue_at(block.transact_time());
        let (group, asset) = (trimmed(block.security_group()), trimmed(block.asset()));
        if let Some(phase) = words::phase(block.security_trading_status()) {
            match block.security_id() {
                Some(security) => self.security_status(security, venue_at, phase),
                None => self.group_status(State { group, asset, venue_at, phase }),
            }
        }
        let tally = &mut self.shared.counts.tally;
        match block.security_trading_event() {
            SecurityTradingEvent::NO_CANCEL => tally.no_cancel += 1,
            SecurityTradingEvent::IMPLIED_MATCHING_ON => tally.implied_on += 1,
            SecurityTradingEvent::IMPLIED_MATCHING_OFF => tally.implied_off += 1,
            SecurityTradingEvent::RESET_STATISTICS => {
                tally.statistics_reset += 1;
                self.new_session(block.security_id(), group, asset, venue_at);
            }
            // NoEvent, and what no schema of ours knows.
            _ => {}
        }
        self.ended(MatchEvent(block.match_event_indicator().0));
        Ok(())
    }

    /// Template 60. In a workup an instrument trades at one price only, first between those whose orders met, then
    /// by whoever joins them (CME "BrokerTec on CME Globex Market Functionality"): the book beside it does not trade,
    /// so for us it is a halt, and the status that ends it opens again. Its number and its orders are not passed on.
    pub(super) fn workup(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        Groups::read(message.rest)?;
        let mut spare = Workup::<Nine>::SPARE;
        let block = Workup::<Nine>::of(message.block_of_at_least(Workup::<Nine>::LEAST)?, &mut spare);
        self.channel.incremental = true;
        self.shared.counts.tally.workups += 1;
        let venue_at = self.venue_at(block.transact_time());
        // The same codes as template 30's.
        if let Some(phase) = words::phase(Some(SecurityTradingStatus(block.security_trading_status().0))) {
            self.security_status(block.security_id(), venue_at, phase);
        }
        self.ended(MatchEvent(block.match_event_indicator().0));
        Ok(())
    }

    /// Templates 59, 61 and 68 are pictures of conflated feeds over TCP: no number in them says which packets they
    /// know, so no book can be taken from them. Template 62 prices collateral, by CUSIP or ISIN, and no instrument.
    pub(super) fn pass_over(&mut self) {
        self.shared.counts.tally.passed_over += 1;
    }

    /// A trading session began, for one instrument or for those of a group that have been met.
    fn new_session(&mut self, security: Option<i32>, group: [u8; 6], asset: [u8; 6], venue_at: Nanos) {
        for slot in 0..self.shared.instruments.slots.len() {
            let about = &self.shared.instruments.about[slot];
            let is_of = match security {
                Some(security) => self.shared.instruments.slots[slot].security == security,
                None => about.group == group && (asset == NOBODY || about.asset == asset),
            };
            if let (true, Some(listing)) = (is_of, self.shared.instruments.slots[slot].listing) {
                self.reset_statistics(listing, venue_at);
            }
        }
    }

    fn security_status(&mut self, security: i32, venue_at: Nanos, phase: Phase) {
        let slot = self.meet(security);
        match self.shared.instruments.slots[slot].listing {
            Some(listing) => self.say(listing.id, venue_at, phase),
            None => self.shared.counts.tally.foreign += 1,
        }
    }

    fn group_status(&mut self, state: State) {
        let states = &mut self.shared.states.0;
        match states.iter_mut().find(|old| old.group == state.group && old.asset == state.asset) {
            Some(old) => *old = state,
            None => states.push(state),
        }
        let mut known = false;
        for slot in 0..self.shared.instruments.slots.len() {
            let about = &self.shared.instruments.about[slot];
            if state.is_of(about.group, about.asset) {
                known = true;
                if let Some(listing) = self.shared.instruments.slots[slot].listing {
                    self.say(listing.id, state.venue_at, state.phase);
                }
            }
        }
        self.shared.counts.tally.statuses_unresolved += u64::from(!known);
    }

    /// An instrument of the run became known by group: what holds in its group holds for it.
    pub(super) fn state_of(&mut self, slot: usize) {
        let about = &self.shared.instruments.about[slot];
        let (group, asset) = (about.group, about.asset);
        let Some(listing) = self.shared.instruments.slots[slot].listing else {
            return;
        };
        if group == NOBODY {
            return;
        }
        let states = self.shared.states.0.iter();
        // The later of the group's own and its asset's.
        let last = states.filter(|state| state.is_of(group, asset)).max_by_key(|state| state.venue_at);
        if let Some(state) = last.copied() {
            self.say(listing.id, state.venue_at, state.phase);
        }
    }

    fn say(&mut self, instrument: InstrumentId, venue_at: Nanos, phase: Phase) {
        self.out
            .push(self.received_at, Event::Status(Status { venue_at, instrument: Some(instrument), phase }));
    }
}

/// Some senders pad names with spaces, some with zeros.
pub(super) fn trimmed<const N: usize>(mut text: [u8; N]) -> [u8; N] {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(N);
    text[end..].fill(0);
    for byte in text[..end].iter_mut().rev().take_while(|byte| **byte == b' ') {
        *byte = 0;
    }
    text
}

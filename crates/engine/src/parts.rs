//! Orders that strategies work in parts (RC-03, RC-40): which part belongs to which whole.
//!
//! Risk judges the whole and counts what of it is given; this remembers whose part an order is, so that what of it never
//! traded can be given again.

use crate::engine::Core;
use risk::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use types::{Command, Lots, NewOrder, OrderId, ParentId, StrategyId};

/// Parts that may still trade, and the wholes they are of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Parts {
    of: BTreeMap<OrderId, (StrategyId, ParentId)>,
}

impl Core {
    /// A part of a whole: judged against it, then like any order.
    pub(crate) fn place_part(
        &mut self,
        strategy: StrategyId,
        parent: ParentId,
        order: NewOrder,
        out: &mut Vec<Command>,
    ) -> Result<(), Refusal> {
        self.risk.judge_part(strategy, parent, &order)?;
        let id = self.place(strategy, &order, out)?;
        let sent = self.orders.get(id).map_or(order.size, |sent| sent.terms.size);
        self.risk.give_part(strategy, parent, sent);
        self.parts.of.insert(id, (strategy, parent));
        Ok(())
    }

    /// Whether a part may grow by so much.
    pub(crate) fn may_grow(&mut self, id: OrderId, added: Lots) -> Result<(), Refusal> {
        let Some((strategy, parent)) = self.parts.of.get(&id) else { return Ok(()) };
        match self.risk.left_of(*strategy, *parent) {
            Some(left) if added > left => Err(self.risk.refuse(Refusal::ChildBeyondParent { left })),
            _ => Ok(()),
        }
    }

    /// A part grew.
    pub(crate) fn on_grown(&mut self, id: OrderId, added: Lots) {
        if let Some((strategy, parent)) = self.parts.of.get(&id) {
            self.risk.give_part(*strategy, *parent, added);
        }
    }

    /// An order can trade `freed` less than before, and is closed or not: its whole has that to give again.
    #[inline]
    pub(crate) fn on_freed(&mut self, id: OrderId, freed: Lots, closed: bool) {
        if self.parts.of.is_empty() {
            return;
        }
        if let Some((strategy, parent)) = self.parts.of.get(&id).copied() {
            self.risk.take_part_back(strategy, parent, freed);
            if closed {
                self.parts.of.remove(&id);
            }
        }
    }
}

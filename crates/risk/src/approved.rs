//! The proof that risk passed an order: the only key to `orders::Orders::submit` and `replace`.
//!
//! Never made outside this crate, never copied: one check, one order. The room it takes is already counted when
//! it is handed out, so two proofs held at once cannot both use the same room; one that is not used goes back
//! by [`Risk::withdraw`](crate::Risk::withdraw).

use types::{InstrumentId, Lots, NewOrder, OrderId, Side, StrategyId, Ticks};

/// An order that risk passed, with its room reserved.
///
/// It cannot be made outside this crate:
///
/// ```compile_fail,E0451
/// use types::{InstrumentId, Lots, NewOrder, OrderKind, Side, StrategyId, Ticks, TimeInForce};
/// let order = NewOrder {
///     instrument: InstrumentId(0),
///     side: Side::Buy,
///     kind: OrderKind::Limit,
///     time_in_force: TimeInForce::GoodTilCancel,
///     price: Ticks(100),
///     size: Lots(1),
/// };
/// let forged = risk::Approved { order, strategy: StrategyId(0), is_short: false };
/// ```
///
/// not by its own constructor, which is private:
///
/// ```compile_fail,E0624
/// fn forge(order: types::NewOrder) -> risk::Approved {
///     risk::Approved::new(order, types::StrategyId(0), false)
/// }
/// ```
///
/// not out of nothing, nor out of an order:
///
/// ```compile_fail,E0277
/// let forged: risk::Approved = Default::default();
/// ```
/// ```compile_fail,E0277
/// fn forge(order: types::NewOrder) -> risk::Approved {
///     order.into()
/// }
/// ```
///
/// and one proof is one order: it is neither cloned nor used twice, nor changed after the check.
///
/// ```compile_fail,E0599
/// fn twice(approved: risk::Approved) -> (risk::Approved, risk::Approved) {
///     (approved.clone(), approved)
/// }
/// ```
/// ```compile_fail,E0382
/// fn twice(approved: risk::Approved) -> (risk::Approved, risk::Approved) {
///     (approved, approved)
/// }
/// ```
/// ```compile_fail,E0594
/// fn change(approved: &mut risk::Approved) {
///     approved.order().size = types::Lots(1_000_000);
/// }
/// ```
///
/// What does compile is to read it:
///
/// ```
/// fn read(approved: &risk::Approved) -> types::Lots {
///     approved.order().size
/// }
/// ```
#[derive(Debug)]
#[must_use = "its room is reserved: submit it or withdraw it"]
pub struct Approved {
    order: NewOrder,
    strategy: StrategyId,
    is_short: bool,
}

impl Approved {
    pub(crate) const fn new(order: NewOrder, strategy: StrategyId, is_short: bool) -> Self {
        Self { order, strategy, is_short }
    }

    /// The mark of a sale (RC-24): whether it sells what its account does not hold.
    #[inline]
    #[must_use]
    pub const fn is_short(&self) -> bool {
        self.is_short
    }

    /// What was passed.
    #[inline]
    #[must_use]
    pub const fn order(&self) -> &NewOrder {
        &self.order
    }

    /// Who wanted it.
    #[inline]
    #[must_use]
    pub const fn strategy(&self) -> StrategyId {
        self.strategy
    }
}

/// A change of price and size that risk passed, with the additional room reserved: a replace is new risk.
///
/// ```compile_fail,E0624
/// fn forge() -> risk::ApprovedReplace {
///     risk::ApprovedReplace::new(todo!(), todo!())
/// }
/// ```
/// ```compile_fail,E0277
/// let forged: risk::ApprovedReplace = Default::default();
/// ```
/// ```compile_fail,E0599
/// fn twice(approved: risk::ApprovedReplace) -> (risk::ApprovedReplace, risk::ApprovedReplace) {
///     (approved.clone(), approved)
/// }
/// ```
#[derive(Debug)]
#[must_use = "its room is reserved: use it or withdraw it"]
pub struct ApprovedReplace {
    replacement: crate::Replacement,
    added: Lots,
}

impl ApprovedReplace {
    pub(crate) const fn new(replacement: crate::Replacement, added: Lots) -> Self {
        Self { replacement, added }
    }

    /// Which order.
    #[inline]
    #[must_use]
    pub const fn order(&self) -> OrderId {
        self.replacement.order
    }

    /// Whose.
    #[inline]
    #[must_use]
    pub const fn strategy(&self) -> StrategyId {
        self.replacement.strategy
    }

    /// In what.
    #[inline]
    #[must_use]
    pub const fn instrument(&self) -> InstrumentId {
        self.replacement.instrument
    }

    /// Which side it is on.
    #[inline]
    #[must_use]
    pub const fn side(&self) -> Side {
        self.replacement.side
    }

    /// The new limit.
    #[inline]
    #[must_use]
    pub const fn price(&self) -> Ticks {
        self.replacement.price
    }

    /// What could trade of it when it was checked: the check holds for an order in that state only.
    #[inline]
    #[must_use]
    pub const fn old_unfilled(&self) -> Lots {
        self.replacement.old_unfilled
    }

    /// What may trade of it from now on, fills so far not counted.
    #[inline]
    #[must_use]
    pub const fn unfilled(&self) -> Lots {
        self.replacement.unfilled
    }

    /// The working exposure that was reserved on top of what the order already had.
    #[inline]
    #[must_use]
    pub const fn added(&self) -> Lots {
        self.added
    }
}

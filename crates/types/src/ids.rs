//! Dense ids: small integers with their own type, made at the edge, used as indices inside.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$about:meta])* $name:ident($inner:ty)) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The place of this id's entry in a dense table.
            #[inline]
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id!(
    /// An instrument's row in the run's instrument table. A changed step size is a new instrument.
    InstrumentId(u32)
);
id!(
    /// One of **our** orders, numbered from 0 by `orders` in the order they were submitted.
    OrderId(u32)
);
id!(
    /// An order of the **market's**, as the venue names it. Not dense; a key, never an index.
    MarketOrderId(u64)
);
id!(
    /// A strategy's row in the run's strategy table.
    StrategyId(u16)
);
id!(
    /// A timer, named by the strategy that set it.
    TimerId(u32)
);
id!(
    /// A venue session: the venue that instruments name, numbered by [`Venues`](crate::Venues).
    VenueId(u16)
);
id!(
    /// An account, which holds strategies.
    AccountId(u16)
);
id!(
    /// A desk: strategies that people look after together.
    DeskId(u16)
);
id!(
    /// Somebody who can speak to the engine: a row of the run's people.
    PersonId(u16)
);
id!(
    /// An order that a strategy works in parts, by the strategy's own number.
    ParentId(u32)
);

//! The baseline: one order a side at the best price, moved when the best price moves. Knows nothing of the
//! market but its touch; what a formula earns beyond this, the formula earned.
//!
//! It follows the displayed touch, whosever it is: alone at a price, it holds that price.

use crate::maker::{Pair, Quote, Rule};
use serde::{Deserialize, Serialize};
use signals::Touch;
use types::{Nanos, Ticks, Trade};

/// Joins the best bid and the best ask.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct JoinedTouch;

impl Rule for JoinedTouch {
    fn on_touch(&mut self, _: Nanos, _: &Touch) {}

    fn on_trade(&mut self, _: Nanos, _: &Trade) {}

    fn on_interruption(&mut self, _: Nanos) {}

    fn quotes(&mut self, _: Nanos, touch: &Touch, _: f64) -> Option<Pair> {
        let join = |price: Ticks| {
            #[expect(clippy::cast_precision_loss, reason = "whole numbers below 2^53 are exact")]
            let price = price.0 as f64;
            // Nothing between the price and the quote, so that no other price is good enough.
            Quote { price, distance: 0.0 }
        };
        Some(Pair { bid: join(touch.bid), ask: join(touch.ask) })
    }
}

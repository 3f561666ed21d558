//! What went by, for people.

use super::sbe::table::MESSAGES;

/// Templates are small numbers; whatever is beyond is unknown.
const KNOWN: usize = 128;

#[derive(Debug)]
pub(crate) struct Counts {
    /// Of every copy of every packet, by template.
    messages: [u64; KNOWN],
    messages_beyond: u64,
    pub(crate) tally: Tally,
}

macro_rules! tally {
    ($($(#[$about:meta])* $field:ident = $name:literal;)*) => {
        #[derive(Debug, Default)]
        pub(crate) struct Tally {
            $($(#[$about])* pub(crate) $field: u64,)*
        }

        impl Tally {
            fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$(($name, self.$field)),*].into_iter()
            }
        }
    };
}

tally! {
    packets = "packets";
    /// Second copies, and copies of what was given up.
    duplicates = "packets duplicate";
    damaged = "packets damaged";
    /// Held because one before them was missing.
    held = "packets held";
    /// Missing on every line.
    lost = "packets lost";
    /// The channel's numbering started anew.
    restarts = "channel restarts";
    empty = "packets without messages";
    damaged_messages = "messages damaged";
    levels = "entries level";
    level_orders = "entries level order";
    orders = "entries order";
    trades = "entries trade";
    trade_orders = "entries trade order";
    statistics = "entries statistic";
    /// Without a value, or with one beyond us: no book hangs on it.
    statistics_unusable = "entries statistic unusable";
    quote_requests = "entries quote request";
    /// Of template 36, which is no event.
    old_trades = "entries trade before schema 5";
    /// Of instruments that are not in the run.
    foreign = "entries not in the run";
    spoiled = "entries unusable";
    /// Entry types that are no book's.
    other_kinds = "entries of another type";
    rpt_gaps = "RptSeq gaps";
    /// Trades changed after the fact.
    corrections = "trades corrected";
    /// Trades taken back.
    busts = "trades busted";
    /// The schema does not say which side these traded on.
    sideless = "trade orders without a side";
    /// `NumberOfOrders` and the orders given do not agree.
    orders_unmatched = "trade orders unmatched";
    unmarked = "events ended without an arrival to mark";
    statuses = "statuses";
    /// Of instruments that trade at one price for a while, template 60.
    workups = "statuses of workups";
    /// By `SecurityTradingEvent`: what they tell beside the state.
    no_cancel = "statuses no cancel";
    statistics_reset = "statuses reset statistics";
    implied_on = "statuses implied matching on";
    implied_off = "statuses implied matching off";
    statuses_unresolved = "statuses of nothing known";
    /// Snapshots of levels or orders that an instrument needed and could use.
    snapshots_used = "snapshots used";
    /// Those it needed and could not: too old, incomplete, or at odds with what came since.
    snapshots_refused = "snapshots refused";
    recovered_snapshot = "recoveries of levels by snapshot";
    recovered_natural = "recoveries of levels by natural refresh";
    recovered_orders = "recoveries of orders by snapshot";
    recovered_reset = "recoveries by reset";
    /// Something was missed while recovering.
    recoveries_restarted = "recoveries restarted";
    recovery_longest_ns = "recovery longest ns";
    /// Changes kept for one instrument at once, at most.
    recovery_held_most = "recovery held most";
    /// Changes kept and let go, because there were more than may be kept: an older snapshot will not do.
    recovery_held_dropped = "recovery held dropped";
    /// Changes that a snapshot had told already.
    told_already = "entries a snapshot told already";
    /// Changes of orders whose list is not known.
    orders_withheld = "entries order withheld";
    silences = "channel silences";
    doubts = "books doubted";
    /// Instruments whose step or symbol changed, or that came back: other listings.
    relisted = "instruments listed anew";
    definitions = "definitions";
    definitions_unusable = "definitions unusable";
    /// Bids above offers: yields and rates. They are among the unusable.
    definitions_inverted = "definitions of inverted books";
    /// Of templates that name no place in the channel's order, or no instrument: see the dispatch.
    passed_over = "messages passed over";
}

impl Default for Counts {
    fn default() -> Self {
        Self { messages: [0; KNOWN], messages_beyond: 0, tally: Tally::default() }
    }
}

impl Counts {
    #[inline]
    pub(crate) fn message(&mut self, template: u16) {
        match self.messages.get_mut(usize::from(template)) {
            Some(count) => *count += 1,
            None => self.messages_beyond += 1,
        }
    }

    /// Every count above zero, sorted by name.
    pub(crate) fn named(&self, securities: usize) -> Vec<(String, u64)> {
        let mut named = vec![("securities".to_string(), securities as u64)];
        let mut unknown = self.messages_beyond + self.messages.iter().sum::<u64>();
        for message in MESSAGES {
            let count = self.messages[usize::from(message.template)];
            unknown -= count;
            // CME's names end with the number.
            let name = message.name.trim_end_matches(|letter: char| letter.is_ascii_digit());
            named.push((format!("message {} {name}", message.template), count));
        }
        named.push(("messages of unknown templates".to_string(), unknown));
        named.extend(self.tally.named().map(|(name, count)| (name.to_string(), count)));
        named.retain(|(_, count)| *count > 0);
        named.sort();
        named
    }
}

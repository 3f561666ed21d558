//! Every key there is, what a reader of the file should know of it, and the refusal of all others.

use super::{ConfigError, allocation, carry, fees, latency, nearest, risk, roll, strategies};
use crate::calendar::{CALENDAR_KEYS, HALT_KEYS};

/// One key: its section, its name, and what a reader of the file should know.
pub struct Key(pub &'static str, pub &'static str, pub &'static str);

/// Every key outside `[strategy.NAME]`, in the order they are printed.
pub const KEYS: &[Key] = &[
    Key("trading", "strategy", "Which strategy: one of `quoin strategies`."),
    Key(
        "trading",
        "symbols",
        "What to trade, as the data names it, or the name of a [[roll]]; [] is the most active symbol.",
    ),
    Key(
        "trading",
        "currency",
        "What the account, its limits and its report count in; \"\" is what the first instrument traded settles in.",
    ),
    Key("trading", "initial_capital", "In the account's currency."),
    Key("trading", "seed", "For jitter, rejects and everything else that is left to chance."),
    Key("latency", "order_ns", "Nanoseconds from our decision to the venue's matching engine."),
    Key("latency", "response_ns", "Nanoseconds from the matching engine's answer back to us."),
    Key("latency", "market_data_ns", "Nanoseconds from a market event to our decision."),
    Key(
        "latency",
        "jitter_ns",
        "Added at random to each of the three, messages never overtaking each other.",
    ),
    Key(
        "latency",
        "jitter_shape",
        "\"exponential\" (mean jitter_ns), \"uniform\" (0 to jitter_ns), \"normal\" (deviation jitter_ns, either \
         way), \"gamma\" (scale jitter_ns) or \"constant\" (none).",
    ),
    Key("latency", "gamma_shape", "The gamma's shape: the added time is gamma_shape * jitter_ns on average."),
    Key("latency", "floor_ns", "No message takes less, whatever chance says."),
    Key("latency", "order_jitter_ns", "For orders in place of jitter_ns."),
    Key("latency", "order_jitter_shape", "For orders in place of jitter_shape."),
    Key("latency", "response_jitter_ns", "For answers in place of jitter_ns."),
    Key("latency", "response_jitter_shape", "For answers in place of jitter_shape."),
    Key("latency", "market_data_jitter_ns", "For market data in place of jitter_ns."),
    Key("latency", "market_data_jitter_shape", "For market data in place of jitter_shape."),
    Key(
        "latency",
        "market_data",
        "\"modelled\": as above. \"recorded\": market_data_ns plus what the recording's receive times show \
         above the line of its fastest messages, so without the skew and drift of the two clocks.",
    ),
    Key(
        "latency",
        "order_samples",
        "A file of measured orders (sent, at the venue, answered): .csv, or hftbacktest's .npy and .npz. Orders and \
         answers then take what lies between the measured ones; \"\" is none.",
    ),
    Key(
        "venue",
        "queue_model",
        "Who cancels ahead of us in price-level data: \"pessimistic\" (nobody), \"power\", \"logarithmic\", \
         \"power_of_sum\", \"logarithmic_of_sum\" or \"power_of_share\" (hftbacktest's families). Order-by-order data \
         needs no model.",
    ),
    Key(
        "venue",
        "queue_exponent",
        "The power model's exponent: 1 takes cancels in proportion to what is ahead and behind, more takes them \
         mostly from the larger part.",
    ),
    Key(
        "venue",
        "queue_unit",
        "The lots that count as one in the logarithmic models; hftbacktest counts contracts, so 1 / lot size.",
    ),
    Key(
        "venue",
        "allocation",
        "Who at one price gets how much, CME's letter behind it: \"fifo\" (F), \"fifo_lmm\" (T), \"fifo_top_lmm\" (S), \
         \"pro_rata\" (C), \"pro_rata_top\" (A), \"threshold\" (O), \"threshold_lmm\" (Q) or \"split\" (K).",
    ),
    Key("venue", "allocation_minimum", "By size nobody gets less than this many lots: then none."),
    Key("venue", "allocation_top_min", "Lots an order must have to go first because it bettered the market."),
    Key("venue", "allocation_top_max", "Lots it gets at most before the others; 0 is all of it."),
    Key("venue", "allocation_lmm_percent", "What we get as a lead market maker, where the rule has such."),
    Key(
        "venue",
        "allocation_fifo_percent",
        "For \"split\": how much goes by time before the rest goes by size.",
    ),
    Key(
        "venue",
        "allocation_levelling",
        "For \"split\": one lot each for those whose share by size was none.",
    ),
    Key("venue", "partial_fills", "Whether an order may fill in parts."),
    Key("venue", "reject_ppm", "New orders the venue refuses by chance, of a million."),
    Key(
        "venue",
        "self_match",
        "What gives way when two orders of ours meet: \"cancel_newest\" (refused whole), \"cancel_oldest\", \
         \"cancel_both\", or \"decrement\" (both lose the size of the smaller).",
    ),
    Key(
        "venue",
        "auctions",
        "true: orders may be entered before the open and take part in the auction, at the price the record names or \
         else the one that most volume gives. false: they are refused.",
    ),
    Key(
        "venue",
        "large_order_share",
        "Orders for more than this share of what is shown are counted in the report: \"no impact\" is in doubt. 0: none.",
    ),
    Key(
        "venue",
        "impact_ticks_per_lot",
        "Price steps by which each lot we take shifts the market against us (Obizhaeva-Wang): what we take later is \
         dearer, and our orders that rest on that side fill later. 0: none.",
    ),
    Key("venue", "impact_decay_seconds", "How long such a shift takes to fall to 1/e of what it was."),
    Key(
        "venue",
        "calendar",
        "When the market is open where the recording does not say: \"off\" (at any time), \"auto\" (the instrument's \
         own), or one of us_equities, us_equities_extended, cme_equity, cme_rates, cme_fx, cme_energy, cme_metals, \
         cme_grains, always, or a [[calendar]]. Days of losses and returns are then the venue's.",
    ),
    Key(
        "market",
        "model",
        "A file of `quoin calibrate`: agents that hear our orders, in place of recordings; \"\" is none. In it orders are \
         limit, market or post-only, and of [venue] nothing holds.",
    ),
    Key("market", "seed", "Which of the model's days."),
    Key("market", "hours", "How long the session lasts; 0 is as long as the model says."),
    Key("risk", "max_order_size", "Lots."),
    Key("risk", "max_order_notional", "In the account's currency, like all money here."),
    Key("risk", "max_position", "Lots either way, working orders included."),
    Key("risk", "max_open_orders", "Orders at the venue at once."),
    Key(
        "risk",
        "price_collar_ppm",
        "How far through the other side's best price an order may be, in millionths.",
    ),
    Key("risk", "max_messages_per_second", "New orders and replaces; cancels are never held back."),
    Key("risk", "max_daily_loss", "Currency, realised and unrealised; beyond it only reducing orders pass."),
    Key("risk", "max_drawdown", "Currency below the highest equity; beyond it only reducing orders pass."),
    Key("risk", "kill_switch", "true: start with the kill switch on, nothing is sent."),
    Key("fees", "maker_bp", "Basis points of turnover for giving liquidity; negative is a rebate."),
    Key("fees", "taker_bp", "Basis points of turnover for taking it."),
    Key("fees", "exchange_fee_per_lot", "Currency for each lot either way."),
    Key(
        "fees",
        "order_fee_min",
        "The least that the lots of one order cost together, in currency; 0 is none.",
    ),
    Key(
        "fees",
        "order_fee_max_percent",
        "The most, of what the order turned over; goes before the least; 0 is none.",
    ),
    Key(
        "fees",
        "starting_turnover",
        "Where there are tiers: the turnover of the thirty days before the run, in the account's currency.",
    ),
    Key(
        "funding",
        "rate_bp",
        "Basis points of a perpetual's notional at each moment, where no rate is recorded; above zero, longs pay.",
    ),
    Key(
        "funding",
        "every_hours",
        "From one moment of funding to the next; a whole number of them makes a day.",
    ),
    Key("funding", "first_hour", "The first moment of the UTC day (Binance 0, BitMEX 4)."),
    Key("funding", "recorded", "Whether recorded funding rates go before rate_bp."),
    Key(
        "borrow",
        "short_percent_a_year",
        "Of a short position's notional, for each day at whose end it is held.",
    ),
    Key("borrow", "long_percent_a_year", "The same of a long one's: what its money costs."),
    Key("borrow", "days_a_year", "What the yearly rates are divided by for a day."),
    Key("borrow", "day_ends_at_hour", "When a day ends, in hours of UTC; who is flat then pays nothing."),
    Key("report", "adverse_selection_seconds", "How long after a fill the mid is compared with the fill's."),
    Key("report", "title", "The report's heading."),
    Key(
        "journal",
        "durability",
        "What a record survives before an order leaves: buffered (nothing), written (a kill), synced (a power cut).",
    ),
    Key("journal", "segment_mib", "The size of a file of the journal; then another is begun."),
    Key(
        "journal",
        "checkpoint_records",
        "Records from one signature to the next, when the journal is signed.",
    ),
];

const CURRENCY_KEYS: [&str; 4] = ["code", "rate", "instrument", "inverse"];
const INSTRUMENT_KEYS: [&str; 5] = ["symbol", "tick", "lot", "multiplier", "currency"];

/// Lists of tables at the top: name, the keys of an entry.
const TOP_LISTS: &[(&str, &[&str])] = &[
    ("currency", &CURRENCY_KEYS),
    ("instrument", &INSTRUMENT_KEYS),
    ("calendar", CALENDAR_KEYS),
    ("roll", roll::ROLL_KEYS),
];

/// Lists of tables within a section: section, name, the keys of an entry.
const LISTS: &[(&str, &str, &[&str])] = &[
    ("trading", "strategies", strategies::KEYS),
    ("latency", "venue", latency::VENUE_KEYS),
    ("fees", "venue", fees::VENUE_KEYS),
    ("fees", "tier", fees::TIER_KEYS),
    ("venue", "instrument", allocation::INSTRUMENT_KEYS),
    ("venue", "halt", HALT_KEYS),
    ("funding", "instrument", carry::FUNDING_KEYS),
    ("borrow", "instrument", carry::BORROW_KEYS),
];

/// The first key nobody reads, with its line and the nearest one that somebody does.
pub(super) fn refuse_unknown(table: &toml::Table, text: &str) -> Result<(), ConfigError> {
    let mut sections: Vec<&str> = KEYS.iter().map(|key| key.0).collect();
    sections.dedup();
    sections.push("strategy");
    sections.extend(TOP_LISTS.iter().map(|list| list.0));
    for (section, content) in table {
        if let Some((name, keys)) = TOP_LISTS.iter().find(|list| list.0 == section)
            && content.is_array()
        {
            refuse_unknown_entries(name, keys, content, text)?;
            continue;
        }
        match (section.as_str(), content) {
            ("strategy", toml::Value::Table(strategies)) => {
                refuse_unknown_strategies(strategies, text)?;
            }
            (name, toml::Value::Table(keys)) if sections.contains(&name) => {
                let of_section = || KEYS.iter().filter(|key| key.0 == name).map(|key| key.1);
                for (key, value) in keys {
                    let levels = (name == "risk").then(|| risk::keys_of(key)).flatten();
                    if let Some(known) = levels {
                        refuse_unknown_limits(key, &known, value, text)?;
                        continue;
                    }
                    match LISTS.iter().find(|list| (list.0, list.1) == (name, key)) {
                        Some((_, _, keys)) => {
                            refuse_unknown_entries(&format!("{name}.{key}"), keys, value, text)?;
                        }
                        None => known(name, key, of_section(), text)?,
                    }
                }
            }
            // A known section of the wrong kind is for the typed reading to refuse.
            (name, _) => known("", name, sections.iter().copied(), text)?,
        }
    }
    Ok(())
}

fn refuse_unknown_entries(
    name: &str,
    keys: &[&str],
    entries: &toml::Value,
    text: &str,
) -> Result<(), ConfigError> {
    let entries = entries.as_array().into_iter().flatten().filter_map(toml::Value::as_table);
    for key in entries.flat_map(toml::Table::keys) {
        known(name, key, keys.iter().copied(), text)?;
    }
    Ok(())
}

/// A level's table, or its list of them.
fn refuse_unknown_limits(
    key: &str,
    keys: &[&str],
    content: &toml::Value,
    text: &str,
) -> Result<(), ConfigError> {
    let name = format!("risk.{key}");
    for own in content.as_table().into_iter().flat_map(toml::Table::keys) {
        known(&name, own, keys.iter().copied(), text)?;
    }
    refuse_unknown_entries(&name, keys, content, text)
}

fn refuse_unknown_strategies(table: &toml::Table, text: &str) -> Result<(), ConfigError> {
    for (name, parameters) in table {
        known("strategy", name, ::strategies::ALL.iter().map(|spec| spec.name), text)?;
        let spec = ::strategies::find(name).expect("just found to be known");
        for key in parameters.as_table().into_iter().flat_map(toml::Table::keys) {
            let section = format!("strategy.{name}");
            known(&section, key, spec.parameters.iter().map(|p| p.name), text)?;
        }
    }
    Ok(())
}

fn known<'a>(
    section: &str,
    key: &str,
    all: impl Iterator<Item = &'a str> + Clone,
    text: &str,
) -> Result<(), ConfigError> {
    if all.clone().any(|name| name == key) {
        return Ok(());
    }
    let full = |key: &str| if section.is_empty() { key.into() } else { format!("{section}.{key}") };
    // A misplaced key is a common slip: look in the other sections before giving up.
    let nearest = nearest(key, all)
        .map(|name| full(&name))
        .or_else(|| KEYS.iter().find(|known| known.1 == key).map(|known| format!("{}.{}", known.0, known.1)));
    Err(ConfigError::UnknownKey { key: full(key), line: line_of(section, key, text), nearest })
}

/// The line a key stands on, found as text: good enough to point at, and never wrong about the key.
fn line_of(section: &str, key: &str, text: &str) -> usize {
    let starts = |line: &str, word: &str| {
        line.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with(['=', ']', '.']))
    };
    let mut inside = section.is_empty();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_start_matches('[');
            let full = if section.is_empty() { key.into() } else { format!("{section}.{key}") };
            if starts(header, &full) {
                return at + 1;
            }
            inside = starts(header, section);
        } else if inside && starts(line, key) {
            return at + 1;
        }
    }
    0
}

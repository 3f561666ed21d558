//! The 48 risk controls: where each is applied, where it comes from, and the least a test must show.
//!
//! What a control does in this program is in docs/controls.md, made from the table the program itself uses; this list
//! is the other one, by which that table is held to be complete.

use super::{Control, State};
use State::Tested;

const fn row(
    id: &'static str,
    what: &'static str,
    levels: &'static str,
    basis: &'static str,
    shown: &'static str,
) -> Control {
    Control { id, what, levels, basis, shown, state: Tested }
}

/// Levels: O an order, S a strategy, A an account, F the firm, V a venue's session.
pub const CONTROLS: &[Control] = &[
    row(
        "RC-01",
        "size of an order",
        "O",
        "RTS 6 15(1)(c), FIA 1.1",
        "at the limit passes, one more not, unset refuses",
    ),
    row(
        "RC-02",
        "value of an order",
        "O",
        "RTS 6 15(1)(b), FIA 1.1",
        "the boundary; no rate refuses; no overflow",
    ),
    row(
        "RC-03",
        "value of a parent order or basket",
        "O, S",
        "FCA on Citi, 2024",
        "the Citi basket is refused",
    ),
    row(
        "RC-04",
        "price collar of an order",
        "O",
        "RTS 6 15(1)(a), FIA 1.3",
        "both sides; without a sound reference refuses",
    ),
    row("RC-05", "price collar over time", "O, S", "RTS 6 15(1)(a)", "a walk of small steps is stopped"),
    row("RC-06", "sanity of market data", "S", "FIA", "a stale or crossed book refuses"),
    row("RC-07", "steps, lots, precision, least value", "O", "venues", "a property of random orders"),
    row(
        "RC-08",
        "the same order twice",
        "O",
        "15c3-5(c)(1)(ii)",
        "one number once; the same terms within a time are stopped",
    ),
    row("RC-09", "messages a second", "V, S", "RTS 6 15(1)(d), RTS 7 18, FIA", "the bucket is exact"),
    row(
        "RC-10",
        "repeated automated executions",
        "S",
        "RTS 6 15(3)",
        "one too many disables until a person enables",
    ),
    row("RC-11", "open orders", "S, A, V", "FIA", "the boundary"),
    row("RC-12", "orders without an answer", "V", "fault V-17", "the boundary"),
    row(
        "RC-13",
        "position with what works, worst case by side",
        "S, A, F",
        "FIA 1.2",
        "in every interleaving",
    ),
    row("RC-14", "gross and net exposure", "A, F", "15c3-5(c)(1)(i)", "summed over strategies"),
    row(
        "RC-15",
        "credit or capital",
        "A, F",
        "15c3-5(c)(1)(i), RTS 6 15(4)",
        "a Knight-like run stops at it",
    ),
    row("RC-16", "buying power, margin", "A", "FINRA 4210, Regulation T", "worked examples"),
    row("RC-17", "loss of a day", "S, A, F", "FIA 4.2", "a mark that jumps triggers; only reducing passes"),
    row("RC-18", "drawdown from the peak", "S", "FIA", "a path"),
    row("RC-19", "rate of losses", "S", "FIA", "a burst"),
    row(
        "RC-20",
        "value at risk, expected shortfall",
        "A, F",
        "house",
        "what adds risk over the cap is refused",
    ),
    row("RC-21", "delta, gamma, vega", "A", "house", "a book of options"),
    row("RC-22", "concentration, share of volume", "S", "house", "a made average volume"),
    row(
        "RC-23",
        "restricted list, hard to borrow, locates",
        "O",
        "15c3-5(c)(2)",
        "a change takes effect within a second",
    ),
    row(
        "RC-24",
        "marking of short sales, price test",
        "O",
        "15c3-5(c)(2), Regulation SHO",
        "a sale marked wrongly is refused",
    ),
    row("RC-25", "sessions, halts, limit up and down", "O", "15c3-5(c)(2)", "halted refuses"),
    row("RC-26", "kinds of orders and how long they stand, by venue", "O", "venues", "the whole matrix"),
    row("RC-27", "self-match prevention", "A, F", "FIA", "all four modes"),
    row("RC-28", "wash trades between accounts of one owner", "F", "surveillance", "accounts in a group"),
    row("RC-29", "orders to trades", "V", "RTS 9", "the venue's formula, and no trades"),
    row("RC-30", "cancel on disconnect", "V", "FIA 1.4", "as V-06 and V-07"),
    row("RC-31", "cancel on logout", "V", "CME", "a session's graceful end"),
    row(
        "RC-32",
        "kill switch by strategy, account, desk, venue, firm",
        "all",
        "RTS 6 12, FIA 1.5",
        "a blank scope never means the firm",
    ),
    row("RC-33", "a reset needs a second person and a reason", "all", "RTS 6", "every role"),
    row("RC-34", "only what reduces", "A", "house", "flips do not pass"),
    row(
        "RC-35",
        "cancel everything, by scope",
        "V",
        "RTS 6 12, RTS 7 18(2)(c)",
        "confirmed and not confirmed apart",
    ),
    row("RC-36", "market-maker protection", "S, V", "FIA", "a burst of fills pulls the quotes"),
    row("RC-37", "width and size of quotes", "S", "house", "both boundaries"),
    row("RC-38", "a warning of a likely mistake", "O", "RTS 6", "never the only control"),
    row("RC-39", "limits of a new strategy", "S", "RTS 6 8", "refused outside them"),
    row(
        "RC-40",
        "children within the parent, fills within the order",
        "O",
        "SEC on Knight, 2013",
        "after every event of the storm",
    ),
    row(
        "RC-41",
        "our position, the venue's, the drop copy's",
        "A, F",
        "RTS 6 17, FIA 4.1",
        "a break within 5 s",
    ),
    row("RC-42", "credit after the trade, exposure until settlement", "A", "FIA 4.2", "the boundary"),
    row("RC-43", "limits that have grown old", "F", "FIA", "no fresh limit refuses"),
    row("RC-44", "alerts as it happens", "F", "RTS 6 16, RTS 7 20", "in the same step"),
    row("RC-45", "who may change a limit, and who must agree", "F", "15c3-5(d)", "a strategy cannot"),
    row("RC-46", "what a model may say", "S", "fault O-08", "not a number, out of range, late"),
    row("RC-47", "health of a venue", "V", "fault V-05", "too many rejections or slow answers pause it"),
    row("RC-48", "trades made in error", "F", "FIA", "the request is on record"),
];

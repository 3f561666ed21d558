//! The 88 faults: what goes wrong, how a test makes it go wrong, and what must then hold.
//!
//! First what must never happen, then how it ends. Never says which test: that is found by name.

use super::{Fault, State};
use State::{Partly, Tested, Waits};

const CLUSTER: &str = "there is one machine; standing in for one another comes with the cluster";
const LIVE: &str = "no connection to a live venue yet";

const fn row(
    id: &'static str,
    what: &'static str,
    injected: &'static str,
    expected: &'static str,
    state: State,
) -> Fault {
    Fault { id, what, injected, expected, state }
}

/// The parts of the catalogue: letter, title, rows.
pub const PARTS: &[(&str, &str, &[Fault])] = &[
    ("F", "Market data and books", FEEDS),
    ("T", "Time", TIME),
    ("J", "Journal and storage", JOURNAL),
    ("P", "Processes and cluster", PROCESSES),
    ("V", "Venue sessions and orders", VENUES),
    ("O", "Operators, deployment, what others supply", OPERATORS),
];

/// Market data and books.
const FEEDS: &[Fault] = &[
    row(
        "F-01",
        "a packet is lost on one line of two",
        "copies dropped on single lines",
        "the other line's copy fills in: no gap, and the book is the true one",
        Tested,
    ),
    row(
        "F-02",
        "a packet is lost on both lines",
        "both copies dropped",
        "every book of the channel is stale in the same event, quotes are pulled, and a book is live again only when it \
         is known again",
        Tested,
    ),
    row(
        "F-03",
        "a packet comes twice",
        "copies replayed, up to half of them",
        "no effect but a count",
        Tested,
    ),
    row(
        "F-04",
        "packets overtake within the window",
        "delays below 1 ms",
        "held and applied in order, for 1 ms or 64 packets at most",
        Tested,
    ),
    row(
        "F-05",
        "packets overtake beyond the window",
        "delays above it",
        "a gap as in F-02; nothing is ever applied out of order",
        Tested,
    ),
    row(
        "F-06",
        "a packet whose lengths or checksums are wrong",
        "bytes flipped",
        "refused whole and as good as lost: no panic, nothing of it applied",
        Tested,
    ),
    row(
        "F-07",
        "damage that still reads well: a price or size that is wrong",
        "fields changed",
        "steps, limits and ranges refuse it, with a reason; its book is stale until the next snapshot",
        Tested,
    ),
    row(
        "F-08",
        "a message cut, read in pieces, or split over frames",
        "cut at every byte",
        "put together from a stream, refused as a datagram",
        Tested,
    ),
    row(
        "F-09",
        "the venue begins to number from one again",
        "a new week, a restart",
        "seen as what it is: books empty, and no gap of four thousand million",
        Tested,
    ),
    row(
        "F-10",
        "the channel is reset",
        "CME's reset message, with and without losses",
        "books and statistics empty, entries number from one, settlements stay, books build up from what follows",
        Tested,
    ),
    row("F-11", "numbers wrap around", "a session across the largest number", "it goes on", Tested),
    row(
        "F-12",
        "joining late",
        "the first part of a session withheld",
        "what comes is held until a snapshot fits; nothing is shown before",
        Tested,
    ),
    row(
        "F-13",
        "a snapshot older than what is missing",
        "old snapshots under new numbers",
        "refused; asked for again so many times, each later, and then it is said",
        Partly(
            "recordings cannot be asked: asking a venue's server is tried on a script until there is a live session",
        ),
    ),
    row(
        "F-14",
        "a snapshot newer than what was held",
        "the incremental feed delayed",
        "what it told already is dropped, by each venue's own rule",
        Tested,
    ),
    row(
        "F-15",
        "a gap while recovering",
        "losses of 30 %",
        "recovery begins anew; it ends when the losses do",
        Tested,
    ),
    row(
        "F-16",
        "a snapshot that is lost in part or out of order",
        "losses and delays on the snapshot feeds",
        "the next loop is waited for; each instrument is complete by itself",
        Tested,
    ),
    row(
        "F-17",
        "bid above ask after a change",
        "an ask sent far below",
        "suspect at once and not traded on; taken for lost when it stays, with the reason. Before an open it is legal",
        Tested,
    ),
    row("F-18", "bid equal to ask", "an ask sent at the bid", "allowed, and marked", Tested),
    row(
        "F-19",
        "a change of an order or level that does not stand",
        "deletions of other prices",
        "passed over where the venue calls it normal, taken for a loss elsewhere",
        Tested,
    ),
    row(
        "F-20",
        "a price or size of zero, below it, not a number, too fine, or between steps",
        "fields changed, in binary and in text",
        "refused, and the reason is told",
        Tested,
    ),
    row(
        "F-21",
        "an instrument or a message nobody knows",
        "a run that knows two of three; template numbers of the future",
        "no other instrument is harmed",
        Tested,
    ),
    row(
        "F-22",
        "silence",
        "a feed that stops",
        "stale after three heartbeats; a market that is merely quiet is not",
        Tested,
    ),
    row(
        "F-23",
        "a book with one side, or none",
        "snapshots of it",
        "live, without a middle; strategies and the simulated venue cope",
        Tested,
    ),
    row(
        "F-24",
        "a burst fifty times as busy for 200 ms",
        "a generated one, with losses in it",
        "queues are bounded and say what they do when full; no change of a book is dropped unsaid",
        Tested,
    ),
    row(
        "F-25",
        "a trade is taken back or corrected",
        "busts of CME and NASDAQ",
        "bars and averages are put right by an event that offsets it; the book is not touched",
        Tested,
    ),
    row(
        "F-26",
        "terms change, a step changes, an instrument expires, a symbol is used again",
        "a day's script",
        "a listing of its own; what was keeps its old terms",
        Tested,
    ),
];

/// Time.
const TIME: &[Fault] = &[
    row(
        "T-01",
        "the wall's clock steps back an hour",
        "a made clock",
        "the order of events and timers do not move; it is said",
        Tested,
    ),
    row(
        "T-02",
        "the wall's clock steps forward an hour",
        "a made clock",
        "orders until a date do not all expire; new ones are held, and it is said, until a person agrees",
        Tested,
    ),
    row(
        "T-03",
        "a clock drifts by 200 parts in a million",
        "a made clock",
        "said at 100 µs, at 1 ms, at 50 ms",
        Tested,
    ),
    row(
        "T-04",
        "a leap second, a second twice",
        "a made clock",
        "time never goes back; it is smeared, as documented",
        Tested,
    ),
    row(
        "T-05",
        "an event stamped in the future or last week",
        "stamps changed",
        "set aside and counted: part of no latency and no bar",
        Tested,
    ),
    row(
        "T-06",
        "100,000 timers due at once",
        "so many set",
        "each once, in an order that does not depend on chance, and so many at a time that the market is heard between",
        Tested,
    ),
    row(
        "T-07",
        "the process stands still for five seconds",
        "SIGSTOP, and a jump of simulated time",
        "nothing is traded on what is old; orders are reconciled before there are new ones",
        Tested,
    ),
    row(
        "T-08",
        "half days, holidays, weeks of summer time",
        "tables of the years 2000 to 2035",
        "the session's state is right on every day listed",
        Tested,
    ),
];

/// Journal and storage.
const JOURNAL: &[Fault] = &[
    row(
        "J-01",
        "killed between writing and syncing",
        "kill -9 at random moments",
        "what is read back holds everything that was acknowledged",
        Tested,
    ),
    row(
        "J-02",
        "the last record is torn",
        "pending writes damaged at a crash",
        "cut at the last sound record, and never before one that was acknowledged",
        Tested,
    ),
    row("J-03", "a bit rots in the middle", "bits flipped", "found, and never passed over unsaid", Tested),
    row(
        "J-04",
        "a sound record written to the wrong place",
        "blocks moved",
        "found: place and number are part of the sum",
        Tested,
    ),
    row(
        "J-05",
        "a write that the disk acknowledged and lost",
        "writes dropped",
        "found when it is read; halt",
        Tested,
    ),
    row(
        "J-06",
        "fsync fails",
        "the system call answers EIO",
        "stop: no second try, nothing acknowledged",
        Tested,
    ),
    row(
        "J-07",
        "the disk is full",
        "the system call answers ENOSPC",
        "no new risk, cancels go on; said at 80 and 90 %; a snapshot that fails leaves the old one",
        Tested,
    ),
    row(
        "J-08",
        "the disk is slow",
        "a second for a write",
        "who waits is told; no queue grows without bound",
        Tested,
    ),
    row("J-09", "short writes, EINTR, EAGAIN", "answers of system calls", "written whole", Tested),
    row("J-10", "a snapshot is damaged", "bytes flipped", "the one before it and a longer tail", Tested),
    row(
        "J-11",
        "journals and snapshots of other releases",
        "golden files",
        "older ones are read, newer ones refused with advice",
        Tested,
    ),
    row("J-12", "two processes open one journal", "two processes", "the second is refused", Tested),
    row(
        "J-13",
        "a journal is deleted or replaced",
        "another put in its place",
        "refused and said: the head's signature is not ours",
        Tested,
    ),
    row(
        "J-14",
        "an old backup is put back",
        "an older copy",
        "refused: its head is older than the anchor kept elsewhere",
        Tested,
    ),
    row(
        "J-15",
        "a rename is not durable",
        "a folder that is not synced",
        "the folder is synced, which a test proves",
        Tested,
    ),
    row(
        "J-16",
        "a record that makes the core panic",
        "a crafted one",
        "halt with its number; a person may have it skipped, with a reason, the same on every replay",
        Tested,
    ),
];

/// Processes and cluster.
const PROCESSES: &[Fault] = &[
    row(
        "P-01",
        "the primary crashes",
        "a kill",
        "another takes over within 2 s; nothing acknowledged is lost",
        Waits(CLUSTER),
    ),
    row("P-02", "the network parts in two", "links cut", "the minority cannot send orders", Waits(CLUSTER)),
    row(
        "P-03",
        "one hears the other, not the other way round",
        "links cut one way",
        "never two that are active",
        Waits(CLUSTER),
    ),
    row("P-04", "one node comes and goes", "links that flap", "it backs off; no livelock", Waits(CLUSTER)),
    row(
        "P-05",
        "links stop one by one and come back in another order",
        "a script",
        "it converges",
        Waits(CLUSTER),
    ),
    row(
        "P-06",
        "the domain that holds the quorum is lost",
        "three of five stopped",
        "a safe halt, and a documented way back",
        Waits(CLUSTER),
    ),
    row(
        "P-07",
        "an old primary wakes up",
        "a pause",
        "its orders are refused at the gateway, by their epoch",
        Waits(CLUSTER),
    ),
    row("P-08", "mixed versions or configurations", "two processes", "joining is refused", Waits(CLUSTER)),
    row(
        "P-09",
        "a release rolls out under load",
        "releases that advance",
        "each command is carried out by one of them",
        Waits(CLUSTER),
    ),
    row(
        "P-10",
        "the state of two copies parts",
        "a byte of state flipped",
        "found at the next exchange of hashes, after 65,536 events at most",
        Partly("the hash is taken and compared on one machine; removing a node comes with the cluster"),
    ),
];

/// Venue sessions and orders.
const VENUES: &[Fault] = &[
    row(
        "V-01",
        "the connection drops before an order is answered",
        "a simulated venue",
        "unknown counts as live; asked for, and never sent again blindly",
        Tested,
    ),
    row(
        "V-02",
        "an answer or a fill comes twice",
        "replays after a reconnect",
        "once, by the venue's number of it",
        Tested,
    ),
    row(
        "V-03",
        "a fill before the acceptance, after the cancel, after the rejection",
        "reports out of order",
        "the table of transitions has an answer, and the position is right",
        Tested,
    ),
    row("V-04", "a replace crosses a fill", "a simulated venue", "never more than was asked for", Tested),
    row(
        "V-05",
        "a venue rejects for no reason we know",
        "a simulated venue",
        "a reason of its own; the strategy pauses after so many in so long",
        Tested,
    ),
    row(
        "V-06",
        "cancel-on-disconnect is carried out",
        "a simulated venue",
        "orders close when it is confirmed, not before",
        Tested,
    ),
    row(
        "V-07",
        "cancel-on-disconnect is not carried out",
        "a simulated venue",
        "what still works is found and cancelled",
        Tested,
    ),
    row(
        "V-08",
        "a FIX session's numbers have a gap, or are too low",
        "a script",
        "asked for again, filled; too low ends the session",
        Waits("there is no FIX session yet"),
    ),
    row(
        "V-09",
        "heartbeats stop",
        "a silent session",
        "taken for disconnected, with all that follows",
        Partly("of a simulated session; a FIX session's TestRequest comes with FIX"),
    ),
    row(
        "V-10",
        "the venue throttles",
        "rejections",
        "we slow down: cancels first, new orders wait or are refused",
        Tested,
    ),
    row(
        "V-11",
        "halt, auction, cancel-only",
        "a simulated venue",
        "only what the phase takes is sent; no storm at the reopening",
        Tested,
    ),
    row(
        "V-12",
        "the venue restarts and loses orders",
        "a simulated venue",
        "found by asking, said, and exposure falls only when it is confirmed",
        Tested,
    ),
    row(
        "V-13",
        "the drop copy is missing, late, or contradicts",
        "reports withheld or changed",
        "said within 5 s; over a limit the account pauses",
        Tested,
    ),
    row(
        "V-14",
        "we would trade with ourselves",
        "two strategies of one account",
        "prevented before sending, by mode",
        Tested,
    ),
    row(
        "V-15",
        "the venue takes a trade back",
        "a simulated venue",
        "position and P&L are put right by an event that offsets it",
        Tested,
    ),
    row(
        "V-16",
        "price bands move under a resting order",
        "statistics of limits",
        "looked at again; no loop of rejections",
        Tested,
    ),
    row(
        "V-17",
        "answers take seconds",
        "a slow venue",
        "so many unanswered at most, and so no more risk than that",
        Tested,
    ),
    row(
        "V-18",
        "a certificate has expired, a name leads elsewhere",
        "a real server",
        "no connection, and it is said; never without TLS",
        Waits(LIVE),
    ),
];

/// Operators, deployment, what others supply.
const OPERATORS: &[Fault] = &[
    row("O-01", "an order a thousand times too large", "a person's order", "refused, not warned of", Tested),
    row(
        "O-02",
        "a limit lowered below what is held",
        "an operator's event",
        "only what reduces passes",
        Tested,
    ),
    row("O-03", "no limit for a new instrument", "a configuration", "everything is refused", Tested),
    row(
        "O-04",
        "the kill switch while the gateway is down",
        "a dead venue",
        "latched first; cancels are tried again; what is not confirmed is said",
        Tested,
    ),
    row("O-05", "two operators at once", "two events", "one after the other, both on record", Tested),
    row(
        "O-06",
        "a strategy that runs away",
        "a thousand orders a second",
        "throttles disable it, and no other",
        Tested,
    ),
    row(
        "O-07",
        "a mistake in the configuration: a key nobody knows, a wrong unit",
        "configurations",
        "the start is refused, and the place is shown",
        Tested,
    ),
    row(
        "O-08",
        "a model that is missing, another one, not a number, or late",
        "made models",
        "its strategy is disabled with the reason; never a default",
        Tested,
    ),
    row(
        "O-09",
        "reference data that is late or contradicts",
        "definitions",
        "not tradable until it is resolved",
        Tested,
    ),
    row(
        "O-10",
        "no memory, no file handles, no processor",
        "limits of the process",
        "refused with a reason; what was allocated at the start goes on cancelling",
        Tested,
    ),
];

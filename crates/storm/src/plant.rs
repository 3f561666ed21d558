//! Bugs on purpose, one for each invariant: each is what a mistake in a shipped part would do, done at that part's seam,
//! so that we know that the storm finds it. A run without one takes none of these branches, and no shipped part knows them.

use crate::disk::Disk;
use engine::Engine;
use std::io::{self, Write};
use types::{Action, Command, Event, Input, Liquidity, Lots, Operator, Outcome, Scope};

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// A strategy keeps state where no replay sees it.
    HiddenState,
    /// A gap does not make a book stale.
    GapIgnored,
    /// A change of an order frees all it had reserved but one lot.
    RoomForgotten,
    /// The same execution told twice is taken for two.
    FillTwice,
    /// A fill that took is booked a tick worse than it was.
    PriceOff,
    /// After a reconnect the last order is sent again blindly.
    SentAgain,
    /// A fill of the rest is taken for a cancel.
    FilledIsCancelled,
    /// A trade of the market's is dropped now and then.
    TradeDropped,
    /// The journal leaves a record out.
    RecordDropped,
    /// A byte of a block changes on its way to the disk.
    BlockChanged,
    /// The kill switch latches and lets changes of orders pass... because the engine never hears of it.
    KillUnheard,
}

impl Plant {
    /// Every bug with the invariant that must catch it.
    pub const ALL: [(Self, u8); 11] = [
        (Self::HiddenState, 1),
        (Self::GapIgnored, 2),
        (Self::RoomForgotten, 3),
        (Self::FillTwice, 4),
        (Self::PriceOff, 5),
        (Self::SentAgain, 6),
        (Self::FilledIsCancelled, 7),
        (Self::TradeDropped, 8),
        (Self::RecordDropped, 8),
        (Self::BlockChanged, 9),
        (Self::KillUnheard, 10),
    ];

    /// Whether the decoder's event is told to the engine.
    pub(crate) fn tells(self, event: &Event) -> bool {
        match (self, event) {
            (Self::GapIgnored, Event::Gap(_)) => false,
            (Self::TradeDropped, Event::Trade(trade)) => trade.id % 50 != 7,
            _ => true,
        }
    }

    /// Whether an input is kept in the journal.
    pub(crate) fn keeps(self, input: &Input) -> bool {
        self != Self::RecordDropped || input.seq.0 % 500 != 499
    }

    /// Steps the engine on what it should not hear. A bug of the engine's is in each engine, a replica's and a new
    /// life's too: what is done depends on nothing but the engine and the input.
    pub(crate) fn step(self, engine: &mut Engine, input: &Input, out: &mut Vec<Command>) {
        let mut heard = *input;
        match (self, &mut heard.event) {
            (Self::RoomForgotten, Event::Report(report)) => {
                let filled = engine.orders().get(report.order).map_or(0, |order| order.filled.0);
                if let Outcome::Replaced { size, .. } = &mut report.outcome {
                    *size = Lots((filled + 1).min(size.0));
                }
            }
            (Self::FillTwice, Event::Report(report)) => {
                if let Outcome::Filled { fill, .. } = &mut report.outcome {
                    *fill = u32::MAX - u32::try_from(input.seq.0).unwrap_or(0);
                }
            }
            (Self::PriceOff, Event::Report(report)) => {
                if let Outcome::Filled { price, liquidity: Liquidity::Taker, .. } = &mut report.outcome {
                    price.0 += 1;
                }
            }
            (Self::FilledIsCancelled, Event::Report(report)) => {
                let left = engine.orders().get(report.order).map(|order| order.unfilled());
                if let Outcome::Filled { size, .. } = report.outcome
                    && left == Some(size)
                {
                    report.outcome = Outcome::Canceled;
                }
            }
            (Self::KillUnheard, Event::Operator(word)) => {
                if let Operator::Request { by, request, action: Action::Kill(Scope::Firm) } = *word {
                    *word = Operator::Confirm { request, by };
                }
            }
            _ => {}
        }
        engine.step(&heard, out);
    }
}

/// Steps an engine, with what is planted in it.
pub(crate) fn step(plant: Option<Plant>, engine: &mut Engine, input: &Input, out: &mut Vec<Command>) {
    match plant {
        Some(plant) => plant.step(engine, input, out),
        None => engine.step(input, out),
    }
}

/// The way to the disk, with what is planted in it.
pub(crate) fn sink(disk: &Disk, plant: Option<Plant>) -> Way {
    Way { disk: disk.clone(), flips: plant == Some(Plant::BlockChanged), blocks: 0 }
}

/// See [`sink`].
pub(crate) struct Way {
    disk: Disk,
    flips: bool,
    blocks: u64,
}

impl Write for Way {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.blocks += 1;
        if self.flips && self.blocks.is_multiple_of(40) {
            let mut changed = bytes.to_vec();
            let middle = changed.len() / 2;
            changed[middle] ^= 1;
            return self.disk.write(&changed);
        }
        self.disk.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl journal::Sink for Way {
    fn sync(&mut self) -> io::Result<()> {
        journal::Sink::sync(&mut self.disk)
    }
}

//! Some rows of a row group: a number for each cell, column by column, and the events put together from them.
//!
//! Levels, orders and trades, of which there are millions, are put together from their cells at once; the rest by the
//! table of columns, cell by cell. `the_quick_way_is_the_slow_way` holds the two together.

use crate::parquet::columns::{ACTIONS, At, COLUMNS, Fields, KINDS, Kind, Row, SIDES, Take, at};
use crate::parquet::pages::Chunk;
use parquet::errors::ParquetError;
use std::ops::Range;
use types::{
    Arrival, Event, Flags, InstrumentId, LevelDelta, Lots, MarketOrderId, Nanos, OrderDelta, Ticks, Trade,
};

/// Rows taken apart: what the columns hold. The memory is kept from batch to batch.
#[derive(Default)]
pub(super) struct Rows {
    /// By place in the table of columns.
    columns: Vec<Vec<i64>>,
    /// Which cells of a row hold something: a bit for each column that may be empty.
    present: Vec<u32>,
}

const _: () = assert!(COLUMNS.len() <= 32);

/// The columns that every level has and may not be empty, and so on.
const LEVEL: u32 = bits(&[At::action, At::side, At::ticks, At::lots, At::orders, At::depth]);
const ORDER: u32 = bits(&[At::action, At::side, At::ticks, At::lots, At::id]);
const TRADE: u32 = bits(&[At::ticks, At::lots, At::id, At::fraction]);
const SIDE: u32 = bits(&[At::side]);

const fn bits(columns: &[At]) -> u32 {
    let (mut bits, mut next) = (0, 0);
    while next < columns.len() {
        bits |= 1 << columns[next] as u32;
        next += 1;
    }
    bits
}

/// The cells that levels, orders and trades are made of.
struct Cells<'a> {
    received_at: &'a [i64],
    venue_at: &'a [i64],
    action: &'a [i64],
    side: &'a [i64],
    ticks: &'a [i64],
    lots: &'a [i64],
    fraction: &'a [i64],
    orders: &'a [i64],
    depth: &'a [i64],
    id: &'a [i64],
    flags: &'a [i64],
    present: &'a [u32],
}

impl Rows {
    /// Unpacks the next `count` rows of the columns that are there, each with its place in the table.
    pub(super) fn unpack(&mut self, chunks: &mut [(usize, Chunk)], count: usize) -> Result<(), ParquetError> {
        self.columns.resize_with(COLUMNS.len(), Vec::new);
        self.columns.iter_mut().for_each(|column| column.resize(count, 0));
        self.present.clear();
        self.present.resize(count, 0);
        for (place, chunk) in chunks {
            let column = &COLUMNS[*place];
            let bit = if column.required { 0 } else { 1 << *place };
            chunk
                .read(&mut self.columns[*place], &mut self.present, bit)
                .map_err(|error| ParquetError::General(format!("column `{}`: {error}", column.name)))?;
        }
        Ok(())
    }

    /// The numbers of a column.
    pub(super) fn column(&self, column: At) -> &[i64] {
        &self.columns[column as usize]
    }

    /// Puts the events of the wanted places behind `out`.
    ///
    /// # Errors
    /// The place at which no event stands.
    pub(super) fn events(
        &self,
        wanted: &Range<u64>,
        instrument: Option<InstrumentId>,
        out: &mut Vec<Row>,
    ) -> Result<(), u64> {
        let cells = self.cells();
        let kinds = self.column(At::kind);
        for (row, seq) in self.column(At::seq).iter().enumerate() {
            let seq = seq.cast_unsigned();
            if !wanted.contains(&seq) {
                continue;
            }
            let quick = match at(KINDS, kinds[row]).ok_or(seq)? {
                Kind::Level => cells.level(row, instrument),
                Kind::Order => cells.order(row, instrument),
                Kind::Trade => cells.trade(row, instrument),
                Kind::TradeBust
                | Kind::Status
                | Kind::Gap
                | Kind::Statistic
                | Kind::QuoteRequest
                | Kind::Bar => {
                    out.push(self.slow(row, instrument).ok_or(seq)?);
                    continue;
                }
            };
            let received_at = Nanos(cells.received_at[row]);
            out.push(Row { seq, arrival: Arrival { received_at, event: quick.ok_or(seq)? } });
        }
        Ok(())
    }

    fn cells(&self) -> Cells<'_> {
        Cells {
            received_at: self.column(At::received_at),
            venue_at: self.column(At::venue_at),
            action: self.column(At::action),
            side: self.column(At::side),
            ticks: self.column(At::ticks),
            lots: self.column(At::lots),
            fraction: self.column(At::fraction),
            orders: self.column(At::orders),
            depth: self.column(At::depth),
            id: self.column(At::id),
            flags: self.column(At::flags),
            present: &self.present,
        }
    }

    /// Any event, cell by cell.
    fn slow(&self, row: usize, instrument: Option<InstrumentId>) -> Option<Row> {
        let mut fields = Fields::default();
        for (place, column) in COLUMNS.iter().enumerate() {
            if column.required || self.present[row] & (1 << place) != 0 {
                match column.take {
                    Take::Never => {}
                    Take::Number(take) | Take::Word(_, take) => {
                        take(&mut fields, self.columns[place][row])?;
                    }
                }
            }
        }
        fields.row(instrument)
    }
}

impl Cells<'_> {
    #[inline]
    fn has(&self, row: usize, cells: u32) -> Option<()> {
        (self.present[row] & cells == cells).then_some(())
    }

    #[inline]
    fn level(&self, row: usize, instrument: Option<InstrumentId>) -> Option<Event> {
        self.has(row, LEVEL)?;
        Some(Event::Level(LevelDelta {
            venue_at: Nanos(self.venue_at[row]),
            price: Ticks(self.ticks[row]),
            size: Lots(self.lots[row]),
            orders: self.orders[row].try_into().ok()?,
            instrument: instrument?,
            side: at(SIDES, self.side[row])?,
            action: at(ACTIONS, self.action[row])?.of_level()?,
            depth: self.depth[row].try_into().ok()?,
            flags: Flags(self.flags[row].try_into().ok()?),
        }))
    }

    #[inline]
    fn order(&self, row: usize, instrument: Option<InstrumentId>) -> Option<Event> {
        self.has(row, ORDER)?;
        Some(Event::Order(OrderDelta {
            venue_at: Nanos(self.venue_at[row]),
            order: MarketOrderId(self.id[row].cast_unsigned()),
            price: Ticks(self.ticks[row]),
            size: Lots(self.lots[row]),
            instrument: instrument?,
            side: at(SIDES, self.side[row])?,
            action: at(ACTIONS, self.action[row])?.of_order()?,
            flags: Flags(self.flags[row].try_into().ok()?),
        }))
    }

    #[inline]
    fn trade(&self, row: usize, instrument: Option<InstrumentId>) -> Option<Event> {
        self.has(row, TRADE)?;
        let aggressor = match self.has(row, SIDE) {
            Some(()) => Some(at(SIDES, self.side[row])?),
            None => None,
        };
        Some(Event::Trade(Trade {
            venue_at: Nanos(self.venue_at[row]),
            price: Ticks(self.ticks[row]),
            size: Lots(self.lots[row]),
            id: self.id[row].cast_unsigned(),
            instrument: instrument?,
            price_fraction: self.fraction[row].try_into().ok()?,
            aggressor,
            flags: Flags(self.flags[row].try_into().ok()?),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    /// Rows of any numbers, mostly ones that could be events.
    fn wild(prng: &mut Prng, count: usize) -> Rows {
        let number = |prng: &mut Prng| match prng.between(0, 40) {
            0 => prng.bits().cast_signed(),
            1 => -1,
            2 => 70_000,
            _ => prng.between(0, 6),
        };
        let mut columns: Vec<Vec<i64>> =
            COLUMNS.iter().map(|_| (0..count).map(|_| number(prng)).collect()).collect();
        columns[At::seq as usize].fill(5);
        let present = (0..count)
            .map(|_| match prng.between(0, 3) {
                0 => prng.bits() as u32,
                _ => u32::MAX,
            })
            .collect();
        Rows { columns, present }
    }

    #[test]
    fn the_quick_way_is_the_slow_way() {
        let mut made = [0; 2];
        for seed in 0..200 {
            let mut prng = Prng::new(seed);
            let rows = wild(&mut prng, 200);
            let instrument = (seed % 7 != 0).then_some(InstrumentId(3));
            for row in 0..200 {
                let alone = Rows {
                    columns: rows.columns.iter().map(|column| vec![column[row]]).collect(),
                    present: vec![rows.present[row]],
                };
                let mut out = Vec::new();
                let quick = alone.events(&(0..u64::MAX), instrument, &mut out).ok().and_then(|()| out.pop());
                let mut slow = alone.slow(0, instrument);
                // The slow way asks every cell, the quick one those of its kind.
                if slow.is_none() && quick.is_some() {
                    let mut needed = alone;
                    let kind = at(KINDS, needed.column(At::kind)[0]);
                    needed.present[0] &= match kind {
                        Some(Kind::Level) => LEVEL,
                        Some(Kind::Order) => ORDER,
                        _ => TRADE | SIDE,
                    };
                    slow = needed.slow(0, instrument);
                }
                assert_eq!(quick, slow, "seed {seed}, row {row}");
                made[usize::from(quick.is_some())] += 1;
            }
        }
        assert!(made.iter().all(|count| *count > 2_000), "{made:?}: refused and made");
    }
}

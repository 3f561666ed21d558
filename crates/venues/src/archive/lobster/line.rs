//! Lines of both files as numbers. Never panics, whatever stands there.

use types::{Nanos, Side};

const NUMBER_MAX: i64 = 9_999_999_999;

/// What a message says happened; the numbers are LOBSTER's type less one, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Add = 0,
    Reduce = 1,
    Delete = 2,
    Execute = 3,
    ExecuteHidden = 4,
    Cross = 5,
    Halt = 6,
}

pub(super) const KINDS: [Kind; 7] =
    [Kind::Add, Kind::Reduce, Kind::Delete, Kind::Execute, Kind::ExecuteHidden, Kind::Cross, Kind::Halt];

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Add => "1 add",
            Self::Reduce => "2 partial cancel",
            Self::Delete => "3 delete",
            Self::Execute => "4 execution",
            Self::ExecuteHidden => "5 hidden execution",
            Self::Cross => "6 cross",
            Self::Halt => "7 halt",
        }
    }
}

/// One line of a message file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) since_midnight: Nanos,
    pub(super) kind: Kind,
    pub(super) order: u64,
    pub(super) size: i64,
    /// In 10⁻⁴ USD; of a halt, what kind of one.
    pub(super) price: i64,
    /// Of the resting order.
    pub(super) side: Side,
    /// Of the line, without its line feed.
    pub(super) length: usize,
}

impl Message {
    /// Reads `34200.004241176,1,16113575,18,5853300,1`; columns behind these are ignored.
    pub(super) fn read(line: &[u8]) -> Result<Self, &'static str> {
        let mut columns = trim(line).split(|&byte| byte == b',');
        let mut column = || columns.next().ok_or("fewer than six columns");
        let time = column()?;
        let kind = number(column()?)
            .and_then(|kind| KINDS.get(usize::try_from(kind.checked_sub(1)?).ok()?).copied())
            .ok_or("a type other than 1 to 7")?;
        let mut next = |what| number(column()?).ok_or(what);
        let order = next("an order id that is no number")?;
        let size = next("a size that is no number")?;
        let price = next("a price that is no number")?;
        let direction = next("a direction that is no number")?;
        let since_midnight = stdx::decimal::parse(time).map_err(|_| "a time that is no decimal number")?;
        let rests = matches!(kind, Kind::Add | Kind::Reduce | Kind::Delete | Kind::Execute);
        if rests && (size <= 0 || order <= 0) {
            return Err("an order without id or size");
        }
        Ok(Self {
            since_midnight: Nanos(since_midnight),
            kind,
            order: order.cast_unsigned(),
            size,
            price,
            side: match direction {
                1 => Side::Buy,
                -1 => Side::Sell,
                _ => return Err("a direction other than 1 and -1"),
            },
            length: line.len(),
        })
    }

    pub(super) fn what_price(&self) -> String {
        format!("price {} is not a whole number of ticks", self.price)
    }

    /// The levels of one side before this message, from those after it.
    pub(super) fn undone<'a>(
        &self,
        side: Side,
        after: &'a [(i64, i64)],
    ) -> impl Iterator<Item = (i64, i64)> + use<'a> {
        let change = match self.kind {
            _ if self.side != side => 0,
            Kind::Add => -self.size,
            Kind::Reduce | Kind::Delete | Kind::Execute => self.size,
            Kind::ExecuteHidden | Kind::Cross | Kind::Halt => 0,
        };
        let price = self.price;
        let missing = (change > 0 && !after.iter().any(|level| level.0 == price)).then_some((price, change));
        after
            .iter()
            .map(move |&(at, size)| (at, if at == price { size.saturating_add(change) } else { size }))
            .chain(missing)
            .filter(|level| level.1 > 0)
    }
}

/// One line of an order-book file: the best levels of both sides, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    levels_max: usize,
    sides: [Vec<(i64, i64)>; 2],
}

impl Row {
    pub(super) fn new(levels_max: usize) -> Self {
        let side = || Vec::with_capacity(levels_max);
        Self { levels_max, sides: [side(), side()] }
    }

    /// Reads `ask,size,bid,size,ask,size,…`, and says whether it could. Empty levels have size zero.
    pub(super) fn read(&mut self, line: &[u8]) -> bool {
        self.sides.iter_mut().for_each(Vec::clear);
        let mut columns = trim(line).split(|&byte| byte == b',').map(number);
        for _ in 0..self.levels_max {
            for side in [Side::Sell, Side::Buy] {
                let (Some(Some(price)), Some(Some(size))) = (columns.next(), columns.next()) else {
                    return false;
                };
                if size < 0 {
                    return false;
                }
                if size > 0 {
                    self.sides[side.index()].push((price, size));
                }
            }
        }
        true
    }

    pub(super) fn side(&self, side: Side) -> &[(i64, i64)] {
        &self.sides[side.index()]
    }

    /// Whether a price lies within what this row shows of a side: up to its worst level, or everywhere when
    /// the row has room left.
    pub(super) fn covers(&self, side: Side, price: i64) -> bool {
        let levels = self.side(side);
        match levels.last() {
            Some(&(worst, _)) if levels.len() == self.levels_max => match side {
                Side::Buy => price >= worst,
                Side::Sell => price <= worst,
            },
            _ => true,
        }
    }
}

/// The first line, if its line feed is there.
pub(super) fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b'\n', bytes)?;
    Some(&bytes[..end])
}

/// The first line, or what there is of it.
pub(super) fn first(bytes: &[u8]) -> &[u8] {
    whole(bytes).unwrap_or(bytes)
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A whole number, with a sign or without. Bounded by LOBSTER's own "no such level", 9,999,999,999, so that
/// no sum of a day's numbers overflows.
fn number(text: &[u8]) -> Option<i64> {
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (-NUMBER_MAX..=NUMBER_MAX).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_or_refused() {
        let cases: [(&[u8], bool); 9] = [
            (b"34200.004241176,1,16113575,18,5853300,1", true),
            (b"34200,7,0,0,-1,-1", true),
            (b"34200.1,6,-1,100,5853300,-1,NSDQ\r", true),
            (b"", false),
            (b"34200.1,8,1,1,1,1", false),
            (b"34200.1,1,1,1,1", false),
            (b"34200.1,1,1,0,1,1", false),
            (b"34200.1,1,1,1,1,2", false),
            (b"x,1,1,1,1,1", false),
        ];
        for (line, reads) in cases {
            let message = Message::read(line);
            assert_eq!(message.is_ok(), reads, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn a_row_covers_up_to_its_worst_level() {
        let mut row = Row::new(2);
        assert!(row.read(b"101,5,99,4,103,1,98,2"));
        assert!(row.covers(Side::Sell, 102) && !row.covers(Side::Sell, 104));
        assert!(row.covers(Side::Buy, 100) && !row.covers(Side::Buy, 97));
        assert!(row.read(b"101,5,99,4,9999999999,0,-9999999999,0"));
        assert!(row.covers(Side::Sell, 104) && row.covers(Side::Buy, 1));
        assert!(!row.read(b"101,5,99,4,9999999999,0,-9999999999"));
    }
}

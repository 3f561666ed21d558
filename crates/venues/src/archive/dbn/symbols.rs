//! Which name an instrument's number stands for, and when: Databento gives numbers anew, on some venues daily.
//!
//! Never guesses: a number without a name is called `#<number>`. A name that was asked for may stand for several
//! numbers: one after the other (a continuous contract, or a venue that numbers anew each day), then it is the name of
//! each in its time; or at once (`ES.FUT`, every contract), then it is the name of none.

use stdx::decimal::ONE;

/// Symbology type 0: names are Databento's instrument numbers.
pub(super) const BY_NUMBER: u8 = 0;

/// One number, one span of time, one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) id: u32,
    /// From this moment on.
    pub(super) from: i64,
    /// Up to, not including, this moment.
    pub(super) until: i64,
    pub(super) symbol: String,
}

/// The names of a stream.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    /// By id, then start. What the metadata says.
    dated: Vec<Mapping>,
    /// By id. What symbol mapping records said; these win.
    told: Vec<Mapping>,
    /// By id. What definitions call themselves; used when nobody said anything else.
    defined: Vec<(u32, String)>,
}

impl Symbols {
    pub(super) fn set_dated(&mut self, mut mappings: Vec<Mapping>) {
        forget_shared_names(&mut mappings);
        mappings.sort_by_key(|m| (m.id, m.from));
        self.dated = mappings;
    }

    /// A symbol mapping record came.
    pub(super) fn tell(&mut self, mapping: Mapping) {
        match self.told.binary_search_by_key(&mapping.id, |m| m.id) {
            Ok(at) => self.told[at] = mapping,
            Err(at) => self.told.insert(at, mapping),
        }
    }

    /// A definition came.
    pub(super) fn define(&mut self, id: u32, symbol: &str) {
        match self.defined.binary_search_by_key(&id, |d| d.0) {
            Ok(at) if self.defined[at].1 == symbol => {}
            Ok(at) => self.defined[at].1 = symbol.into(),
            Err(at) => self.defined.insert(at, (id, symbol.into())),
        }
    }

    /// The name at a moment, and the span in which it holds.
    pub(super) fn name(&self, id: u32, at: i64) -> (String, i64, i64) {
        let holds = |m: &&Mapping| m.from <= at && at < m.until && !m.symbol.is_empty();
        let told = self.told.binary_search_by_key(&id, |m| m.id);
        if let Some(m) = told.ok().map(|row| &self.told[row]).filter(holds) {
            return (m.symbol.clone(), m.from, m.until);
        }
        let row = self.dated.partition_point(|m| (m.id, m.from) <= (id, at));
        let before = row.checked_sub(1).map(|row| &self.dated[row]);
        if let Some(m) = before.filter(|m| m.id == id).filter(holds) {
            return (m.symbol.clone(), m.from, m.until);
        }
        // Until the next dated name of this number begins.
        let until = match self.dated.get(row) {
            Some(next) if next.id == id => next.from,
            _ => i64::MAX,
        };
        let from = before.filter(|m| m.id == id).map_or(i64::MIN, |m| m.until.min(at));
        let symbol = match self.defined.binary_search_by_key(&id, |d| d.0) {
            Ok(row) => self.defined[row].1.clone(),
            Err(_) => format!("#{id}"),
        };
        (symbol, from, until)
    }
}

/// Takes the name from whatever shares it with another number at the same time.
fn forget_shared_names(mappings: &mut [Mapping]) {
    mappings.sort_by(|a, b| (&a.symbol, a.from, a.id).cmp(&(&b.symbol, b.from, b.id)));
    for of_name in mappings.chunk_by_mut(|a, b| a.symbol == b.symbol) {
        // In order of their beginnings: whoever begins before all before it have ended overlaps one of them.
        let mut until = i64::MIN;
        let mut holder = None;
        let is_shared = of_name.iter().any(|m| {
            let overlaps = m.from < until && holder != Some(m.id);
            if m.until > until {
                (until, holder) = (m.until, Some(m.id));
            }
            overlaps
        });
        if is_shared {
            of_name.iter_mut().for_each(|m| m.symbol.clear());
        }
    }
}

/// Midnight UTC of a date written as 20231224, in nanoseconds since 1970; `None` when it is no date.
pub(super) fn midnight(date: u32) -> Option<i64> {
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > length {
        return None;
    }
    // Days from civil (Hinnant 2013): years begin in March, so that the leap day is the last.
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year;
    (days - 719_468).checked_mul(86_400)?.checked_mul(ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_moments() {
        let cases = [
            (19_700_101, Some(0)),
            (20_231_225, Some(1_703_462_400_000_000_000)),
            (20_240_229, Some(1_709_164_800_000_000_000)),
            (20_230_229, None),
            (20_231_301, None),
            (20_231_200, None),
            (0, None),
            // Beyond what 64 bits of nanoseconds hold.
            (u32::MAX, None),
        ];
        for (date, nanos) in cases {
            assert_eq!(midnight(date), nanos, "{date}");
        }
    }

    #[test]
    fn a_name_holds_for_its_span() {
        let mapping = |id, from, until, symbol: &str| Mapping { id, from, until, symbol: symbol.into() };
        let mut symbols = Symbols::default();
        symbols.set_dated(vec![mapping(7, 20, 30, "B"), mapping(7, 0, 10, "A")]);
        let name = |symbols: &Symbols, id, at| symbols.name(id, at);
        assert_eq!(name(&symbols, 7, 5), ("A".into(), 0, 10));
        assert_eq!(name(&symbols, 7, 20), ("B".into(), 20, 30));
        assert_eq!(name(&symbols, 7, 15), ("#7".into(), 10, 20));
        assert_eq!(name(&symbols, 8, 15), ("#8".into(), i64::MIN, i64::MAX));
        symbols.define(8, "D");
        assert_eq!(name(&symbols, 8, 15).0, "D");
        symbols.tell(mapping(7, 0, 100, "C"));
        assert_eq!(name(&symbols, 7, 5).0, "C");
    }

    #[test]
    fn a_name_of_several_numbers_is_the_name_of_each_in_its_time_or_of_none() {
        let mapping = |id, from, until, symbol: &str| Mapping { id, from, until, symbol: symbol.into() };
        let mut symbols = Symbols::default();
        symbols.set_dated(vec![
            mapping(1, 0, 10, "ES.c.0"),
            mapping(2, 10, 20, "ES.c.0"),
            mapping(1, 20, 30, "ES.c.0"),
            mapping(3, 0, 30, "ES.FUT"),
            mapping(4, 29, 40, "ES.FUT"),
            mapping(5, 0, 10, "twice"),
            mapping(5, 5, 10, "twice"),
        ]);
        let cases = [
            ((1, 5), "ES.c.0"),
            ((2, 15), "ES.c.0"),
            ((1, 25), "ES.c.0"),
            ((2, 25), "#2"),
            ((3, 5), "#3"),
            ((4, 35), "#4"),
            ((5, 7), "twice"),
        ];
        for ((id, at), name) in cases {
            assert_eq!(symbols.name(id, at).0, name, "{id} at {at}");
        }
    }
}

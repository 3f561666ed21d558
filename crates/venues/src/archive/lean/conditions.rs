//! What the conditions of US trades and quotes say: bits of a number that LEAN's files write in hexadecimal.
//!
//! The bits are LEAN's (`Common/Data/Auxiliary/TradeConditionFlags.cs` and `QuoteConditionFlags.cs`), the meanings the
//! tapes' (CTA and UTP specifications, "sale condition" and "quote condition").

/// What a bit says of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its name in counts.
    pub name: &'static str,
    /// The trade did not take what an exchange displayed at that moment: it was an auction's, was priced by something
    /// else, or is reported late.
    pub off_book: bool,
}

const fn book(name: &'static str) -> Condition {
    Condition { name, off_book: false }
}

const fn off(name: &'static str) -> Condition {
    Condition { name, off_book: true }
}

/// Of trades, by bit.
pub const TRADE: [Condition; 32] = [
    book("regular"),
    off("cash settlement"),
    off("next day settlement"),
    off("seller's option"),
    book("yellow flag"),
    book("intermarket sweep"),
    off("opening print"),
    off("closing print"),
    off("reopening print"),
    off("derivatively priced"),
    book("form T"),
    off("sold last"),
    off("stopped stock"),
    book("extended hours"),
    off("extended hours, out of sequence"),
    off("split"),
    off("acquisition"),
    off("bunched"),
    off("stock and option"),
    off("distribution"),
    off("average price"),
    off("crossing session"),
    off("price variation"),
    off("rule 155"),
    off("official close"),
    off("prior reference price"),
    off("official open"),
    off("CAP election"),
    book("automatic execution"),
    book("trade-through exempt"),
    book("undocumented"),
    book("odd lot"),
];

/// Of quotes, by bit. Counted; only those of `NO_QUOTE` are acted upon.
pub const QUOTE: [&str; 32] = [
    "regular",
    "slow",
    "gap",
    "closing",
    "halt, news dissemination",
    "halt, news pending",
    "trading range indication",
    "halt, order imbalance",
    "market maker closed",
    "halt, volatility pause",
    "non-firm",
    "opening",
    "halt, related security",
    "resume",
    "in view of common",
    "halt, equipment changeover",
    "halt, sub-penny",
    "no open, no resume",
    "price band",
    "price band, repeated",
    "manual",
    "fast trading",
    "halt, order influx",
    "bit 23",
    "bit 24",
    "bit 25",
    "bit 26",
    "bit 27",
    "bit 28",
    "bit 29",
    "bit 30",
    "bit 31",
];

/// The bits that mark a row whose prices are no quotes: an indicated range, a price band.
pub(super) const NO_QUOTE: u32 = 1 << 6 | 1 << 18 | 1 << 19;

/// Every bit that marks a trade as one that took nothing displayed.
pub(super) const OFF_BOOK: u32 = {
    let (mut mask, mut bit) = (0, 0);
    while bit < 32 {
        if TRADE[bit].off_book {
            mask |= 1 << bit;
        }
        bit += 1;
    }
    mask
};

/// Reads hexadecimal digits, `20000020`; nothing is no condition.
#[inline]
pub(super) fn read(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text == b"null" {
        return Some(0);
    }
    if text.len() > 8 {
        return None;
    }
    text.iter().try_fold(0_u32, |value, byte| Some((value << 4) | char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_where_the_documentation_puts_them() {
        // Code and meaning as LEAN's readme of its equity data lists them.
        let cases: [(&[u8], &str, bool); 7] = [
            (b"1", "regular", false),
            (b"20", "intermarket sweep", false),
            (b"800", "sold last", true),
            (b"100000", "average price", true),
            (b"1000000", "official close", true),
            (b"20000000", "trade-through exempt", false),
            (b"80000000", "odd lot", false),
        ];
        for (text, name, off_book) in cases {
            let bits = read(text).expect("hexadecimal");
            let condition = TRADE[bits.trailing_zeros() as usize];
            assert_eq!((condition.name, condition.off_book), (name, off_book));
            assert_eq!(bits & OFF_BOOK != 0, off_book, "{name}");
        }
        assert_eq!((read(b""), read(b"null"), read(b"aF")), (Some(0), Some(0), Some(0xaf)));
        assert_eq!((read(b"123456789"), read(b"g"), read(b"-1")), (None, None, None));
    }
}

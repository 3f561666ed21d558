//! The exchanges of the US consolidated tapes by their letters, as LEAN's files carry them (CTA and UTP participant
//! identifiers; names as of the years around 2013, the later one behind a comma).

/// One participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its letter on the tape.
    pub code: u8,
    /// Its venue in our tables.
    pub venue: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// The venue of bars and ticks of all exchanges together.
pub const CONSOLIDATED: &str = "us";

macro_rules! exchanges {
    ($($code:literal $name:literal;)*) => {
        /// Every letter, in the order of the alphabet.
        pub const EXCHANGES: &[Exchange] = &[$(Exchange {
            code: $code.as_bytes()[0],
            venue: concat!("us-", $code),
            name: $name,
        },)*];
    };
}

exchanges! {
    "A" "NYSE MKT, NYSE American";
    "B" "NASDAQ BX";
    "C" "National Stock Exchange, NYSE National";
    "D" "FINRA, off exchange";
    "G" "24X National Exchange";
    "H" "MIAX Pearl";
    "I" "International Securities Exchange";
    "J" "Direct Edge A, Cboe EDGA";
    "K" "Direct Edge X, Cboe EDGX";
    "L" "Long-Term Stock Exchange";
    "M" "Chicago Stock Exchange, NYSE Texas";
    "N" "New York Stock Exchange";
    "P" "NYSE Arca";
    "Q" "NASDAQ, its own listings";
    "S" "Consolidated Tape System";
    "T" "NASDAQ";
    "U" "Members Exchange";
    "V" "Investors Exchange";
    "W" "CBOE Stock Exchange";
    "X" "NASDAQ PSX";
    "Y" "BATS Y, Cboe BYX";
    "Z" "BATS, Cboe BZX";
}

/// The exchange of a letter.
#[must_use]
pub fn find(code: u8) -> Option<&'static Exchange> {
    let row = EXCHANGES.binary_search_by_key(&code, |exchange| exchange.code).ok()?;
    Some(&EXCHANGES[row])
}

/// Whether a venue of our tables is a US exchange, or all of them together.
#[must_use]
pub fn is_us(venue: &str) -> bool {
    venue == CONSOLIDATED || venue.strip_prefix("us-").is_some_and(|code| code.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_finds_its_own_row() {
        for exchange in EXCHANGES {
            assert_eq!(find(exchange.code), Some(exchange), "the table is sorted");
            assert!(is_us(exchange.venue));
        }
        assert_eq!(find(b'P').map(|exchange| exchange.venue), Some("us-P"));
        assert!(find(b'p').is_none() && find(b'O').is_none());
        assert!(is_us("us") && !is_us("usdm") && !is_us("cme"));
    }
}

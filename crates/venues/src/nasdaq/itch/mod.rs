//! ITCH 5.0 as it lies in memory: 23 message types of fixed length, without any framing.
//!
//! Owns the table of layouts ([`SPECS`]) and what follows from it: [`Message`] and its views read in place, lengths
//! by type, a text form, and an encoder ([`make`]). Knows nothing of what a message does to a book.
//!
//! Cost: a view is a pointer to an array whose length its type knows, so that a field is one load and one byte
//! swap, without a bounds check.

mod layout;
mod word;

pub use layout::*;
pub use word::{DAY_NANOS, Field, Kind, Price4, Price8, Timestamp, pad, trim};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_comes_back_from_its_fields() {
        let mut prng = stdx::Prng::new(1);
        for spec in SPECS {
            for _ in 0..100 {
                let mut bytes = vec![spec.tag];
                bytes.extend((1..spec.bytes).map(|_| u8::try_from(prng.below(256)).expect("a byte")));
                let message = Message::read(&bytes).expect("a known type and all its bytes");
                assert_eq!((message.bytes(), message.spec()), (&bytes[..], spec));
                assert_eq!(again(message), bytes, "{}", spec.name);
                assert_eq!(Message::read(&bytes[..spec.bytes - 1]), None, "{} cut short", spec.name);
            }
        }
    }

    /// Through the owned form and back.
    fn again(message: Message<'_>) -> Vec<u8> {
        macro_rules! each {
            ($($name:ident)*) => {
                match message { $(Message::$name(view) => view.fields().bytes().to_vec(),)* }
            };
        }
        each!(SystemEvent StockDirectory StockTradingAction RegShoRestriction MarketParticipantPosition
              MwcbDeclineLevel MwcbStatus QuotingPeriodUpdate LuldAuctionCollar OperationalHalt AddOrder
              AddOrderMpid OrderExecuted OrderExecutedWithPrice OrderCancel OrderDelete OrderReplace
              NonCrossTrade CrossTrade BrokenTrade NetOrderImbalance RetailPriceImprovement DirectListing)
    }

    #[test]
    fn lengths_are_those_of_the_specification() {
        // Read off the tables of the specification, not of ours.
        let expected = [(b"SW", 12), (b"YN", 20), (b"DB", 19), (b"AC", 36), (b"VJ", 35), (b"FQ", 40)];
        for (tags, bytes) in expected {
            assert!(tags.iter().all(|tag| length(*tag) == Some(bytes)), "{tags:?}");
        }
        let alone = [
            (b'R', 39),
            (b'H', 25),
            (b'L', 26),
            (b'K', 28),
            (b'h', 21),
            (b'E', 31),
            (b'X', 23),
            (b'U', 35),
            (b'P', 44),
            (b'I', 50),
            (b'O', 48),
        ];
        for (tag, bytes) in alone {
            assert_eq!(length(tag), Some(bytes), "{}", char::from(tag));
        }
        assert_eq!(SPECS.len(), 23);
        assert_eq!((0..=255).filter(|tag| length(*tag).is_some()).count(), 23);
    }

    #[test]
    fn a_message_is_told_field_by_field() {
        let add = make::AddOrder {
            stock_locate: 2,
            tracking_number: 0,
            timestamp: Timestamp(34_200_000_000_001),
            order_reference_number: 7,
            buy_sell_indicator: b'B',
            shares: 100,
            stock: pad("BOB"),
            price: Price4(53_167),
        };
        let mut text = String::new();
        Message::read(&add.bytes()).expect("just made").write(&mut text);
        assert_eq!(
            text,
            "A AddOrder|Stock Locate=2|Tracking Number=0|Timestamp=34200000000001|Order Reference Number=7|\
             Buy/Sell Indicator=B|Shares=100|Stock=BOB|Price=5.3167"
        );
        let level = make::MwcbDeclineLevel {
            stock_locate: 0,
            tracking_number: 1,
            timestamp: Timestamp(5),
            level_1: Price8(123_456_789_012),
            level_2: Price8(1),
            level_3: Price8(u64::MAX),
        };
        text.clear();
        Message::read(&level.bytes()).expect("just made").write(&mut text);
        assert!(
            text.ends_with("Level 1=1234.56789012|Level 2=0.00000001|Level 3=184467440737.09551615"),
            "{text}"
        );
    }
}

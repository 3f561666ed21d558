//! Which channel a received message is of: every venue says it in its own way. One row a venue.
//!
//! The name of the instrument is cut off, so that a channel's messages are counted together.

use crate::json::{self, Value};
use std::collections::BTreeMap;

/// Where a venue's messages say their channel.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// In a text of the object, found through members one in another; cut as said.
    Member(&'static [&'static str], Cut),
    /// The object has one of these members, which is the channel.
    Has(&'static [&'static str]),
    /// In an array, the element before the last.
    BeforeLast,
    /// An array starts with a number, which an earlier answer said the channel of: `chanId` and `channel`.
    Numbered,
}

/// Which part of the text is the channel.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Nothing,
    /// What stands before the first of these.
    Before(u8),
    /// What stands before the last of these.
    BeforeLast(u8),
    /// What stands behind the first of these.
    Behind(u8),
    /// What stands before the first capital letter, and the mark before it.
    BeforeCapital,
}

/// By the header's `exchange`; venues whose messages are kept as bytes are not here.
const RULES: &[(&str, Rule)] = &[
    ("BINANCE", Rule::Member(&["stream"], Cut::Behind(b'@'))),
    ("BINANCE_DELIVERY", Rule::Member(&["stream"], Cut::Behind(b'@'))),
    ("BINANCE_FUTURES", Rule::Member(&["stream"], Cut::Behind(b'@'))),
    ("BINANCE_US", Rule::Member(&["stream"], Cut::Behind(b'@'))),
    ("BITFINEX", Rule::Numbered),
    ("BITFLYER", Rule::Member(&["params", "channel"], Cut::BeforeCapital)),
    ("BITGET", Rule::Member(&["arg", "channel"], Cut::Nothing)),
    ("BITHUMB", Rule::Member(&["type"], Cut::Nothing)),
    ("BITSTAMP", Rule::Member(&["channel"], Cut::BeforeLast(b'_'))),
    ("BYBIT", Rule::Member(&["topic"], Cut::BeforeLast(b'.'))),
    ("COINBASE", Rule::Member(&["channel"], Cut::Nothing)),
    ("CRYPTO.COM", Rule::Member(&["result", "channel"], Cut::Nothing)),
    ("DERIBIT", Rule::Member(&["params", "channel"], Cut::Before(b'.'))),
    ("GATEIO", Rule::Member(&["channel"], Cut::Nothing)),
    ("GATEIO_FUTURES", Rule::Member(&["channel"], Cut::Nothing)),
    ("GEMINI", Rule::Member(&["type"], Cut::Nothing)),
    ("INDEPENDENT_RESERVE", Rule::Member(&["Channel"], Cut::Before(b'-'))),
    ("KRAKEN", Rule::BeforeLast),
    ("KRAKEN_FUTURES", Rule::Member(&["feed"], Cut::Nothing)),
    ("KUCOIN", Rule::Member(&["topic"], Cut::Before(b':'))),
    ("OKX", Rule::Member(&["arg", "channel"], Cut::Nothing)),
    ("PHEMEX", Rule::Has(&["book", "kline", "trades"])),
    ("POLONIEX", Rule::Member(&["channel"], Cut::Nothing)),
];

/// More numbers than a connection has.
const NUMBERS_MAX: usize = 10_000;

/// A rule of [`RULES`], or none, and the numbers that stand for channels.
#[derive(Clone, Debug, Default)]
pub(super) struct Channels {
    rule: Option<Rule>,
    numbers: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Channels {
    /// How `exchange` says it.
    pub(super) fn of(exchange: &[u8]) -> Self {
        let rule = RULES.iter().find(|(name, _)| name.as_bytes() == exchange).map(|(_, rule)| *rule);
        Self { rule, numbers: BTreeMap::new() }
    }

    /// The channel of a message; `None` when it says none, as answers to requests do.
    pub(super) fn find<'a>(&'a mut self, message: &'a [u8]) -> Option<&'a [u8]> {
        match self.rule? {
            Rule::Numbered => self.numbered(message),
            Rule::Member(path, cut) => cut.of(text_at(message, path)?),
            Rule::Has(names) => {
                let mut found = None;
                json::members(message, |name, _| {
                    if names.iter().any(|known| known.as_bytes() == name) {
                        found = Some(name);
                    }
                })?;
                found
            }
            Rule::BeforeLast => {
                let (mut before, mut last) = (None, None);
                json::elements(message, |value| {
                    before = last;
                    last = Some(value);
                    Some(())
                })?;
                before?.text()
            }
        }
    }

    fn numbered<'a>(&'a mut self, message: &[u8]) -> Option<&'a [u8]> {
        let mut first = None;
        let array = json::elements(message, |value| {
            first = first.or(Some(value));
            Some(())
        });
        if array.is_none() {
            if let (Some(Value::Word(number)), Some(channel)) =
                (member(message, "chanId"), text_at(message, &["channel"]))
                && self.numbers.len() < NUMBERS_MAX
            {
                self.numbers.insert(number.to_vec(), channel.to_vec());
            }
            return None;
        }
        match first? {
            Value::Word(number) => self.numbers.get(number).map(Vec::as_slice),
            Value::Text(_) | Value::Nested(_) => None,
        }
    }
}

/// The text at the end of a path of members.
fn text_at<'a>(mut object: &'a [u8], path: &[&str]) -> Option<&'a [u8]> {
    let (last, through) = path.split_last()?;
    for name in through {
        object = member(object, name)?.nested()?;
    }
    member(object, last)?.text()
}

fn member<'a>(object: &'a [u8], wanted: &str) -> Option<Value<'a>> {
    let mut found = None;
    json::members(object, |name, value| {
        if name == wanted.as_bytes() {
            found = Some(value);
        }
    })?;
    found
}

impl Cut {
    fn of(self, text: &[u8]) -> Option<&[u8]> {
        let first = |mark: u8| text.iter().position(|byte| *byte == mark);
        match self {
            Self::Nothing => Some(text),
            Self::Before(mark) => Some(first(mark).map_or(text, |at| &text[..at])),
            Self::BeforeLast(mark) => {
                Some(text.iter().rposition(|byte| *byte == mark).map_or(text, |at| &text[..at]))
            }
            Self::Behind(mark) => first(mark).map(|at| &text[at + 1..]),
            Self::BeforeCapital => {
                let at = text.iter().position(u8::is_ascii_uppercase);
                at.map_or(Some(text), |at| text[..at].strip_suffix(b"_"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_venue_s_channel_is_found_without_its_instrument() {
        let cases = [
            ("BINANCE", r#"{"stream":"nknusdt@depth@100ms","data":{}}"#, Some("depth@100ms")),
            (
                "BITFLYER",
                r#"{"params":{"channel":"lightning_board_snapshot_BTC_JPY"}}"#,
                Some("lightning_board_snapshot"),
            ),
            ("BITGET", r#"{"action":"update","arg":{"channel":"books","instId":"X"}}"#, Some("books")),
            ("BITSTAMP", r#"{"channel":"diff_order_book_usdtusd"}"#, Some("diff_order_book")),
            ("BYBIT", r#"{"topic":"orderbook.200.ETHUSDT"}"#, Some("orderbook.200")),
            ("BYBIT", r#"{"op":"subscribe","success":true}"#, None),
            ("DERIBIT", r#"{"params":{"channel":"book.BTC-24SEP21-8000-P.raw"}}"#, Some("book")),
            ("INDEPENDENT_RESERVE", r#"{"Channel":"orderbook-eth"}"#, Some("orderbook")),
            ("KRAKEN", r#"[1360,{"a":[["1","2","3"]]},"book-1000","ADA/XBT"]"#, Some("book-1000")),
            ("KRAKEN", r#"{"event":"systemStatus"}"#, None),
            ("KUCOIN", r#"{"topic":"/market/level2:BCHSV-USDT"}"#, Some("/market/level2")),
            ("PHEMEX", r#"{"kline":[],"symbol":"X"}"#, Some("kline")),
            ("PHEMEX", r#"{"error":null,"id":1}"#, None),
            ("NOBODY", r#"{"channel":"x"}"#, None),
            ("OKX", "[", None),
        ];
        for (exchange, message, expected) in cases {
            let mut channels = Channels::of(exchange.as_bytes());
            let found = channels.find(message.as_bytes());
            assert_eq!(found.map(String::from_utf8_lossy).as_deref(), expected, "{exchange} {message}");
        }
    }

    #[test]
    fn a_number_stands_for_the_channel_that_an_answer_gave_it() {
        let mut channels = Channels::of(b"BITFINEX");
        assert_eq!(channels.find(b"[7,[1,2]]"), None);
        let answer = br#"{"event":"subscribed","channel":"book","chanId":7,"symbol":"tBTCUSD"}"#;
        assert_eq!(channels.find(answer), None);
        assert_eq!(channels.find(b"[7,[1,2]]"), Some(&b"book"[..]));
        assert_eq!(channels.find(b"[8,[1,2]]"), None);
        assert_eq!(channels.find(b"[]"), None);
    }
}

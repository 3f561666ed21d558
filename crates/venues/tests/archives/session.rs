//! Recorded sessions: made by hand, and all that were recorded.

use super::{Fed, check_changes, check_cuts, feed};
use std::collections::BTreeMap;
use testkit::data::recorded;
use venues::archive::session::Decoder;

const SESSION: &str = r#"{"t":"header","format":2,"exchange":"KRAKEN","config":{"trades":["A-B","C-D"],"l2_book":["A-B"]},"recorded":1618678132.358447}
{"t":"http","conn":"K.http","ts":1618678132.5,"url":"https://x","data":"{\"a\":[]}"}
{"t":"connect","conn":"K.ws.1","ts":1618678132.4,"addr":"wss://x"}
{"t":"send","conn":"K.ws.1","ts":1618678132.6,"addr":"wss://x","data":"{}"}
{"t":"recv","conn":"K.ws.1","ts":1618678132.7,"data":"{\"event\":\"systemStatus\"}"}
{"conn":"K.ws.1","ts":1618678132.8,"t":"recv","data":"[1,{\"a\":[[\"1\",\"2\",\"3\"]]},\"book-1000\",\"A/B\"]"}
{"t":"recv","conn":"K.ws.1","ts":1618678132.9,"b64":"H4sI"}
{"t":"pause","conn":"K.ws.1","ts":1618678133}
"#;

fn read(text: &str) -> Fed {
    feed(&mut Decoder::new(), text.as_bytes(), text.len())
}

#[test]
fn lines_are_counted_by_kind_connection_and_channel() {
    let fed = read(SESSION);
    assert_eq!(fed.faults(), [""; 0]);
    assert!(fed.out.arrivals.is_empty(), "what messages mean is their venues' adapters' business");
    let expected = [
        ("connection opened", 1),
        ("connection opened on K.ws.1", 1),
        ("header: KRAKEN, format 2, recorded at 1618678132.358447", 1),
        ("header: symbols of l2_book", 1),
        ("header: symbols of trades", 2),
        ("http answer", 1),
        ("http answer on K.http", 1),
        ("line of another kind", 1),
        ("message received", 3),
        ("message received on K.ws.1", 3),
        ("message sent", 1),
        ("message sent on K.ws.1", 1),
        ("received of bytes, not looked into", 1),
        ("received of channel book-1000", 1),
        ("received of no channel", 1),
        ("stamped before the line above", 1),
    ];
    assert_eq!(fed.counts, expected.map(|(name, count)| (name.to_string(), count)));
}

#[test]
fn a_damaged_line_says_what_it_lacks() {
    let cases = [
        ("{\"t\":\"recv\"", "line 1: no JSON object"),
        ("[]", "line 1: no JSON object"),
        (r#"{"t":"recv","conn":"c","data":""}"#, "line 1: ts: no time"),
        (r#"{"t":"recv","ts":1618678132.7,"data":""}"#, "line 1: conn: none"),
        (r#"{"t":"recv","conn":"c","ts":1618678132.7}"#, "line 1: neither data nor b64"),
        (r#"{"t":"recv","conn":"c","ts":1618678132.7,"data":"\x"}"#, "line 1: data: an escape that is none"),
        (r#"{"t":"header"}"#, "line 1: exchange: none"),
    ];
    for (line, expected) in cases {
        assert_eq!(read(line).faults(), [expected], "{line}");
    }
}

#[test]
fn cut_or_changed_anywhere_nothing_panics() {
    check_cuts(Decoder::new, SESSION.as_bytes());
    check_changes(Decoder::new, SESSION.as_bytes());
}

/// A session, decompressed.
fn session(venue: &str) -> Option<String> {
    let path = recorded(&format!("venue-messages/cryptofeed-v3/{venue}.jsonl.zst"))?;
    let packed = std::fs::read(path).expect("a recorded file can be read");
    Some(String::from_utf8(zstd::decode_all(&packed[..]).expect("whole")).expect("text"))
}

#[test]
fn every_recorded_session_is_counted_as_serde_json_counts_it() {
    let Some(counts) = recorded("venue-messages/cryptofeed-v3/expected_counts.json") else { return };
    let expected: BTreeMap<String, BTreeMap<String, u64>> =
        serde_json::from_slice(&std::fs::read(counts).expect("a recorded file can be read")).expect("JSON");
    assert_eq!(expected.len(), 26);
    let (mut kinds, mut backwards) = (BTreeMap::<String, u64>::new(), 0);
    for venue in expected.keys() {
        let text = session(venue).expect("the folder is there");
        let fed = feed(&mut Decoder::new(), text.as_bytes(), 1 << 20);
        assert_eq!(fed.faults(), [""; 0], "{venue}");
        backwards += fed.count("stamped before the line above");
        let (mut theirs, mut by_connection, mut before, mut late) =
            (BTreeMap::new(), BTreeMap::new(), 0.0, 0);
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let kind = line["t"].as_str().expect("a kind").to_string();
            *theirs.entry(kind.clone()).or_insert(0) += 1;
            if let Some(connection) = line["conn"].as_str() {
                *by_connection.entry((kind, connection.to_string())).or_insert(0) += 1;
                let at = line["ts"].as_f64().expect("a time");
                late += u64::from(at < before);
                before = at;
            }
        }
        let name = |kind: &str| match kind {
            "http" => "http answer",
            "connect" => "connection opened",
            "send" => "message sent",
            "recv" => "message received",
            other => panic!("{other}"),
        };
        for (kind, count) in &theirs {
            *kinds.entry(kind.clone()).or_insert(0) += count;
            if kind != "header" {
                assert_eq!(fed.count(name(kind)), *count, "{venue}, {kind}");
            }
        }
        for ((kind, connection), count) in &by_connection {
            assert_eq!(fed.count(&format!("{} on {connection}", name(kind))), *count, "{venue}");
        }
        assert_eq!(fed.count("stamped before the line above"), late, "{venue}");
        let of: u64 =
            fed.counts.iter().filter(|(name, _)| name.starts_with("received of ")).map(|(_, n)| n).sum();
        assert_eq!(of, theirs["recv"], "every received message of {venue} has a channel, or none");
    }
    // Received messages: the data's README.
    let all = [("connect", 32), ("header", 26), ("http", 479), ("recv", 44_040), ("send", 279)];
    assert_eq!(kinds, all.map(|(kind, count)| (kind.to_string(), count)).into());
    assert_eq!(backwards, 16);
}

#[test]
fn where_a_message_is_one_callback_channels_agree_with_cryptofeed() {
    // Our channel, theirs in `expected_counts.json`. Not among them: venues that put several trades or the answer to
    // a subscription into such a message.
    let cases = [
        ("BINANCE", "bookTicker", "ticker"),
        ("BINANCE", "kline_1m", "candles"),
        ("BINANCE_DELIVERY", "aggTrade", "trades"),
        ("BINANCE_FUTURES", "bookTicker", "ticker"),
        ("BINANCE_US", "depth@100ms", "l2_book"),
        ("BITFLYER", "lightning_ticker", "ticker"),
        ("BYBIT", "orderbook.200", "l2_book"),
        ("BYBIT", "tickers", "ticker"),
        ("COINBASE", "l2_data", "l2_book"),
        ("CRYPTO.COM", "book", "l2_book"),
        ("DERIBIT", "book", "l2_book"),
        ("DERIBIT", "ticker", "ticker"),
        ("GEMINI", "l2_updates", "l2_book"),
        ("KRAKEN", "book-1000", "l2_book"),
        ("KRAKEN", "ticker", "ticker"),
        ("KRAKEN_FUTURES", "book", "l2_book"),
        ("KUCOIN", "/market/ticker", "ticker"),
        ("KUCOIN", "/market/match", "trades"),
        ("PHEMEX", "book", "l2_book"),
    ];
    let Some(counts) = recorded("venue-messages/cryptofeed-v3/expected_counts.json") else { return };
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(counts).expect("a recorded file can be read")).expect("JSON");
    for (venue, ours, theirs) in cases {
        let text = session(venue).expect("the folder is there");
        let fed = feed(&mut Decoder::new(), text.as_bytes(), 1 << 20);
        let count = fed.count(&format!("received of channel {ours}"));
        assert_eq!(Some(count), expected[venue][theirs].as_u64(), "{venue} {ours}");
    }
}

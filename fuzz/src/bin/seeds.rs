//! Small true inputs for each target, so that a run starts behind the magic numbers: `seeds CORPUS_FOLDER`.
//! Recorded ones are added by `fuzz/run`.

use net::capture::{Endpoint, NgWriter, Received, Writer as Capture};
use std::fs;
use std::path::Path;
use types::record::Record;
use types::{
    Cash, CashKind, Command, Event, Input, InstrumentId, Money, Nanos, Operator, OrderId, Seq, Status,
};
use venues::cme::MatchEvent;
use venues::cme::encode::PacketWriter;
use venues::nasdaq::itch::{Price4, Timestamp, make};
use venues::nasdaq::mold;
use venues::nasdaq::soup::FromServer;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let folder = std::env::args_os().nth(1).ok_or("usage: seeds CORPUS_FOLDER")?;
    let folder = Path::new(&folder);
    journal(folder)?;
    cme(folder)?;
    for record in records() {
        let name = format!("record-{}", u8::from(matches!(record, Record::Command { .. })));
        put(folder, "record", &name, &record.to_bytes())?;
    }
    put(folder, "config", "defaults", runtime::Config::print_defaults().as_bytes())?;
    let message = b"\x0134200.004241176,1,16113575,18,5853300,1\n34200.1,4,16113575,18,5853300,1\n";
    let book = b"5859400,200,5853300,18\n5859400,200,-9999999999,0\n";
    put(folder, "lobster", "two-lines", &[&message[..], b"\0", book].concat())?;
    let line = br#"1723161255030314667 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161253758,"T":1723161253758,"s":"BTCUSDT","t":1,"p":"61000.10","q":"0.002","X":"MARKET","m":true}}"#;
    put(folder, "binance", "trade", &[b"\x82", &line[..], b"\n"].concat())?;
    text_formats(folder)?;
    tables(folder)?;
    itch(folder)
}

fn tables(folder: &Path) -> Outcome {
    let rows = [
        "14400152,0,0,494100,300,Q,1,0\n14400547,491800,300,0,0,P,1,0\n",
        "14400688,491800,300,P,20000020,0\n14400690.5,491833,50,D,1,1\n",
        "20131001 00:00,6448000,6448000,6448000,6448000,90\n",
        "0,1676.5,1677,1676.5,1676.75,9\n60000,1676.5,1676.75,1676.5,1676.5,19\n",
        "0,1681.5,1681.5,1681.5,1681.5,5,1682,1682,1682,1682,19\n60000,,,,,0,1,1,1,1,39\n",
        "1,1681.5,5,1682,19,cme,0\n",
        "72360000,2691941\n",
        "86400,232.40,93.1\n",
    ];
    for (kind, rows) in (0x18_u8..).zip(rows) {
        put(folder, "lean", &format!("kind-{kind}"), &[&[kind], rows.as_bytes()].concat())?;
    }
    let files = [
        "DateTime,Price,Volume\n2013-09-01 17:00:00.083,1640.25,8\n",
        "time;symbol;bid;bidsize;ask;asksize\n1591261236;A;1;2;3;4\n1591261236.5;B;1;2;;\n",
        "<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n20130901,170000,1,3,0.5,2,9\n",
    ];
    for (number, file) in files.iter().enumerate() {
        put(folder, "ticks", &format!("table-{number}"), &[b"\x20", file.as_bytes()].concat())?;
    }
    let times = r#""timestamp":"2019-10-23T10:32:49.669Z","localTimestamp":"2019-10-23T10:32:49.740Z"}"#;
    let messages = [
        r#""trade","id":"1","price":7996,"amount":50,"side":"sell","#,
        r#""book_change","isSnapshot":true,"bids":[{"price":1,"amount":2}],"asks":[{"price":2e-7,"amount":0}],"#,
        r#""book_ticker","bidPrice":1,"bidAmount":5,"askPrice":null,"askAmount":null,"#,
        r#""derivative_ticker","lastPrice":2,"fundingRate":-8.9E-7,"#,
        r#""trade_bar","interval":10000,"kind":"time","open":1,"high":3,"low":1,"close":2,"volume":4,"#,
    ];
    let messages: String = messages
        .iter()
        .map(|rest| format!("{{\"exchange\":\"x\",\"symbol\":\"S\",\"type\":{rest}{times}\n"))
        .collect();
    put(folder, "json_lines", "messages", &[b"\x20", messages.as_bytes()].concat())?;
    let session = concat!(
        r#"{"t":"header","format":2,"exchange":"KRAKEN","config":{"trades":["A-B"]},"recorded":1618678132.3}"#,
        "\n",
        r#"{"t":"recv","conn":"K.ws","ts":1618678132.8,"data":"[1,{\"a\":[]},\"book-1000\",\"A/B\"]"}"#,
        "\n",
    );
    put(folder, "json_lines", "session", &[b"\x21", session.as_bytes()].concat())
}

fn text_formats(folder: &Path) -> Outcome {
    let log = concat!(
        r#"1000 order_created {"price": "236.47", "amount": "2.00000000", "datetime": "1", "id": 7, "order_type": 0}"#,
        "\n",
        r#"2000 order_book {"bids": [["236.47", "2.0"], ["236.20", "0.1"]], "asks": [["236.64", "3.8"]]}"#,
        "\n",
        r#"3000 order_deleted {"price": "236.47", "amount": "0.0", "datetime": "1", "id": 7, "order_type": 0}"#,
        "\n",
        r#"3000 trade {"price": 236.47, "amount": 1.7885566900000001, "id": 8}"#,
        "\n",
    );
    put(folder, "bitstamp", "four-lines", &[b"\x20", log.as_bytes()].concat())?;
    let start = "exchange,symbol,timestamp,local_timestamp";
    let files = [
        ("book", "is_snapshot,side,price,amount", "x,A,1,2,true,bid,9,1\nx,A,2,3,false,ask,1e-7,0\n"),
        ("trades", "id,side,price,amount", "x,A,1,2,3,buy,9,1\nx,B,2,3,t,unknown,9.5,1\n"),
        ("snapshot", "asks[0].price,asks[0].amount,bids[0].price,bids[0].amount", "x,A,1,2,9,1,8,\n"),
        ("quotes", "ask_amount,ask_price,bid_price,bid_amount", "x,A,1,2,1,9,8,1\n"),
        ("ticker", "funding_rate,open_interest,mark_price", "x,A,1,2,-0.0001,5,\n"),
        (
            "options",
            "strike_price,bid_price,ask_price,mark_iv,delta",
            "x,A,1,2,100,,0.5,80.1,-0.34807987123\n",
        ),
    ];
    for (name, columns, rows) in files {
        put(folder, "tardis", name, format!("\x20{start},{columns}\n{rows}").as_bytes())?;
    }
    Ok(())
}

fn put(folder: &Path, target: &str, name: &str, bytes: &[u8]) -> Outcome {
    fs::create_dir_all(folder.join(target))?;
    Ok(fs::write(folder.join(target).join(name), bytes)?)
}

fn records() -> Vec<Record> {
    let (seq, at) = (Seq(1), Nanos(2));
    let status = Status { venue_at: at, instrument: None, phase: types::Phase::Open };
    let cash = Cash::new(at, InstrumentId(2), CashKind::Funding, Money(-1));
    let events = [
        Event::Operator(Operator::Request {
            request: 1,
            by: types::PersonId(0),
            action: types::Action::Kill(types::Scope::Firm),
        }),
        Event::Status(status),
        Event::Cash(cash),
    ];
    let inputs = events.map(|event| Record::Input(Input { seq, received_at: at, event }));
    let command = Command::Cancel { order: OrderId(1), instrument: InstrumentId(2) };
    [&inputs[..], &[Record::Command { seq, at, command }]].concat()
}

/// A day of three messages: in a file, one by one, in a packet, and over a stream.
fn itch(folder: &Path) -> Outcome {
    let (tracking_number, timestamp) = (0, Timestamp(1));
    let begin = make::SystemEvent { stock_locate: 0, tracking_number, timestamp, event_code: b'O' };
    let add = make::AddOrder {
        stock_locate: 1,
        tracking_number,
        timestamp,
        order_reference_number: 1,
        buy_sell_indicator: b'B',
        shares: 100,
        stock: *b"QUOIN   ",
        price: Price4(100_000),
    };
    let delete = make::OrderDelete { stock_locate: 1, tracking_number, timestamp, order_reference_number: 1 };
    let messages = [&begin.bytes()[..], &add.bytes(), &delete.bytes()];
    let framed: Vec<u8> =
        messages.iter().flat_map(|m| [&[0, m.len().to_le_bytes()[0]], *m].concat()).collect();
    put(folder, "itch", "file", &[&[0x1c], &framed[..]].concat())?;
    let single: Vec<u8> = messages.iter().flat_map(|m| [&[m.len().to_le_bytes()[0]], *m].concat()).collect();
    put(folder, "itch", "messages", &[&[1], &single[..]].concat())?;
    let mut packet = Vec::new();
    let mut writer = mold::PacketWriter::begin(&mut packet, *b"0123456789", 1);
    messages.iter().for_each(|message| writer.message(message));
    writer.finish();
    put(folder, "itch", "packet", &[&[0x42, packet.len().to_le_bytes()[0], 1], &packet[..]].concat())?;
    let mut stream = Vec::new();
    FromServer::LoginAccepted { session: *b"0123456789", sequence: 1 }.write(&mut stream);
    messages.iter().for_each(|message| FromServer::Sequenced(message).write(&mut stream));
    put(folder, "itch", "stream", &[&[3], &stream[..]].concat())
}

fn journal(folder: &Path) -> Outcome {
    let options = journal::Options { block_records: 2, replace: true, ..journal::Options::default() };
    let scratch = folder.join("journal-scratch");
    let mut writer = journal::Writer::create(&scratch, b"seed", options)?;
    records().iter().for_each(|record| writer.append(record));
    writer.finish()?;
    let bytes = fs::read(scratch.join(journal::layout::FILE_NAME))?;
    fs::remove_dir_all(scratch)?;
    put(folder, "journal", "sealed", &bytes)
}

fn cme(folder: &Path) -> Outcome {
    let mut payload = Vec::new();
    let mut packet = PacketWriter::begin(&mut payload, 1, Nanos(5));
    packet.reset(Nanos(5), MatchEvent(0x80), 7, 1);
    packet.heartbeat();
    let length = u16::try_from(packet.finish())?;
    put(folder, "cme", "reset", &[&length.to_le_bytes()[..], &[0], &payload].concat())?;
    let line = Endpoint { ip: [224, 0, 31, 1], port: 14_310 };
    let mut capture = Capture::new(Vec::new())?;
    capture.datagram(Nanos(9), line, line, &payload)?;
    put(folder, "capture", "one-packet", &capture.finish()?)?;
    let mut capture = NgWriter::new(Vec::new(), "seeds", &["line".into()])?;
    let (at, interface, lost_before) = (Nanos(9), 0, 3);
    let received =
        Received { at, interface, source: line, destination: line, lost_before, payload: &payload };
    capture.datagram(&received)?;
    capture.statistics(at, 0, 1, 3)?;
    put(folder, "capture", "received", &capture.finish()?)
}

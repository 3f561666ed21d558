//! Every field of every recorded message, beside an independent decoder in another language that interprets the
//! exchange's schema file itself (`independent/cme_fields.py`); and the generated accessors beside the table.

use net::capture::Capture;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use venues::cme::sbe::schema::{Block, Field, Kind, Nine, Price, Seven};
use venues::cme::sbe::{messages, table};
use venues::cme::{Said, describe};

fn payloads(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).expect("just found");
    let mut capture = Capture::of(&bytes);
    let mut payloads = Vec::new();
    while let Some(datagram) = capture.next().expect("the recording is whole") {
        payloads.push(datagram.payload.to_vec());
    }
    payloads
}

/// As the script writes it, with the fields that schemas up to `newest` have.
fn told(payloads: &[Vec<u8>], newest: u16) -> String {
    let mut text = String::new();
    for payload in payloads {
        let mut lines = String::new();
        let header = describe(payload, &mut |said| {
            let line = match said {
                Said::Message { message, schema } => {
                    let name = schema.map_or("?", |schema| schema.name);
                    writeln!(lines, "message {} {name} version {}", message.template, message.version)
                }
                Said::Group { schema, count } => writeln!(lines, "group {} {count}", schema.name),
                Said::Entry(index) => writeln!(lines, "entry {index}"),
                Said::Field { schema, .. } if schema.since > newest => Ok(()),
                Said::Field { schema, value } => writeln!(lines, "{} {} {value}", schema.name, schema.tag),
            };
            line.expect("a string takes all");
        });
        let header = header.expect("recorded packets are whole");
        writeln!(text, "packet {} {}", header.sequence, header.sending_time).expect("a string takes all");
        text.push_str(&lines);
    }
    text
}

/// What the script says of a file; `None` when there is no interpreter (said on stderr).
fn independent(schema: &Path, file: &Path) -> Option<String> {
    let python = std::env::var("QUOIN_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/cme_fields.py");
    match Command::new(&python).arg(script).arg(schema).arg(file).output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).expect("it writes ASCII"))
        }
        Err(error) => {
            let said = format!("SKIPPED: no {python} ({error}); apt-get install python3\n");
            let _ = std::io::stderr().write_all(said.as_bytes());
            None
        }
    }
}

#[test]
fn every_field_of_every_recorded_message_is_what_an_independent_decoder_reads() {
    // Lines, as the script counts them.
    let files = [
        ("Cme.Mdp3.Sbe.v6.1.pcapng", 376_560),
        ("Cme.Mdp3.Sbe.v9.1.Example.pcap", 11_519),
        ("single/v1.5/MdIncrementalRefreshBook.pcap", 0),
        ("single/v1.5/MdIncrementalRefreshSessionStatistics.pcap", 0),
        ("single/v1.5/MdIncrementalRefreshTradeSummary.pcap", 0),
        ("single/v1.5/MdIncrementalRefreshVolume.pcap", 0),
        ("single/v1.5/MdInstrumentDefinitionSpread.pcap", 0),
        ("single/v1.9/MdIncrementalRefreshBook.pcap", 0),
        ("single/v1.9/MdIncrementalRefreshOrderBook.pcap", 0),
        ("single/v1.9/MdIncrementalRefreshTradeSummary.pcap", 0),
        ("single/v1.9/MdIncrementalRefreshVolume.pcap", 0),
    ];
    let Some(schema) = testkit::data::recorded("cme-mdp3/templates/templates_FixBinary_v9_20180308.xml")
    else {
        return;
    };
    for (name, lines) in files {
        let file = testkit::data::recorded(&format!("cme-mdp3/{name}")).expect("the folder is there");
        let Some(theirs) = independent(&schema, &file) else { return };
        let ours = told(&payloads(&file), 9);
        for (at, (our, their)) in ours.lines().zip(theirs.lines()).enumerate() {
            assert_eq!(our, their, "{name}, line {}", at + 1);
        }
        let count = ours.lines().count();
        assert_eq!(count, theirs.lines().count(), "{name}");
        assert!(count > 4 && (lines == 0 || lines == count), "{name}: {count}");
    }
}

/// Runs the script that writes later schemas, and messages of them, from our own statement of facts.
fn newer(folder: &Path) -> Option<(std::path::PathBuf, std::path::PathBuf)> {
    let python = std::env::var("QUOIN_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (schema, capture) = (folder.join("schema.xml"), folder.join("capture.pcap"));
    let mut command = Command::new(&python);
    command.arg(here.join("tests/independent/cme_newer.py"));
    command.arg(here.join("../xtask/schemas/cme-mdp3-after-9.txt")).args([&schema, &capture]);
    // With the exchange's own file, what was added to its messages is checked to fit it.
    command.args(testkit::data::recorded("cme-mdp3/templates/templates_FixBinary_v9_20180308.xml"));
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some((schema, capture))
        }
        Err(error) => {
            let said = format!("SKIPPED: no {python} ({error}); apt-get install python3\n");
            let _ = std::io::stderr().write_all(said.as_bytes());
            None
        }
    }
}

#[test]
fn every_field_of_later_schemas_is_what_an_independent_decoder_reads() {
    let folder = std::env::temp_dir().join(format!("quoin-newer-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder of our own");
    let compared = newer(&folder).and_then(|(schema, capture)| {
        let theirs = independent(&schema, &capture)?;
        Some((told(&payloads(&capture), u16::MAX), theirs))
    });
    std::fs::remove_dir_all(&folder).expect("it is there");
    let Some((ours, theirs)) = compared else { return };
    for (at, (our, their)) in ours.lines().zip(theirs.lines()).enumerate() {
        assert_eq!(our, their, "line {}", at + 1);
    }
    assert_eq!(ours.lines().count(), theirs.lines().count());
    for template in 57..=69 {
        assert!(ours.contains(&format!("\nmessage {template} ")), "{template}");
    }
    assert!(ours.lines().count() > 30_000, "{}", ours.lines().count());
}

/// The bytes of a block in which every field says its own place: the byte at `n` is `n + 1`.
fn places<const N: usize>() -> [u8; N] {
    std::array::from_fn(|at| u8::try_from(at + 1).expect("blocks are short"))
}

fn field<'a>(block: &'a Block, name: &str) -> &'a Field {
    block.fields.iter().find(|field| field.name == name).expect("it is in the table")
}

#[test]
fn accessors_and_table_say_the_same() {
    use messages::md_incremental_refresh_trade_summary::NoMdEntries;
    let bytes = places::<30>();
    let mut spare = NoMdEntries::<Nine>::SPARE;
    let entry = NoMdEntries::<Nine>::of(&bytes, &mut spare);
    let block = &table::T48.groups[0].block;
    let word = |name: &str| field(block, name).word(&bytes).expect("the block holds it");
    assert_eq!(word("MDEntryPx"), entry.md_entry_px().mantissa.cast_unsigned());
    assert_eq!(word("MDEntrySize"), u64::from(entry.md_entry_size().cast_unsigned()));
    assert_eq!(word("SecurityID"), u64::from(entry.security_id().cast_unsigned()));
    assert_eq!(word("RptSeq"), u64::from(entry.rpt_seq()));
    assert_eq!(word("MDUpdateAction"), u64::from(entry.md_update_action().0));
    assert_eq!(word("AggressorSide"), u64::from(entry.aggressor_side().expect("not null").0));
    assert_eq!(word("MDTradeEntryID"), u64::from(entry.md_trade_entry_id(7).expect("not null")));
    // Before schema 7 those bytes were padding.
    assert_eq!(entry.md_trade_entry_id(6), None);
    assert_eq!(
        word("NumberOfOrders"),
        u64::from(entry.number_of_orders().expect("not null").cast_unsigned())
    );
}

#[test]
fn templates_that_share_a_codec_differ_only_in_decimals() {
    let twins = [(27, 54), (29, 56), (32, 46), (33, 49), (34, 50), (35, 51), (38, 52), (41, 55), (42, 48)];
    for (old, new) in twins.into_iter().chain([(43, 47), (44, 53)]) {
        let find = |template| table::MESSAGES.iter().find(|message| message.template == template);
        let (old, new) = (find(old).expect("in the table"), find(new).expect("in the table"));
        let blocks = |message: &'static venues::cme::sbe::schema::Message| {
            std::iter::once(&message.root).chain(message.groups.iter().map(|group| &group.block))
        };
        let mut decimals = 0;
        for (one, two) in blocks(old).zip(blocks(new)) {
            for (one, two) in one.fields.iter().zip(two.fields) {
                assert_eq!((one.name, one.at, one.bytes), (two.name, two.at, two.bytes), "{}", new.name);
                if let (Kind::Decimal(seven), Kind::Decimal(nine)) = (one.kind, two.kind)
                    && one.bytes == 8
                {
                    assert_eq!((seven, nine), (-7, -9), "{} {}", new.name, one.name);
                    decimals += 1;
                }
            }
        }
        assert!(decimals > 0, "{}", new.name);
    }
}

#[test]
fn prices_become_nanos_and_overflow_is_none() {
    assert_eq!(Price::<Seven>::new(-12_345).nanos(), Some(-1_234_500));
    assert_eq!(Price::<Nine>::new(i64::MIN).nanos(), Some(i64::MIN));
    assert_eq!(Price::<Seven>::new(i64::MAX / 10).nanos(), None);
}

#[test]
fn a_block_of_an_older_schema_answers_nulls_and_a_newer_one_is_read_as_far_as_known() {
    use messages::md_instrument_definition_future::Root;
    let mut spare = Root::<Seven>::SPARE;
    // Schema 5 ended at 214 bytes, before TradingReferenceDate.
    let old = Root::<Seven>::of(&[1; 214], &mut spare);
    assert_eq!((old.trading_reference_date(), old.user_defined_instrument()), (None, [1]));
    let mut spare = Root::<Seven>::SPARE;
    let new = Root::<Seven>::of(&[1; 400], &mut spare);
    assert_eq!(new.trading_reference_date(), Some(0x0101));
    let mut spare = Root::<Seven>::SPARE;
    let none = Root::<Seven>::of(&[], &mut spare);
    assert_eq!(none.trading_reference_price(), None);
    assert_eq!(none.md_security_trading_status(), None);
}

#[test]
fn what_cannot_be_a_packet_is_said_with_its_place() {
    let mut packet = vec![0; 12];
    // A message of 12 bytes, of template 99, which no schema of ours has; then one that is too long.
    packet.extend([12, 0, 0, 0, 99, 0, 1, 0, 13, 0, 7, 7]);
    packet.extend([99, 0, 0, 0, 12, 0, 1, 0, 13, 0]);
    let mut messages = Vec::new();
    let damage = describe(&packet, &mut |said| {
        if let Said::Message { message, schema } = said {
            messages.push((message.template, schema.is_some()));
        }
    });
    assert_eq!(messages, [(99, false)]);
    assert_eq!(damage.expect_err("it is too long").at, 24);
}

//! Every field of every message against an independent reader: the Python package `itchfeed` (PyPI, 1.6.4).
//!
//! Needs a `python3` (or what `QUOIN_PYTHON` names) that can import it; says that it was skipped otherwise.

use flate2::read::GzDecoder;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use stdx::Prng;
use types::Nanos;
use venues::nasdaq::file::Decoder;
use venues::nasdaq::itch::{DAY_NANOS, Kind, Message, SPECS};
use venues::{Decode, Directory, Output};

fn python() -> Option<PathBuf> {
    let python = PathBuf::from(std::env::var_os("QUOIN_PYTHON").unwrap_or_else(|| "python3".into()));
    let found = Command::new(&python).args(["-c", "import itch.messages"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    // Not `eprintln!`, which the test harness hides unless the test fails.
    let said = "SKIPPED: no Python with itchfeed (pip install itchfeed==1.6.4; QUOIN_PYTHON names another python3)\n";
    let _ = std::io::stderr().write_all(said.as_bytes());
    None
}

/// What the other reader says of a file, line by line.
fn theirs(python: &Path, bytes: &[u8], name: &str) -> Vec<String> {
    let file = std::env::temp_dir().join(format!("quoin-{name}-{}.itch", std::process::id()));
    std::fs::write(&file, bytes).expect("a temporary file");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/itch_fields.py");
    let output = Command::new(python).arg(script).arg(&file).output().expect("it ran a moment ago");
    let _ = std::fs::remove_file(&file);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("ASCII").lines().map(Into::into).collect()
}

/// What we say of a message, with prices in their units as the other reader has them.
fn ours(message: &[u8]) -> String {
    let message = Message::read(message).expect("a known type");
    let mut line = String::from(char::from(message.spec().tag));
    for field in message.spec().fields {
        let mut text = String::new();
        field.write(message.bytes(), &mut text);
        if matches!(field.kind, Kind::Price4 | Kind::Price8) {
            let digits = text.replace('.', "");
            text = digits.parse::<u64>().expect("digits").to_string();
        }
        line.push('|');
        line.push_str(field.name);
        line.push('=');
        line.push_str(&text);
    }
    line
}

#[test]
fn the_sampled_day_is_read_alike() {
    let Some(path) = testkit::data::recorded("itch/ex20101224.TEST_ITCH_50.gz") else { return };
    let Some(python) = python() else { return };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).expect("just found");
    GzDecoder::new(file).read_to_end(&mut bytes).expect("a whole gzip file");
    let theirs = theirs(&python, &bytes, "recorded");
    let (mut at, mut count) = (0, 0);
    while at < bytes.len() {
        let message = Message::read(&bytes[at + 2..]).expect("a known type").bytes();
        assert_eq!(ours(message), theirs[count], "message {count}");
        (at, count) = (at + 2 + message.len(), count + 1);
    }
    assert_eq!(count, 12_012);
    let mut decoder = Decoder::new(Some(Nanos(0)));
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let taken = decoder.decode(&bytes, &mut directory, &mut out);
    decoder.finish(&bytes[taken..], &mut directory, &mut out);
    let counts = decoder.counts();
    let counted = |name: &str| counts.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count);
    assert_eq!(theirs[count], format!("# unknown {}", counted("orders unknown")));
    assert_eq!(theirs[count + 1], format!("# left {}", counted("orders left at the end")));
    assert_eq!(theirs.len(), count + 2);
}

/// Messages of every type with anything in their fields.
fn made(seed: u64) -> Vec<Vec<u8>> {
    let mut prng = Prng::new(seed);
    let mut messages = Vec::new();
    for spec in SPECS {
        for _ in 0..40 {
            let mut message = vec![spec.tag];
            for field in spec.fields {
                let start = message.len();
                let byte = |prng: &mut Prng| u8::try_from(prng.below(256)).expect("a byte");
                match field.kind {
                    Kind::Char => {
                        message.push(b"ABCQSTYN 019"[usize::try_from(prng.below(12)).expect("small")])
                    }
                    Kind::Text => {
                        let length = 1 + usize::try_from(prng.below(field.size as u64)).expect("small");
                        let letter = |prng: &mut Prng| b'A' + byte(prng) % 26;
                        message.extend(
                            (0..field.size).map(|at| if at < length { letter(&mut prng) } else { b' ' }),
                        );
                    }
                    Kind::Time => message.extend(&prng.below(DAY_NANOS).to_be_bytes()[2..]),
                    Kind::Integer | Kind::Price4 | Kind::Price8 => {
                        message.extend((0..field.size).map(|_| byte(&mut prng)));
                    }
                }
                assert_eq!(message.len(), start + field.size);
            }
            messages.push(message);
        }
    }
    messages
}

#[test]
fn messages_of_every_type_are_read_alike() {
    let Some(python) = python() else { return };
    let messages = made(5);
    let framed: Vec<u8> = messages
        .iter()
        .flat_map(|message| [&[0, u8::try_from(message.len()).expect("short")], &message[..]].concat())
        .collect();
    let theirs = theirs(&python, &framed, "made");
    assert_eq!(theirs.len(), messages.len() + 2);
    for (message, theirs) in messages.iter().zip(&theirs) {
        assert_eq!(&ours(message), theirs);
    }
}

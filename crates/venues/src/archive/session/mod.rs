//! Recorded sessions of venues: everything that was asked, sent and received, one JSON object a line, as `cryptofeed`'s
//! recorder keeps it (format 2).
//!
//! ```text
//! {"t":"header","format":2,"exchange":"KRAKEN","config":{"l2_book":["XMR-USD",…]},"recorded":1618678132.358447,…}
//! {"t":"http","conn":"KRAKEN.http.sync","ts":1618678132.358447,"url":"https://…","data":"…"}
//! {"t":"connect","conn":"KRAKEN.ws.48","ts":…,"addr":"wss://…"}
//! {"t":"send", … ,"data":"…"}      {"t":"recv", … ,"data":"…"}     or "b64" for bytes
//! ```
//!
//! Owns the counting: by kind, by connection, by channel, and of clocks that ran backwards. **Gives no events**: what
//! a message means is its venue's adapter's business. Bytes (`b64`) are not looked into.
//!
//! Cost: a pass over the line for its members, one to read the escapes of its text, one to find its channel.

mod channel;

use super::lines::{Line, Lines};
use super::ticks::{Written, read_time};
use crate::json::{self, Value};
use crate::{Decode, Directory, Output};
use channel::Channels;
use std::collections::BTreeMap;
use types::Nanos;

/// No line is longer: a venue's list of instruments has a few million bytes.
const LINE_BYTES_MAX: usize = 64 << 20;
/// More channels or connections than any session has: beyond it, they are counted together.
const NAMES_MAX: usize = 1_000;

/// What a line is: its mark in the file, its name in counts.
const KINDS: [(&[u8], &str); 5] = [
    (b"header", "header"),
    (b"http", "http answer"),
    (b"connect", "connection opened"),
    (b"send", "message sent"),
    (b"recv", "message received"),
];

/// A decoder of one session.
#[derive(Debug)]
pub struct Decoder {
    exchange: Vec<u8>,
    channels: Channels,
    kinds: [u64; KINDS.len()],
    /// What the header says, and by connection and channel.
    told: BTreeMap<String, u64>,
    /// A received message without its escapes; kept for its memory.
    message: Vec<u8>,
    before: Option<Nanos>,
    backwards: u64,
    other: u64,
    damaged: u64,
    lines: Lines,
}

/// The members of a line.
#[derive(Clone, Copy, Debug, Default)]
struct Entry<'a> {
    kind: &'a [u8],
    connection: &'a [u8],
    at: &'a [u8],
    data: Option<&'a [u8]>,
    bytes: bool,
    exchange: &'a [u8],
    format: &'a [u8],
    recorded: &'a [u8],
    config: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    fn read(text: &'a [u8]) -> Option<Self> {
        let mut entry = Self::default();
        json::members(text, |name, value| {
            let plain = match value {
                Value::Text(text) | Value::Word(text) => text,
                Value::Nested(_) => &[],
            };
            match name {
                b"t" => entry.kind = plain,
                b"conn" => entry.connection = plain,
                b"ts" => entry.at = plain,
                b"data" => entry.data = value.text(),
                b"b64" => entry.bytes = true,
                b"exchange" => entry.exchange = plain,
                b"format" => entry.format = plain,
                b"recorded" => entry.recorded = plain,
                b"config" => entry.config = value.nested(),
                _ => {}
            }
        })?;
        Some(entry)
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at the start of a session.
    #[must_use]
    pub fn new() -> Self {
        Self {
            exchange: Vec::new(),
            channels: Channels::default(),
            kinds: [0; KINDS.len()],
            told: BTreeMap::new(),
            message: Vec::new(),
            before: None,
            backwards: 0,
            other: 0,
            damaged: 0,
            lines: Lines::NEW,
        }
    }

    /// Messages that were received.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.kinds[4]
    }

    fn line(&mut self, line: &Line<'_>, out: &mut Output) {
        let read = match line.text.map(<[u8]>::trim_ascii) {
            Some([]) => Ok(()),
            Some(text) => Entry::read(text).ok_or("no JSON object").and_then(|entry| self.entry(&entry)),
            None => Err("longer than any message"),
        };
        if let Err(what) = read {
            self.damaged += 1;
            out.fault(line.offset, line.length, format!("line {}: {what}", line.number));
        }
    }

    fn entry(&mut self, entry: &Entry<'_>) -> Result<(), &'static str> {
        let Some(kind) = KINDS.iter().position(|(mark, _)| *mark == entry.kind) else {
            self.other += 1;
            return Ok(());
        };
        if kind == 0 {
            self.kinds[0] += 1;
            return self.header(entry);
        }
        let Some(Written::Utc(at)) = read_time(entry.at) else { return Err("ts: no time") };
        if entry.connection.is_empty() {
            return Err("conn: none");
        }
        self.kinds[kind] += 1;
        self.backwards += u64::from(self.before.is_some_and(|before| at < before));
        self.before = Some(at);
        let connection = String::from_utf8_lossy(entry.connection);
        self.count(format!("{} on {connection}", KINDS[kind].1));
        if kind == 4 {
            let channel = self.channel(entry)?;
            self.count(format!("received of {channel}"));
        }
        Ok(())
    }

    fn header(&mut self, entry: &Entry<'_>) -> Result<(), &'static str> {
        if entry.exchange.is_empty() {
            return Err("exchange: none");
        }
        entry.exchange.clone_into(&mut self.exchange);
        self.channels = Channels::of(entry.exchange);
        let text = String::from_utf8_lossy;
        let (exchange, format, recorded) = (text(entry.exchange), text(entry.format), text(entry.recorded));
        self.count(format!("header: {exchange}, format {format}, recorded at {recorded}"));
        json::members(entry.config.unwrap_or(b"{}"), |name, value| {
            let mut symbols = 0;
            let read = value.nested().and_then(|list| {
                json::elements(list, |_| {
                    symbols += 1;
                    Some(())
                })
            });
            if read.is_some() && self.told.len() < NAMES_MAX {
                self.told.insert(format!("header: symbols of {}", text(name)), symbols);
            }
        })
        .ok_or("config: no object")
    }

    /// The channel of a received message.
    fn channel(&mut self, entry: &Entry<'_>) -> Result<String, &'static str> {
        let Some(data) = entry.data else {
            return if entry.bytes {
                Ok("bytes, not looked into".into())
            } else {
                Err("neither data nor b64")
            };
        };
        json::unescape(data, &mut self.message).ok_or("data: an escape that is none")?;
        Ok(match self.channels.find(&self.message) {
            Some(name) => format!("channel {}", String::from_utf8_lossy(name)),
            None => "no channel".into(),
        })
    }

    fn count(&mut self, name: String) {
        if self.told.len() < NAMES_MAX || self.told.contains_key(&name) {
            *self.told.entry(name).or_insert(0) += 1;
        } else {
            *self.told.entry("of more connections or channels".into()).or_insert(0) += 1;
        }
    }
}

impl Decode for Decoder {
    fn decode(&mut self, bytes: &[u8], _: &mut Directory, out: &mut Output) -> usize {
        let mut lines = self.lines;
        let taken = lines.split(bytes, LINE_BYTES_MAX, |line| self.line(&line, out));
        self.lines = lines;
        taken
    }

    fn finish(&mut self, rest: &[u8], _: &mut Directory, out: &mut Output) {
        let mut lines = self.lines;
        lines.finish(rest, LINE_BYTES_MAX, |line| self.line(&line, out));
        self.lines = lines;
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let kinds = KINDS.iter().zip(self.kinds).skip(1).map(|((_, name), count)| (*name, count));
        let rest = [
            ("line of another kind", self.other),
            ("damaged line", self.damaged),
            ("stamped before the line above", self.backwards),
        ];
        let mut counts: Vec<(String, u64)> = kinds
            .chain(rest)
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name.to_string(), count))
            .chain(self.told.iter().map(|(name, count)| (name.clone(), *count)))
            .collect();
        counts.sort();
        counts
    }
}

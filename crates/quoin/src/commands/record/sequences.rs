//! What is missing from each channel, as the packets' own numbers say: the venue's decoder counts it.

use super::Sink;
use super::lines::Lines;
use net::multicast::{Batch, Stamp};
use types::Nanos;
use venues::cme::Decoder;
use venues::{Directory, Output};

/// Each feed has a decoder of its own, for its counts are for all that it hears.
pub(crate) struct Sequences {
    feeds: Vec<Feed>,
    lines: Vec<LineCount>,
}

struct Feed {
    name: String,
    decoder: Decoder,
    directory: Directory,
    out: Output,
}

/// What came on a line.
#[derive(Clone)]
pub(crate) struct LineCount {
    feed: usize,
    decoded_as: venues::cme::Line,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Whose times its packets have.
    pub(crate) clock: &'static str,
}

/// What a channel missed.
pub(crate) struct ChannelCount {
    pub(crate) name: String,
    /// Packets that came on neither line.
    pub(crate) lost: u64,
    /// Second copies.
    pub(crate) duplicate: u64,
    /// Packets that are no MDP 3.0, or are damaged.
    pub(crate) damaged: u64,
}

impl Sequences {
    pub(crate) fn new(lines: &Lines) -> Self {
        let feed = |name: &String| Feed {
            name: name.clone(),
            decoder: Decoder::new(),
            directory: Directory::survey(),
            out: Output::default(),
        };
        let line = |line: &super::lines::Line| LineCount {
            feed: line.feed,
            decoded_as: line.decoded_as,
            packets: 0,
            bytes: 0,
            clock: "",
        };
        Self {
            feeds: lines.feeds().iter().map(feed).collect(),
            lines: lines.all().iter().map(line).collect(),
        }
    }

    /// In the order of the lines.
    pub(crate) fn lines(&self) -> &[LineCount] {
        &self.lines
    }

    /// Each feed's counts.
    pub(crate) fn channels(&self) -> impl Iterator<Item = ChannelCount> {
        self.feeds.iter().map(|feed| {
            let counts = feed.decoder.counts();
            let count =
                |name: &str| counts.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count);
            ChannelCount {
                name: feed.name.clone(),
                lost: count("packets lost"),
                duplicate: count("packets duplicate"),
                damaged: count("packets damaged"),
            }
        })
    }
}

impl Sink for Sequences {
    fn batch(&mut self, batch: &Batch) -> anyhow::Result<()> {
        for packet in batch.packets() {
            let line = &mut self.lines[packet.line];
            line.packets += 1;
            line.bytes += packet.payload.len() as u64;
            line.clock = match packet.stamp {
                Stamp::Hardware => "network card",
                Stamp::Kernel => "kernel",
                Stamp::Return => "ours",
            };
            let feed = &mut self.feeds[line.feed];
            feed.out.clear();
            let (at, payload) = (packet.received_at, packet.payload);
            feed.decoder.packet(at, line.decoded_as, payload, 0, &mut feed.directory, &mut feed.out);
        }
        Ok(())
    }

    fn pause(&mut self, now: Nanos) -> anyhow::Result<()> {
        for feed in &mut self.feeds {
            feed.out.clear();
            feed.decoder.elapse(now, &mut feed.directory, &mut feed.out);
        }
        Ok(())
    }

    fn finish(&mut self, now: Nanos, _lost: u64) -> anyhow::Result<()> {
        for feed in &mut self.feeds {
            feed.out.clear();
            feed.decoder.finish(now, &mut feed.directory, &mut feed.out);
        }
        Ok(())
    }
}

//! What is missing, as the packets' own numbers say, and what is not to be believed: the venue's decoder counts it while
//! the recording goes on. Nothing of this is written down: a capture holds what came, and is decoded again.

use super::Sink;
use super::books::Books;
use super::language::Language;
use super::lines::Lines;
use net::multicast::{Batch, Packet, Stamp};
use std::time::{Duration, Instant};
use types::{Event, Nanos};
use venues::cme::{self, Decoder, Role};
use venues::nasdaq::mold;
use venues::{Directory, Output};

/// Heartbeats that a channel misses before it is said to be silent.
const HEARTBEATS_MISSED: i64 = 3;

/// A channel has one decoder for all its feeds, for snapshots mend what the changes missed. Lines that no configuration
/// explains are channels of their own; lines of MoldUDP64 are one, and its sessions tell them apart.
pub(crate) struct Sequences {
    channels: Vec<Channel>,
    /// By feed: its channel, once that is known.
    of_feed: Vec<Option<usize>>,
    lines: Vec<LineCount>,
    heartbeat_every: Nanos,
    /// When the recording began, by its clock and by ours.
    began: (Nanos, Instant),
}

/// What came on a line.
#[derive(Clone)]
pub(crate) struct LineCount {
    feed: usize,
    feed_name: String,
    decoded_as: cme::Line,
    language: Option<Language>,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Whose times its packets have.
    pub(crate) clock: &'static str,
}

enum Speaks {
    Mdp(Box<Decoder>),
    Mold(mold::Decoder),
}

/// What hears a channel, and what it has heard.
struct Channel {
    name: String,
    speaks: Speaks,
    directory: Directory,
    out: Output,
    books: Books,
    /// When it was heard of last, by the packet's clock and by ours: a network card's may run on another scale. Before
    /// that, when the recording began. `None`: it is all loops, whose silence is no news.
    heard: Option<(Nanos, Instant)>,
    /// When the recording began.
    began: (Nanos, Instant),
    /// Lines that go on while the changes are silent.
    loops: Vec<cme::Line>,
    silent: bool,
    silences: u64,
    /// Gaps of books that the packets showed, and not our doubts.
    gaps: u64,
}

/// What a channel missed.
pub(crate) struct ChannelCount {
    pub(crate) name: String,
    /// Packets that came on neither line; of MoldUDP64, messages.
    pub(crate) lost: u64,
    /// Times that a book was known to miss something; late joining is one for each instrument.
    pub(crate) gaps: u64,
    /// Second copies.
    pub(crate) duplicate: u64,
    /// Packets that cannot be read.
    pub(crate) damaged: u64,
    /// Books that no packet contradicts and that cannot be.
    pub(crate) doubted: u64,
    /// Times that it was silent for too long.
    pub(crate) silences: u64,
    /// For how long it has been silent, while it is.
    pub(crate) silent_for: Option<Duration>,
}

impl Sequences {
    pub(crate) fn new(lines: &Lines, heartbeat_every: Nanos, now: Nanos) -> Self {
        let line = |line: &super::lines::Line| LineCount {
            feed: line.feed,
            feed_name: lines.feeds()[line.feed].name.clone(),
            decoded_as: line.decoded_as(),
            language: None,
            packets: 0,
            bytes: 0,
            clock: "",
        };
        let mut all = Self {
            channels: Vec::new(),
            of_feed: vec![None; lines.feeds().len()],
            lines: lines.all().iter().map(line).collect(),
            heartbeat_every,
            began: (now, Instant::now()),
        };
        all.configured(lines);
        all
    }

    /// The channels that a configuration names: their decoders know each feed's role.
    fn configured(&mut self, lines: &Lines) {
        let known = |feed: usize| lines.feeds()[feed].known;
        let mut numbers: Vec<u32> =
            (0..lines.feeds().len()).filter_map(|feed| Some(known(feed)?.0)).collect();
        numbers.dedup();
        for number in numbers {
            let (mut feeds, mut loops) = (Vec::new(), Vec::new());
            for feed in 0..lines.feeds().len() {
                let Some((_, role)) = known(feed).filter(|(other, _)| *other == number) else { continue };
                self.of_feed[feed] = Some(self.channels.len());
                let lines: Vec<cme::Line> = lines
                    .all()
                    .iter()
                    .filter(|line| line.feed == feed)
                    .map(super::lines::Line::decoded_as)
                    .collect();
                if role.is_some_and(Role::is_loop) {
                    loops.extend(lines.iter().copied());
                }
                // Channels of the exchange are numbered below a thousand.
                if let (Some(role), Ok(channel)) = (role, u16::try_from(number)) {
                    feeds.push(cme::Feed { channel, role, lines });
                }
            }
            let incremental = feeds.iter().any(|feed| feed.role == Role::Incremental);
            let decoder = Decoder::with_feeds(&feeds).with_heartbeats_every(self.heartbeat_every);
            let channel = self.open(number.to_string(), Speaks::Mdp(Box::new(decoder)));
            self.channels[channel].loops = loops;
            if !incremental {
                self.channels[channel].heard = None;
            }
        }
    }

    fn open(&mut self, name: String, speaks: Speaks) -> usize {
        self.channels.push(Channel {
            name,
            speaks,
            directory: Directory::survey(),
            out: Output::default(),
            books: Books::default(),
            heard: Some(self.began),
            began: self.began,
            loops: Vec::new(),
            silent: false,
            silences: 0,
            gaps: 0,
        });
        self.channels.len() - 1
    }

    /// The channel of a line whose first packet has come.
    fn channel(&mut self, line: usize, language: Language) -> usize {
        let feed = self.lines[line].feed;
        if let Some(channel) = self.of_feed[feed] {
            return channel;
        }
        let mold = self.channels.iter().position(|channel| matches!(channel.speaks, Speaks::Mold(_)));
        let channel = match (language, mold) {
            (Language::Mold, Some(channel)) => channel,
            (Language::Mold, None) => {
                // Midnight is of no matter here: nobody asks for the time of an event.
                let decoder = mold::Decoder::new(Nanos(0), mold::Policy::default());
                self.open("MoldUDP64".into(), Speaks::Mold(decoder))
            }
            (Language::Mdp, _) => {
                let name = self.lines[line].feed_name.clone();
                let decoder = Decoder::new().with_heartbeats_every(self.heartbeat_every);
                self.open(name, Speaks::Mdp(Box::new(decoder)))
            }
        };
        self.of_feed[feed] = Some(channel);
        channel
    }

    fn packet(&mut self, packet: &Packet<'_>, now: Instant) {
        let line = &mut self.lines[packet.line];
        line.packets += 1;
        line.bytes += packet.payload.len() as u64;
        line.clock = match packet.stamp {
            Stamp::Hardware => "network card",
            Stamp::Kernel => "kernel",
            Stamp::Return => "ours",
        };
        let language = Language::of(packet.payload, &mut line.language);
        let decoded_as = line.decoded_as;
        let channel = self.channel(packet.line, language);
        let channel = &mut self.channels[channel];
        if !channel.loops.contains(&decoded_as)
            && let Some(heard) = &mut channel.heard
        {
            *heard = (packet.received_at, now);
            channel.silent = false;
        }
        channel.packet(packet.received_at, decoded_as, packet.payload);
    }

    /// In the order of the lines.
    pub(crate) fn lines(&self) -> &[LineCount] {
        &self.lines
    }

    /// Each channel's counts.
    pub(crate) fn channels(&self) -> impl Iterator<Item = ChannelCount> {
        self.channels.iter().map(Channel::count)
    }
}

impl Channel {
    fn count(&self) -> ChannelCount {
        let counts = match &self.speaks {
            Speaks::Mdp(decoder) => decoder.counts(),
            Speaks::Mold(decoder) => decoder.counts(),
        };
        let count =
            |name: &str| counts.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count);
        ChannelCount {
            name: self.name.clone(),
            lost: match &self.speaks {
                Speaks::Mdp(_) => count("packets lost"),
                Speaks::Mold(_) => count("messages given up"),
            },
            gaps: self.gaps,
            duplicate: count("packets duplicate"),
            damaged: count("packets damaged"),
            doubted: count("books doubted"),
            silences: self.silences,
            silent_for: self.heard.filter(|_| self.silent).map(|(_, at)| at.elapsed()),
        }
    }

    fn packet(&mut self, at: Nanos, line: cme::Line, payload: &[u8]) {
        match &mut self.speaks {
            Speaks::Mdp(decoder) => {
                decoder.packet(at, line, payload, 0, &mut self.directory, &mut self.out);
            }
            Speaks::Mold(decoder) => decoder.packet(at, payload, 0, &mut self.directory, &mut self.out),
        }
        self.take(at);
    }

    /// What the decoder gave: gaps are counted, books looked at, and what is doubted taken for lost.
    fn take(&mut self, now: Nanos) {
        let gaps = self.out.arrivals.iter().filter(|arrival| matches!(arrival.event, Event::Gap(_)));
        self.gaps += gaps.count() as u64;
        if let Speaks::Mdp(decoder) = &mut self.speaks {
            self.books.apply(&self.out.arrivals, &self.directory);
            self.out.clear();
            while let Some((instrument, why)) = self.books.doubted() {
                decoder.doubt(now, instrument, why, &mut self.directory, &mut self.out);
                self.books.apply(&self.out.arrivals, &self.directory);
                self.out.clear();
            }
        }
        self.out.clear();
    }

    /// What the packets' clock says now.
    fn now(&self) -> Nanos {
        let (at, heard) = self.heard.unwrap_or(self.began);
        at + Nanos(i64::try_from(heard.elapsed().as_nanos()).unwrap_or(i64::MAX))
    }

    /// Time has passed.
    fn elapse(&mut self, patience: Nanos) {
        let now = self.now();
        if let Speaks::Mdp(decoder) = &mut self.speaks {
            decoder.elapse(now, &mut self.directory, &mut self.out);
            self.books.look(now);
        }
        self.take(now);
        let is_silent = self.heard.is_some_and(|(at, _)| now - at > patience);
        self.silences += u64::from(is_silent && !self.silent);
        self.silent = is_silent;
    }

    fn finish(&mut self) {
        let now = self.now();
        match &mut self.speaks {
            Speaks::Mdp(decoder) => decoder.finish(now, &mut self.directory, &mut self.out),
            Speaks::Mold(decoder) => decoder.finish(now, &mut self.directory, &mut self.out),
        }
        self.take(now);
    }
}

impl Sink for Sequences {
    fn batch(&mut self, batch: &Batch) -> anyhow::Result<()> {
        let now = Instant::now();
        batch.packets().for_each(|packet| self.packet(&packet, now));
        Ok(())
    }

    fn pause(&mut self, _now: Nanos) -> anyhow::Result<()> {
        let patience = Nanos(self.heartbeat_every.0.saturating_mul(HEARTBEATS_MISSED));
        self.channels.iter_mut().for_each(|channel| channel.elapse(patience));
        Ok(())
    }

    fn finish(&mut self, _now: Nanos, _lost: u64) -> anyhow::Result<()> {
        self.channels.iter_mut().for_each(Channel::finish);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use net::capture::{Capture, Endpoint};
    use runtime::channels::Channels;
    use runtime::generate::{Kind, session, write_session};

    /// Channel 310 as the generator sends it: each feed on lines of its own.
    const CONFIG: &str = r#"<configuration environment="Made" updated="">
<channel id="310" label="made"><products/><connections>
<connection id="310IA"><type feed-type="I"/><protocol>UDP/IP</protocol><ip>224.0.31.1</ip><port>14310</port><feed>A</feed></connection>
<connection id="310IB"><type feed-type="I"/><protocol>UDP/IP</protocol><ip>224.0.32.1</ip><port>15310</port><feed>B</feed></connection>
<connection id="310SA"><type feed-type="S"/><protocol>UDP/IP</protocol><ip>224.0.31.22</ip><port>14310</port><feed>A</feed></connection>
<connection id="310SB"><type feed-type="S"/><protocol>UDP/IP</protocol><ip>224.0.32.22</ip><port>15310</port><feed>B</feed></connection>
<connection id="310MA"><type feed-type="SMBO"/><protocol>UDP/IP</protocol><ip>224.0.31.64</ip><port>14310</port><feed>A</feed></connection>
<connection id="310MB"><type feed-type="SMBO"/><protocol>UDP/IP</protocol><ip>224.0.32.64</ip><port>15310</port><feed>B</feed></connection>
</connections></channel></configuration>"#;

    fn lossy() -> Vec<u8> {
        let mut bytes = Vec::new();
        write_session(session(Kind::QueueReactive, 5, 1, 200_000), &mut bytes, |_| {}).expect("memory");
        bytes
    }

    fn heard(lines: &Lines, capture: &[u8], wanted: impl Fn(Endpoint) -> bool) -> Sequences {
        let mut sequences = Sequences::new(lines, Nanos::from_secs(30), Nanos(0));
        assert!(heard_more(&mut sequences, lines, capture, wanted) > 0);
        sequences
    }

    fn configured() -> Lines {
        let channels = Channels::parse(CONFIG).expect("a configuration");
        Lines::of_channels(&channels, &[310], &[], &[]).expect("there is a channel")
    }

    #[test]
    fn a_channel_s_feeds_are_one_decoder_s_and_snapshots_mend_what_changes_missed() {
        let (capture, lines) = (lossy(), configured());
        let mut sequences = heard(&lines, &capture, |_| true);
        sequences.finish(Nanos(0), 0).expect("nothing is written");
        let channels: Vec<ChannelCount> = sequences.channels().collect();
        let [channel] = &channels[..] else { panic!("one channel") };
        assert_eq!((channel.name.as_str(), channel.damaged, channel.doubted), ("310", 0, 0));
        assert!(channel.lost > 0 && channel.gaps > 0);
        let Speaks::Mdp(decoder) = &sequences.channels[0].speaks else { panic!("CME") };
        let counts = decoder.counts();
        for name in ["recoveries of levels by snapshot", "recoveries of orders by snapshot"] {
            assert!(counts.iter().any(|(known, _)| known == name), "{name}: {counts:?}");
        }
    }

    #[test]
    fn a_channel_is_silent_when_its_changes_are_though_its_loops_go_on() {
        let (capture, lines) = (lossy(), configured());
        let is_change = |group: Endpoint| matches!(group.ip[3], 1);
        let mut sequences = heard(&lines, &capture, is_change);
        sequences.pause(Nanos(0)).expect("nothing is written");
        assert!(sequences.channels().all(|channel| channel.silent_for.is_none()));
        let gaps = sequences.channels[0].gaps;
        // A minute and a half and a bit ago.
        let (at, heard) = sequences.channels[0].heard.expect("it has changes");
        let before = heard.checked_sub(Duration::from_secs(91)).expect("the machine runs for longer");
        sequences.channels[0].heard = Some((at, before));
        for _twice in 0..2 {
            let loops = heard_more(&mut sequences, &lines, &capture, |group| !is_change(group));
            assert!(loops > 0);
            sequences.pause(Nanos(0)).expect("nothing is written");
            let channel = sequences.channels().next().expect("one");
            assert_eq!(channel.silences, 1);
            assert!(channel.silent_for.is_some_and(|span| span.as_secs() >= 91));
            assert!(channel.gaps > gaps, "its books are not believed any more");
        }
        heard_more(&mut sequences, &lines, &capture, is_change);
        assert!(sequences.channels().all(|channel| channel.silent_for.is_none() && channel.silences == 1));
    }

    fn heard_more(
        sequences: &mut Sequences,
        lines: &Lines,
        capture: &[u8],
        wanted: impl Fn(Endpoint) -> bool,
    ) -> usize {
        let (mut capture, mut count) = (Capture::of(capture), 0);
        while let Some(datagram) = capture.next().expect("just written") {
            let group = datagram.destination;
            let line = lines.all().iter().position(|line| line.join.group == group).expect("all are named");
            if wanted(group) {
                count += 1;
                let packet = Packet {
                    received_at: datagram.received_at,
                    stamp: Stamp::Kernel,
                    source: datagram.source,
                    destination: group,
                    line,
                    lost_before: 0,
                    payload: datagram.payload,
                };
                sequences.packet(&packet, Instant::now());
            }
        }
        count
    }

    #[test]
    fn both_lines_of_a_session_of_moldudp64_are_one_numbering() {
        let text = |line: &str| line.to_string();
        let lines =
            Lines::named(&[text("233.54.12.111:26477"), text("233.86.230.111:26477")]).expect("lines");
        let mut sequences = Sequences::new(&lines, Nanos::from_secs(1), Nanos(0));
        let end = |n: u64| {
            venues::nasdaq::itch::make::SystemEvent {
                stock_locate: 0,
                tracking_number: 0,
                timestamp: venues::nasdaq::itch::Timestamp(n),
                event_code: b'C',
            }
            .bytes()
        };
        // Numbers 1, 2 and 5 on either line; 3 on the second only; 4 on neither.
        for (line, numbers) in [(0, &[1, 2, 5][..]), (1, &[1, 2, 3, 5])] {
            for number in numbers {
                let mut payload = Vec::new();
                let mut packet = mold::PacketWriter::begin(&mut payload, *b"000000001A", *number);
                packet.message(&end(*number));
                packet.finish();
                let (group, at) = (lines.all()[line].join.group, Nanos(1_000));
                let packet = Packet {
                    received_at: at,
                    stamp: Stamp::Kernel,
                    source: group,
                    destination: group,
                    line,
                    lost_before: 0,
                    payload: &payload,
                };
                sequences.packet(&packet, Instant::now());
            }
        }
        sequences.finish(Nanos(0), 0).expect("nothing is written");
        let channels: Vec<ChannelCount> = sequences.channels().collect();
        let [channel] = &channels[..] else { panic!("one channel") };
        assert_eq!((channel.name.as_str(), channel.lost, channel.damaged), ("MoldUDP64", 1, 0));
        assert_eq!(channel.duplicate, 3);
    }
}

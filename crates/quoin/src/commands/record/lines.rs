//! What is asked for: lines, spans, sizes, as people write them.

use anyhow::{Context as _, bail};
use net::capture::Endpoint;
use net::multicast::Join;
use runtime::channels::{Channel, Channels, Feed, Side};
use std::net::Ipv4Addr;
use std::time::Duration;
use venues::cme::Role;

/// A line, and whose packets it carries.
pub(crate) struct Line {
    pub(crate) join: Join,
    /// `310 I A 224.0.31.1:14310`, or the address alone.
    pub(crate) name: String,
    /// Which of the recording's feeds: lines A and B of one are the same.
    pub(crate) feed: usize,
}

impl Line {
    /// As the decoder names it.
    pub(crate) fn decoded_as(&self) -> venues::cme::Line {
        venues::cme::Line { ip: self.join.group.ip, port: self.join.group.port }
    }
}

/// One numbering of packets.
pub(crate) struct Numbering {
    /// `310 I`, or the address of line A.
    pub(crate) name: String,
    /// What a configuration says of it: its channel, and what the feed carries.
    pub(crate) known: Option<(u32, Option<Role>)>,
}

/// The lines of a recording.
pub(crate) struct Lines {
    lines: Vec<Line>,
    feeds: Vec<Numbering>,
}

impl Lines {
    pub(crate) fn all(&self) -> &[Line] {
        &self.lines
    }

    /// The feeds, by number.
    pub(crate) fn feeds(&self) -> &[Numbering] {
        &self.feeds
    }

    pub(crate) fn joins(&self) -> Vec<Join> {
        self.lines.iter().map(|line| line.join).collect()
    }

    /// Lines by address. Which of them are two copies of one, the decoder's own rule says.
    pub(crate) fn named(groups: &[String]) -> anyhow::Result<Self> {
        let mut lines = Self { lines: Vec::new(), feeds: Vec::new() };
        for text in groups {
            let join = join(text).with_context(|| format!("--group {text}"))?;
            let line = venues::cme::Line { ip: join.group.ip, port: join.group.port };
            let channel = line.channel();
            let name = Endpoint { ip: channel.ip, port: channel.port }.to_string();
            lines.add(join, join.group.to_string(), Numbering { name, known: None })?;
        }
        Ok(lines)
    }

    /// The lines of channels, by number and by product.
    pub(crate) fn of_channels(
        channels: &Channels,
        numbers: &[u32],
        products: &[String],
        feeds: &[String],
    ) -> anyhow::Result<Self> {
        let mut chosen: Vec<&Channel> = Vec::new();
        for number in numbers {
            chosen.push(channels.channel(*number).with_context(|| {
                let known: Vec<String> = channels.all().iter().map(|one| one.number.to_string()).collect();
                format!("there is no channel {number}; there are {}", known.join(", "))
            })?);
        }
        for code in products {
            let before = chosen.len();
            chosen.extend(channels.of_product(code));
            if chosen.len() == before {
                bail!("no channel carries a product `{code}`");
            }
        }
        chosen.sort_by_key(|channel| channel.number);
        chosen.dedup_by_key(|channel| channel.number);
        let mut lines = Self { lines: Vec::new(), feeds: Vec::new() };
        for channel in chosen {
            for feed in wanted(channel, feeds)? {
                lines.add_feed(channel, &feed)?;
            }
        }
        Ok(lines)
    }

    fn add_feed(&mut self, channel: &Channel, feed: &Feed) -> anyhow::Result<()> {
        let feed_name = format!("{} {feed}", channel.number);
        for (side, group) in channel.lines(feed) {
            let side = match side {
                Side::A => "A",
                Side::B => "B",
            };
            let name = format!("{feed_name} {side} {group}");
            let known = Some((channel.number, role(feed)));
            self.add(Join::any_source(group), name, Numbering { name: feed_name.clone(), known })?;
        }
        Ok(())
    }

    fn add(&mut self, join: Join, name: String, numbering: Numbering) -> anyhow::Result<()> {
        if self.lines.iter().any(|line| line.join.group == join.group) {
            bail!("{} is named twice", join.group);
        }
        let feed = match self.feeds.iter().position(|known| known.name == numbering.name) {
            Some(feed) => feed,
            None => {
                self.feeds.push(numbering);
                self.feeds.len() - 1
            }
        };
        self.lines.push(Line { join, name, feed });
        Ok(())
    }
}

/// What a feed carries, where the decoder has a word for it.
fn role(feed: &Feed) -> Option<Role> {
    match feed {
        Feed::Incremental => Some(Role::Incremental),
        Feed::Instruments => Some(Role::Definitions),
        Feed::Snapshot => Some(Role::Snapshot),
        Feed::SnapshotByOrder => Some(Role::OrderSnapshot),
        Feed::Replay | Feed::Other(_) => None,
    }
}

fn wanted(channel: &Channel, names: &[String]) -> anyhow::Result<Vec<Feed>> {
    let there = channel.feeds();
    if names.is_empty() {
        return Ok(there);
    }
    let mut wanted = Vec::new();
    for name in names {
        let Some(feed) = there.iter().find(|feed| feed.to_string() == *name) else {
            let there: Vec<String> = there.iter().map(ToString::to_string).collect();
            bail!("channel {} has no multicast feed `{name}`; it has {}", channel.number, there.join(", "));
        };
        wanted.push(feed.clone());
    }
    Ok(wanted)
}

/// `224.0.31.1:14310`, or `205.209.223.70@224.0.31.1:14310`.
fn join(text: &str) -> anyhow::Result<Join> {
    let (source, group) = match text.split_once('@') {
        Some((source, group)) => {
            (Some(source.parse::<Ipv4Addr>().context("the sender is no IPv4 address")?), group)
        }
        None => (None, text),
    };
    let group: Endpoint = group.parse().context("a line is written ADDRESS:PORT, as in 224.0.31.1:14310")?;
    Ok(Join { group, source })
}

/// `90s`, `10m`, `8h30m`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span of time; write 90s, 10m or 8h30m");
    let seconds = parts(text, &[("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]).ok_or_else(wrong)?;
    Ok(Duration::from_secs(seconds))
}

/// `4096`, `512K`, `64M`, `4G`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size; write 4096, 512K, 64M or 4G");
    if let Some(bytes) = text.parse().ok().filter(|bytes| *bytes > 0) {
        return Ok(bytes);
    }
    parts(text, &[("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)]).ok_or_else(wrong)
}

/// Numbers with units, largest first, each unit once; above zero.
fn parts(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (mut rest, mut total, mut units) = (text, 0_u64, units.iter());
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (name, factor) = units.find(|(name, _)| rest.starts_with(name))?;
        rest = &rest[name.len()..];
        total = total.checked_add(count.checked_mul(*factor)?)?;
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_are_read_as_people_write_them() {
        let spans = [("90s", 90), ("10m", 600), ("8h30m", 30_600), ("1d", 86_400), ("1m30s", 90)];
        for (text, seconds) in spans {
            assert_eq!(span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "10", "0s", "m", "10x", "30s1m", "1m1m", "99999999999999999d", "-1s"] {
            assert!(span(text).is_err(), "{text}");
        }
        for (text, bytes) in [("4096", 4_096), ("512K", 524_288), ("4G", 4_294_967_296), ("1M", 1_048_576)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "0K", "4T", "K", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn two_copies_are_one_feed() {
        let text = |line: &str| line.to_string();
        let groups = [text("224.0.31.1:14310"), text("10.0.0.9@224.0.32.1:15310"), text("239.1.1.1:5000")];
        let lines = Lines::named(&groups).expect("they are lines");
        let names: Vec<&str> = lines.feeds().iter().map(|feed| feed.name.as_str()).collect();
        assert_eq!(names, ["224.0.31.1:14310", "239.1.1.1:5000"]);
        let feeds: Vec<usize> = lines.all().iter().map(|line| line.feed).collect();
        assert_eq!(feeds, [0, 0, 1]);
        assert_eq!(lines.joins()[1].source, Some(Ipv4Addr::new(10, 0, 0, 9)));
        for wrong in ["224.0.31.1", "x@224.0.31.1:1", "224.0.31.1:99999", "host:1"] {
            assert!(Lines::named(&[text(wrong)]).is_err(), "{wrong}");
        }
        assert!(Lines::named(&[groups[0].clone(), groups[0].clone()]).is_err());
    }
}

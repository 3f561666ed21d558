//! The recording's files: pcapng, one after the other, none ever written over.
//!
//! A file is made when its first packet comes, named by that packet's time, and flushed twice a second: a process that
//! is killed loses what came since, and leaves a file that can be read up to there. Files that were ended carry each
//! line's statistics.
//!
//! A file holds a range of each feed's numbers: when the next one is started, second copies of what this one has are
//! still put into it for a moment. Without that each change of files would show some packets in both, and trades twice.

use super::Sink;
use super::language::{Key, Language, Place};
use super::lines::Lines;
use anyhow::Context as _;
use net::capture::{NgWriter, Received};
use net::multicast::{Batch, Packet};
use reports::number::Utc;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;
use types::Nanos;

/// What is gathered before it is written: a second of a busy channel.
const BUFFER_BYTES: usize = 1 << 20;
/// How long a file still takes second copies once the next one is started: lines differ by less.
const COPIES_FOR: Nanos = Nanos::from_millis(200);
/// How far a second copy is behind, at most; what is further is another numbering.
const COPIES_BEHIND: u64 = 4_096;
/// Names are tried with numbers behind them; a folder with more files of one second is another trouble.
const NAMES_MAX: u32 = 1_000;

pub(crate) struct Files {
    folder: PathBuf,
    interfaces: Vec<String>,
    bytes_max: Option<u64>,
    age_max: Option<Nanos>,
    /// By line: its feed, and the language of its packets once one came.
    lines: Vec<(usize, Option<Language>)>,
    open: Option<Open>,
    /// The file before, while copies of its packets may come, and since when it is full.
    full: Option<(Open, Nanos)>,
    written: Vec<Written>,
}

/// What became of a file.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) path: PathBuf,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) first: Nanos,
    pub(crate) last: Nanos,
}

struct Open {
    writer: NgWriter<BufWriter<File>>,
    about: Written,
    /// By line: packets received and lost.
    lines: Vec<(u64, u64)>,
    /// The greatest number of each feed.
    numbers: Vec<Place>,
}

impl Files {
    pub(crate) fn create(
        folder: &Path,
        lines: &Lines,
        bytes_max: Option<u64>,
        age_max: Option<Duration>,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let age_max = age_max.map(|age| Nanos(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)));
        Ok(Self {
            folder: folder.into(),
            interfaces: lines.all().iter().map(|line| line.name.clone()).collect(),
            bytes_max,
            age_max,
            lines: lines.all().iter().map(|line| (line.feed, None)).collect(),
            open: None,
            full: None,
            written: Vec::new(),
        })
    }

    /// The files that were ended.
    pub(crate) fn written(&self) -> &[Written] {
        &self.written
    }

    fn packet(&mut self, packet: &Packet<'_>) -> anyhow::Result<()> {
        let (feed, known) = &mut self.lines[packet.line];
        let place = Place::of(packet.payload, Language::of(packet.payload, known), *feed);
        self.let_go(packet.received_at)?;
        if let Some((full, _)) = &mut self.full
            && place.is_some_and(|place| full.has(place))
        {
            return full.write(packet, place).with_context(|| full.about.cannot());
        }
        if self.open.as_ref().is_some_and(|open| self.is_full(&open.about, packet.received_at)) {
            self.close_full(packet.received_at)?;
            self.full = self.open.take().map(|open| (open, packet.received_at));
            // It may be one of the file that is full just now.
            return self.packet(packet);
        }
        if self.open.is_none() {
            self.open = Some(self.start(packet.received_at)?);
        }
        let open = self.open.as_mut().expect("just made");
        open.write(packet, place).with_context(|| open.about.cannot())
    }

    /// Ends the full file when copies of its packets come no more.
    fn let_go(&mut self, now: Nanos) -> anyhow::Result<()> {
        match &self.full {
            Some((_, since)) if now - *since > COPIES_FOR => self.close_full(now),
            Some(_) | None => Ok(()),
        }
    }

    fn close_full(&mut self, now: Nanos) -> anyhow::Result<()> {
        match self.full.take() {
            Some((full, _)) => self.end(full, now, 0),
            None => Ok(()),
        }
    }

    fn is_full(&self, about: &Written, now: Nanos) -> bool {
        self.bytes_max.is_some_and(|most| about.bytes >= most)
            || self.age_max.is_some_and(|most| now - about.first >= most)
    }

    fn start(&self, at: Nanos) -> anyhow::Result<Open> {
        let (file, path) = self.fresh(at)?;
        let about = Written { path, packets: 0, bytes: 0, first: at, last: at };
        let application = concat!("quoin ", env!("CARGO_PKG_VERSION"));
        let writer =
            NgWriter::new(BufWriter::with_capacity(BUFFER_BYTES, file), application, &self.interfaces)
                .with_context(|| about.cannot())?;
        Ok(Open { writer, about, lines: vec![(0, 0); self.interfaces.len()], numbers: Vec::new() })
    }

    /// A file that was not there, named by its first packet's time.
    fn fresh(&self, at: Nanos) -> anyhow::Result<(File, PathBuf)> {
        let utc = Utc::of(at);
        let name = format!("{}T{}Z", utc.date(), utc.time().replace(':', ""));
        for number in 1..=NAMES_MAX {
            let tail = if number == 1 { String::new() } else { format!("-{number}") };
            let path = self.folder.join(format!("{name}{tail}.pcapng"));
            match File::create_new(&path) {
                Ok(file) => return Ok((file, path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| format!("cannot make {}", path.display())),
            }
        }
        anyhow::bail!("{} is full of recordings of {name}", self.folder.display())
    }

    /// `lost` is of no line in particular, and is said with the first.
    fn end(&mut self, open: Open, now: Nanos, lost: u64) -> anyhow::Result<()> {
        let about = open.about.clone();
        self.written.push(open.end(now, lost).with_context(|| about.cannot())?);
        Ok(())
    }
}

impl Written {
    fn cannot(&self) -> String {
        format!(
            "cannot write {} (what was flushed of its {} packets can be read)",
            self.path.display(),
            self.packets
        )
    }
}

impl Open {
    /// Whether a packet is a copy of one that it has, or was sent before one.
    fn has(&self, place: Place) -> bool {
        self.numbers.iter().any(|known| known.numbering == place.numbering && is_behind(place, *known))
    }

    fn note(&mut self, place: Place) {
        match self.numbers.iter_mut().find(|known| known.numbering == place.numbering) {
            Some(known) if is_behind(place, *known) => {}
            Some(known) => known.last = place.last,
            None => self.numbers.push(place),
        }
    }

    fn write(&mut self, packet: &Packet<'_>, place: Option<Place>) -> std::io::Result<()> {
        if let Some(place) = place {
            self.note(place);
        }
        let received = Received {
            at: packet.received_at,
            interface: u32::try_from(packet.line).expect("fewer lines than 2³²"),
            source: packet.source,
            destination: packet.destination,
            lost_before: u64::from(packet.lost_before),
            payload: packet.payload,
        };
        self.about.bytes += self.writer.datagram(&received)?;
        self.about.packets += 1;
        self.about.last = packet.received_at;
        let (count, lost) = &mut self.lines[packet.line];
        *count += 1;
        *lost += u64::from(packet.lost_before);
        Ok(())
    }

    fn end(mut self, now: Nanos, untold: u64) -> std::io::Result<Written> {
        for (row, (count, lost)) in self.lines.iter().enumerate() {
            let interface = u32::try_from(row).expect("fewer lines than 2³²");
            let lost = if row == 0 { lost + untold } else { *lost };
            self.writer.statistics(now, interface, *count, lost)?;
        }
        let file = self.writer.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        self.about.bytes = file.metadata()?.len();
        Ok(self.about)
    }
}

/// Whether a packet is the greatest of its numbering, or a little before it; what is far from it starts another one.
fn is_behind(place: Place, greatest: Place) -> bool {
    let behind = match place.numbering {
        // The number after the last of 32 bits is 0.
        Key::Feed(_) => greatest.last.wrapping_sub(place.last) & u64::from(u32::MAX),
        Key::Session(_) => greatest.last.wrapping_sub(place.last),
    };
    behind < COPIES_BEHIND
}

impl Sink for Files {
    fn batch(&mut self, batch: &Batch) -> anyhow::Result<()> {
        batch.packets().try_for_each(|packet| self.packet(&packet))
    }

    fn pause(&mut self, now: Nanos) -> anyhow::Result<()> {
        self.let_go(now)?;
        match &mut self.open {
            Some(open) => open.writer.flush().with_context(|| open.about.cannot()),
            None => Ok(()),
        }
    }

    fn finish(&mut self, now: Nanos, lost: u64) -> anyhow::Result<()> {
        self.close_full(now)?;
        match self.open.take() {
            Some(open) => self.end(open, now, lost),
            None => Ok(()),
        }
    }
}

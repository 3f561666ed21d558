//! The recording's files: pcapng, one after the other, none ever written over.
//!
//! A file is made when its first packet comes, named by that packet's time, and flushed twice a second: a process that
//! is killed loses what came since, and leaves a file that can be read up to there. Files that were ended carry each
//! line's statistics.

use super::Sink;
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
/// Names are tried with numbers behind them; a folder with more files of one second is another trouble.
const NAMES_MAX: u32 = 1_000;

pub(crate) struct Files {
    folder: PathBuf,
    interfaces: Vec<String>,
    bytes_max: Option<u64>,
    age_max: Option<Nanos>,
    open: Option<Open>,
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
            open: None,
            written: Vec::new(),
        })
    }

    /// The files that were ended.
    pub(crate) fn written(&self) -> &[Written] {
        &self.written
    }

    fn packet(&mut self, packet: &Packet<'_>) -> anyhow::Result<()> {
        if self.open.as_ref().is_some_and(|open| self.is_full(&open.about, packet.received_at)) {
            self.close(packet.received_at, 0)?;
        }
        if self.open.is_none() {
            self.open = Some(self.start(packet.received_at)?);
        }
        let open = self.open.as_mut().expect("just made");
        open.write(packet).with_context(|| open.about.cannot())
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
        Ok(Open { writer, about, lines: vec![(0, 0); self.interfaces.len()] })
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

    /// Ends the open file, if there is one. `lost` is of no line in particular, and is said with the first.
    fn close(&mut self, now: Nanos, lost: u64) -> anyhow::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
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
    fn write(&mut self, packet: &Packet<'_>) -> std::io::Result<()> {
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

impl Sink for Files {
    fn batch(&mut self, batch: &Batch) -> anyhow::Result<()> {
        batch.packets().try_for_each(|packet| self.packet(&packet))
    }

    fn pause(&mut self, _now: Nanos) -> anyhow::Result<()> {
        match &mut self.open {
            Some(open) => open.writer.flush().with_context(|| open.about.cannot()),
            None => Ok(()),
        }
    }

    fn finish(&mut self, now: Nanos, lost: u64) -> anyhow::Result<()> {
        self.close(now, lost)
    }
}

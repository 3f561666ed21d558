//! `quoin desk` and `quoin skip`

use crate::terminal::grouped;
use anyhow::{Context as _, bail};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use runtime::desk::{Counts, Desk, DeskError, Terms};
use runtime::replay::{ReplayError, setup_of};
use runtime::restart::{Restarted, skip};
use runtime::snapshot::Cadence;
use runtime::{Config, Setup};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use types::record::{RECORD_BYTES, Record};
use types::{Nanos, PersonId, Seq};

/// An input broke the core.
const POISONED: u8 = 4;
/// Records read at once.
const BATCH: usize = 1_024;
/// How long to wait for input before looking at everything else.
const IDLE_MS: u16 = 100;
/// How long to wait for the journal before asking again.
const GATE: Duration = Duration::from_micros(20);

#[derive(clap::Args)]
#[command(
    after_help = "The live loop over a pipe, for whoever speaks to venues: inputs come in on stdin, commands
go out on stdout, 64 bytes each, in the form of types::record (docs/decisions/0020). The
number of an input is the desk's to give and ignored; its time is when it was received.
A command leaves when the journal has it and all before it: [journal] durability in the
configuration says what that has to survive. Timers are the desk's own; time goes on
with the inputs, so a gateway with nothing to say sends what its clock shows.

With a journal in DIR it goes on with that: from the newest whole snapshot and the
records behind it. Nothing is sent again; every session counts as broken and every book
as stale, until the gateway says otherwise. SIGTERM, SIGINT and the end of the input
write everything, keep a snapshot and leave a journal to go on with.

Exit codes: 0 the end of the input or a signal, 1 failure (disk, a truncated record, what
is no input), 2 wrong usage, 3 a journal that is damaged or does not repeat, 4 an input
that breaks the core.

Examples:
  quoin backtest --data yesterday.dbn.zst --config live.toml --out runs/yesterday
  gateway | quoin desk live/today --setup runs/yesterday | gateway"
)]
pub(crate) struct Args {
    /// The folder of the run
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Begin with the instruments, strategies and limits of this run
    #[arg(long, value_name = "RUN")]
    setup: Option<PathBuf>,
    /// With this configuration in the place of that run's
    #[arg(long, value_name = "FILE", requires = "setup")]
    config: Option<PathBuf>,
    /// A silence of the inputs' times, or a pause of this process, longer than this is a gap
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    gap_after: f64,
    /// A snapshot after so many records
    #[arg(long, value_name = "N", default_value_t = Cadence::default().records, value_parser = clap::value_parser!(u64).range(1..=Cadence::BOUND.records))]
    snapshot_records: u64,
    /// And after so many seconds of the records' time
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=300))]
    snapshot_seconds: i64,
    /// Seal the journal when the input ends: nothing can go on with it
    #[arg(long)]
    seal: bool,
}

#[derive(clap::Args)]
#[command(
    after_help = "A desk that stops with exit code 4 names the input that broke it, and every replay stops
there, too. When two people have looked at it, this writes into the journal that it is
to be passed over, why, and who says so; the desk then starts again.

Example:
  quoin skip live/today --seq 1234567 --reason 'venue sent size zero, bug 812' --by 1 --and 2"
)]
pub(crate) struct SkipArgs {
    /// The folder of the run
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The input's number
    #[arg(long, value_name = "N")]
    seq: u64,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who asks
    #[arg(long, value_name = "PERSON")]
    by: u16,
    /// Who agrees
    #[arg(long, value_name = "PERSON")]
    and: u16,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !(args.gap_after > 0.0 && args.gap_after < 1e6) {
        bail!("--gap-after {} is no span: a number of seconds above zero", args.gap_after);
    }
    match serve(args) {
        Ok(counts) => {
            eprintln!(
                "desk: {} inputs, {} commands, {} gaps, {} snapshots ({} failed)",
                grouped(counts.inputs),
                grouped(counts.commands),
                counts.gaps,
                counts.snapshots,
                counts.snapshots_failed
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => match code_of(&error) {
            Some(code) => {
                eprintln!("error: {error}");
                Ok(ExitCode::from(code))
            }
            None => Err(error),
        },
    }
}

fn code_of(error: &anyhow::Error) -> Option<u8> {
    match error.downcast_ref::<DeskError>()? {
        DeskError::Poison(_) | DeskError::Replay(ReplayError::Poison(_)) => Some(POISONED),
        DeskError::Diverges(_) | DeskError::Replay(ReplayError::Stray { .. }) => Some(super::UNPROVEN),
        DeskError::Replay(ReplayError::Journal(error)) | DeskError::Journal(error)
            if error.is_disbelief() =>
        {
            Some(super::UNPROVEN)
        }
        DeskError::Replay(_)
        | DeskError::Journal(_)
        | DeskError::Setup(_)
        | DeskError::Io { .. }
        | DeskError::Runaway(_) => None,
    }
}

/// What the run is made of: its own journal's word, or else another run's.
fn setup(args: &Args) -> anyhow::Result<(Option<Setup>, Config)> {
    if runtime::desk::has_begun(&args.dir) {
        return Ok((None, setup_of(&args.dir).map_err(DeskError::from)?.config));
    }
    let Some(from) = &args.setup else {
        bail!("{} holds no run to go on with; --setup names one to begin like", args.dir.display());
    };
    let mut setup = setup_of(from).with_context(|| format!("--setup {}", from.display()))?;
    if args.config.is_some() {
        let config = super::read_config(args.config.as_deref())?;
        let traded = setup.strategies.iter().map(|strategy| strategy.traded.clone()).collect();
        setup = Setup::new(config, setup.instruments, traded, Vec::new())?;
    }
    let config = setup.config.clone();
    Ok((Some(setup), config))
}

fn serve(args: &Args) -> anyhow::Result<Counts> {
    let ends = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&ends)).context("listening to signals")?;
    }
    let (setup, config) = setup(args)?;
    #[expect(clippy::cast_possible_truncation, reason = "below a million seconds")]
    let gap_after = Nanos((args.gap_after * 1e9) as i64);
    let usual = Terms::default();
    let terms = Terms {
        journal: journal::Options { poll: usual.journal.poll, ..config.journal.options() },
        snapshots: Some(Cadence {
            records: args.snapshot_records,
            span: Nanos::from_secs(args.snapshot_seconds),
            ..Cadence::default()
        }),
        gap_after,
    };
    let (desk, restarted) = Desk::open(&args.dir, setup.as_ref(), &Setup::engine, terms)?;
    if let Some(restarted) = &restarted {
        tell(restarted);
    }
    let pause = Duration::from_millis(u64::from(IDLE_MS)) + Duration::from_secs_f64(args.gap_after);
    let mut pipe = Pipe { desk, out: Vec::with_capacity(BATCH * RECORD_BYTES), read: 0 };
    let ended = pipe.serve(&ends, pause);
    let Pipe { desk, mut out, .. } = pipe;
    if let Err(error) = ended {
        // What broke the core is in the journal; a snapshot of what it left would be of nothing.
        if !matches!(error.downcast_ref::<DeskError>(), Some(DeskError::Poison(_) | DeskError::Journal(_))) {
            desk.close(false, &mut out)?;
        }
        return Err(error);
    }
    let seal = args.seal && !ends.load(Ordering::Relaxed);
    out.clear();
    let counts = desk.close(seal, &mut out)?;
    write(&out)?;
    Ok(counts)
}

fn tell(restarted: &Restarted) {
    for (name, refused) in &restarted.passed_over {
        eprintln!("snapshot {name} passed over: {refused}");
    }
    let tail = grouped(restarted.replayed.totals.inputs);
    match restarted.from {
        Some(place) => {
            eprintln!("restarted behind input {} by a snapshot, and {tail} inputs behind it", place.seq.0)
        }
        None => eprintln!("restarted from the beginning by {tail} inputs"),
    }
}

/// Both ends, and the desk between them.
struct Pipe {
    desk: Desk,
    out: Vec<u8>,
    /// Whole records so far.
    read: u64,
}

impl Pipe {
    fn serve(&mut self, ends: &AtomicBool, pause: Duration) -> anyhow::Result<()> {
        let stdin = std::io::stdin();
        let mut buffer = vec![0; BATCH * RECORD_BYTES];
        let (mut filled, mut seen) = (0, Instant::now());
        loop {
            self.answer()?;
            if ends.load(Ordering::Relaxed) {
                return Ok(());
            }
            let ready =
                poll(&mut [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)], PollTimeout::from(IDLE_MS));
            if std::mem::replace(&mut seen, Instant::now()).elapsed() > pause {
                self.desk.on_pause()?;
            }
            match ready {
                Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error).context("waiting for input"),
            }
            let count = nix::unistd::read(stdin.as_fd(), &mut buffer[filled..]).context("reading stdin")?;
            if count == 0 {
                return self.at_end(filled);
            }
            filled += count;
            let whole = filled - filled % RECORD_BYTES;
            self.hear(&buffer[..whole])?;
            buffer.copy_within(whole..filled, 0);
            filled -= whole;
        }
    }

    fn hear(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let (records, _) = bytes.as_chunks::<RECORD_BYTES>();
        for bytes in records {
            match Record::from_bytes(bytes) {
                Ok(Record::Input(input)) => self.desk.hear(input.received_at, input.event)?,
                Ok(Record::Command { .. }) => {
                    bail!("record {} on stdin is a command: only inputs come in", self.read)
                }
                Err(error) => bail!("record {} on stdin is none: {error}", self.read),
            }
            self.read += 1;
        }
        Ok(())
    }

    fn at_end(&self, left: usize) -> anyhow::Result<()> {
        if left > 0 {
            bail!(
                "stdin ended within a record: {left} of {RECORD_BYTES} bytes behind {} whole ones, which are taken",
                self.read
            );
        }
        Ok(())
    }

    /// The batch is over: what the engine says to it goes out as soon as the journal has it.
    fn answer(&mut self) -> anyhow::Result<()> {
        self.desk.flush();
        loop {
            self.out.clear();
            self.desk.release(&mut self.out)?;
            write(&self.out)?;
            if !self.desk.holds() {
                break;
            }
            std::thread::sleep(GATE);
        }
        self.desk.look_after();
        Ok(())
    }
}

fn write(out: &[u8]) -> anyhow::Result<()> {
    if out.is_empty() {
        return Ok(());
    }
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(out).and_then(|()| stdout.flush()).context("writing commands to stdout")
}

pub(crate) fn pass_over(args: &SkipArgs) -> anyhow::Result<ExitCode> {
    let config = setup_of(&args.dir)?.config;
    let people = (PersonId(args.by), PersonId(args.and));
    skip(&args.dir, &Setup::engine, config.journal.options(), (Seq(args.seq), &args.reason), people)?;
    eprintln!("input {} will be passed over: people {} and {} agree", args.seq, args.by, args.and);
    Ok(ExitCode::SUCCESS)
}

//! `quoin record`
//!
//! Owns the loop from sockets to [`Sink`]s, and what people see of it. Whatever hears the packets (files, the count of
//! sequence numbers) is a sink; a new one is one more in the list of [`to_all`]. Files that are ended become history
//! behind it.

mod books;
mod clock;
mod files;
mod history;
mod language;
mod lines;
mod live;
mod sequences;
mod summary;

use crate::terminal::{self, Unit, grouped};
use anyhow::{Context as _, bail};
use clock::Clock;
use files::Files;
use history::{History, Outcome};
use lines::Lines;
use live::Live;
use net::multicast::{self, Batch, Config, Receiver, Wait};
use sequences::Sequences;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use types::Nanos;

/// How often files are flushed, silence is noticed and the live line is thought of.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait for a packet before looking at the clock and at Ctrl-C.
const WAIT: Duration = Duration::from_millis(100);
/// How long packets that wait are still read once the recording is to end: lines that are never silent must end, too.
const DRAIN: Duration = Duration::from_millis(200);
/// What a shell says of a process that Ctrl-C ended.
const LEFT: i32 = 130;
/// `SO_BUSY_POLL` where it is asked for: what Linux's own documentation suggests.
const BUSY_POLL_US: u32 = 50;

#[derive(clap::Args)]
#[command(
    group(clap::ArgGroup::new("what").required(true).args(["group", "channels"])),
    after_help = "Lines are joined by address, or by number from the configuration that CME publishes (config.xml).
What arrives is written as pcapng with nanoseconds, one interface for each line, whose
statistics say what the kernel lost. Ctrl-C ends the recording; whatever happens, the file
can be read up to its last flush, at most half a second before.

Each file that is ended is decoded, CME MDP 3.0 and NASDAQ MoldUDP64 alike, and kept as
history in the same folder: `quoin query` and `quoin backtest --data` take it as it is. A
second Ctrl-C leaves that; `quoin import` of the files makes the same history later. Each
file is a recording of its own, whose books begin anew: with --rotate-size and
--rotate-every, record the snapshot feeds, too (S and SMBO of CME). An instrument that a
file shows before its definition goes by its number there: `#411873`.

Examples:
  quoin record --to day --channels config.xml --channel 310 --for 8h --interface eth1
  quoin record --to day --channels config.xml --product ES --feeds I,N
  quoin record --to day --group 224.0.31.1:14310 --group 224.0.32.1:15310 --busy-poll --recvmmsg
  quoin record --to raw --group 233.54.12.111:26477 --captures-only
  quoin query day --bars 1m
  quoin backtest --data day"
)]
pub(crate) struct Args {
    /// The folder for the files; made where it is not there
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// A line to join, as ADDRESS:PORT, or SENDER@ADDRESS:PORT to hear only this sender
    #[arg(long, value_name = "LINE")]
    group: Vec<String>,
    /// CME's channel configuration
    #[arg(long, value_name = "FILE")]
    channels: Option<PathBuf>,
    /// A channel of it, by number
    #[arg(long, requires = "channels", value_name = "NUMBER")]
    channel: Vec<u32>,
    /// The channels of it that carry a product
    #[arg(long, requires = "channels", value_name = "CODE")]
    product: Vec<String>,
    /// Which feeds of these channels: I, N, S, SMBO; all where none is named
    #[arg(long, requires = "channels", value_delimiter = ',', value_name = "FEED")]
    feeds: Vec<String>,
    /// The interface's name or address
    #[arg(long, value_name = "NAME")]
    interface: Option<String>,
    /// When to stop by itself: 90s, 10m, 8h30m
    #[arg(long = "for", value_name = "SPAN", value_parser = lines::span)]
    duration: Option<Duration>,
    /// Ask the sockets again and again instead of sleeping: a core's time for some 15 µs
    #[arg(long)]
    busy_poll: bool,
    /// Read up to 64 packets with one system call
    #[arg(long)]
    recvmmsg: bool,
    /// Whose receive times are asked for
    #[arg(long, value_enum, default_value = "kernel")]
    clock: Stamps,
    /// Bytes that may wait in each socket
    #[arg(long, default_value = "16M", value_name = "SIZE", value_parser = lines::size)]
    buffer: u64,
    /// Start a new file when this one is so large: 512M, 4G
    #[arg(long, value_name = "SIZE", value_parser = lines::size)]
    rotate_size: Option<u64>,
    /// Start a new file when this one is so old: 15m, 1h
    #[arg(long, value_name = "SPAN", value_parser = lines::span)]
    rotate_every: Option<Duration>,
    /// Keep no history beside the captures
    #[arg(long, visible_alias = "no-history")]
    captures_only: bool,
    /// Terms of instruments that the data does not define, for the history
    #[arg(long, value_name = "FILE", conflicts_with = "captures_only")]
    config: Option<PathBuf>,
    /// How often a channel says that it is alive; three times without is said to be silent
    #[arg(long, default_value = "30s", value_name = "SPAN", value_parser = lines::span)]
    heartbeat: Duration,
    /// The summary as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Stamps {
    /// The network card's where it gives them, else the kernel's
    Hardware,
    /// The kernel's
    Kernel,
    /// Ours, when the system call returned
    Return,
}

/// What hears every packet of a recording.
pub(crate) trait Sink {
    /// A batch came; it is good for this call.
    fn batch(&mut self, batch: &Batch) -> anyhow::Result<()>;

    /// Half a second went by, with packets or without.
    fn pause(&mut self, now: Nanos) -> anyhow::Result<()>;

    /// There will be no more. `lost` is what the kernel dropped and no packet told.
    fn finish(&mut self, now: Nanos, lost: u64) -> anyhow::Result<()>;
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let lines = chosen(args)?;
    let terms = super::read_config(args.config.as_deref())?;
    let config = config(args, &lines)?;
    let mut receiver = Receiver::new(&config)?;
    let mut files = Files::create(&args.to, &lines, args.rotate_size, args.rotate_every)?;
    let heartbeat = Nanos(i64::try_from(args.heartbeat.as_nanos()).unwrap_or(i64::MAX));
    let mut clock = Clock::start();
    let mut sequences = Sequences::new(&lines, heartbeat, clock.now());
    let mut history = if args.captures_only { None } else { Some(History::start(&args.to, terms)?) };
    let [stop, recorded] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    for signal in [SIGINT, SIGTERM] {
        // Once every file is ended, nothing is lost by leaving at once.
        signal_hook::flag::register_conditional_shutdown(signal, LEFT, Arc::clone(&recorded))
            .context("listening for Ctrl-C")?;
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("listening for Ctrl-C")?;
    }
    let granted = receiver.buffer_bytes()?;
    if granted < config.buffer_bytes {
        eprintln!(
            "The kernel grants each socket {} bytes and not {}: see sysctl net.core.rmem_max.",
            grouped(granted as u64),
            grouped(config.buffer_bytes as u64)
        );
    }
    eprintln!("Listening to {} lines; Ctrl-C ends the recording.", lines.all().len());
    let mut batch = Batch::new(&config);
    let mut live = Live::new();
    let (started, mut paused) = (Instant::now(), Instant::now());
    while !stop.load(Ordering::Relaxed) && args.duration.is_none_or(|limit| started.elapsed() < limit) {
        receiver.poll(&mut batch).context("receiving")?;
        if let Some(alarm) = clock.stamp(&mut batch) {
            live.say(&alarm);
        }
        to_all(&mut files, &mut sequences, |sink| sink.batch(&batch))?;
        if paused.elapsed() >= PAUSE {
            paused = Instant::now();
            let now = clock.now();
            to_all(&mut files, &mut sequences, |sink| sink.pause(now))?;
            if let Some(history) = &mut history {
                history.follow(files.written());
            }
            live.show(receiver.counts(), &sequences, history.as_ref());
        }
    }
    // What waits in the sockets was sent before the end.
    let ended = Instant::now();
    while ended.elapsed() < DRAIN && receiver.poll(&mut batch).context("receiving")? > 0 {
        clock.stamp(&mut batch);
        to_all(&mut files, &mut sequences, |sink| sink.batch(&batch))?;
    }
    live.clear();
    let untold = receiver.dropped().unwrap_or(0).saturating_sub(receiver.counts().lost);
    let now = clock.now();
    to_all(&mut files, &mut sequences, |sink| sink.finish(now, untold))?;
    recorded.store(true, Ordering::Relaxed);
    let imports = match &mut history {
        Some(history) => settle(history, &files)?,
        None => Vec::new(),
    };
    let summary = summary::Summary {
        lines: &lines,
        counts: receiver.counts(),
        untold,
        clock: &clock,
        files: &files,
        sequences: &sequences,
        imports: &imports,
    };
    terminal::print(&if args.json { summary.json() } else { summary.text() })?;
    refuse(&imports, &args.to)
}

/// Waits for the history of what was recorded.
fn settle(history: &mut History, files: &Files) -> anyhow::Result<Vec<Outcome>> {
    history.follow(files.written());
    let bar = terminal::progress("history", 0, Unit::Bytes);
    while !history.is_idle() {
        let (at, of) = history.progress();
        bar.set_length(of);
        bar.set_position(at);
        std::thread::sleep(WAIT);
    }
    bar.finish_and_clear();
    history.finish()
}

/// The captures are whole; what is not is their history.
fn refuse(imports: &[Outcome], to: &Path) -> anyhow::Result<ExitCode> {
    let failed: Vec<String> = imports
        .iter()
        .filter_map(|outcome| {
            let why = outcome.import.as_ref().err()?;
            let (path, to) = (outcome.path.display(), to.display());
            Some(format!("{path} is recorded and is not in the history: {why}; `quoin import {path} --to {to}` tries again"))
        })
        .collect();
    if failed.is_empty() { Ok(ExitCode::SUCCESS) } else { bail!("{}", failed.join("\n")) }
}

/// Every sink in turn. The files are first: what could not be written down was not recorded.
fn to_all(
    files: &mut Files,
    sequences: &mut Sequences,
    mut tell: impl FnMut(&mut dyn Sink) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let sinks: [&mut dyn Sink; 2] = [files, sequences];
    sinks.into_iter().try_for_each(&mut tell)
}

/// The lines that are asked for.
fn chosen(args: &Args) -> anyhow::Result<Lines> {
    let Some(path) = &args.channels else { return Lines::named(&args.group) };
    if args.channel.is_empty() && args.product.is_empty() {
        bail!("--channels needs --channel or --product beside it");
    }
    let cannot = || format!("cannot read {}", path.display());
    let text = std::fs::read_to_string(path).with_context(cannot)?;
    let channels = runtime::channels::Channels::parse(&text).with_context(cannot)?;
    Lines::of_channels(&channels, &args.channel, &args.product, &args.feeds)
}

fn config(args: &Args, lines: &Lines) -> anyhow::Result<Config> {
    let mut config = Config::new(lines.joins());
    config.interface.clone_from(&args.interface);
    config.buffer_bytes = usize::try_from(args.buffer).context("--buffer is larger than this machine")?;
    config.batched = args.recvmmsg;
    config.wait = if args.busy_poll { Wait::Spin(WAIT) } else { Wait::Sleep(WAIT) };
    config.busy_poll_us = args.busy_poll.then_some(BUSY_POLL_US);
    config.clock = match args.clock {
        Stamps::Hardware => multicast::Clock::Hardware,
        Stamps::Kernel => multicast::Clock::Kernel,
        Stamps::Return => multicast::Clock::Return,
    };
    Ok(config)
}

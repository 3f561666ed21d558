//! `quoin record`
//!
//! Owns the loop from sockets to [`Sink`]s, and what people see of it. Whatever hears the packets (files, the count of
//! sequence numbers) is a sink; a new one is one more in the list of [`to_all`].

mod files;
mod lines;
mod live;
mod sequences;

use crate::terminal::{self, grouped};
use anyhow::{Context as _, bail};
use files::Files;
use lines::Lines;
use live::Live;
use net::multicast::{Batch, Clock, Config, Receiver, Wait};
use reports::number;
use sequences::Sequences;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use types::Nanos;

/// How often files are flushed, silence is noticed and the live line is thought of.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait for a packet before looking at the clock and at Ctrl-C.
const WAIT: Duration = Duration::from_millis(100);
/// How long packets that wait are still read once the recording is to end: lines that are never silent must end, too.
const DRAIN: Duration = Duration::from_millis(200);
/// `SO_BUSY_POLL` where it is asked for: what Linux's own documentation suggests.
const BUSY_POLL_US: u32 = 50;

#[derive(clap::Args)]
#[command(
    group(clap::ArgGroup::new("what").required(true).args(["group", "channels"])),
    after_help = "Lines are joined by address, or by number from the configuration that CME publishes (config.xml).
What arrives is written as pcapng with nanoseconds, one interface for each line, whose
statistics say what the kernel lost. Ctrl-C ends the recording; whatever happens, the file
can be read up to its last flush, at most half a second before.

Examples:
  quoin record --to day --channels config.xml --channel 310 --for 8h --interface eth1
  quoin record --to day --channels config.xml --product ES --feeds I,N
  quoin record --to day --group 224.0.31.1:14310 --group 224.0.32.1:15310 --busy-poll --recvmmsg"
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
    let config = config(args, &lines)?;
    let mut receiver = Receiver::new(&config)?;
    let mut files = Files::create(&args.to, &lines, args.rotate_size, args.rotate_every)?;
    let mut sequences = Sequences::new(&lines);
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
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
        to_all(&mut files, &mut sequences, |sink| sink.batch(&batch))?;
        if paused.elapsed() >= PAUSE {
            paused = Instant::now();
            let now = now();
            to_all(&mut files, &mut sequences, |sink| sink.pause(now))?;
            live.show(receiver.counts(), &sequences);
        }
    }
    // What waits in the sockets was sent before the end.
    let ended = Instant::now();
    while ended.elapsed() < DRAIN && receiver.poll(&mut batch).context("receiving")? > 0 {
        to_all(&mut files, &mut sequences, |sink| sink.batch(&batch))?;
    }
    live.clear();
    let untold = receiver.dropped().unwrap_or(0).saturating_sub(receiver.counts().lost);
    let now = now();
    to_all(&mut files, &mut sequences, |sink| sink.finish(now, untold))?;
    summarise(args, &lines, &receiver, untold, &files, &sequences)
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
        Stamps::Hardware => Clock::Hardware,
        Stamps::Kernel => Clock::Kernel,
        Stamps::Return => Clock::Return,
    };
    Ok(config)
}

fn now() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

fn summarise(
    args: &Args,
    lines: &Lines,
    receiver: &Receiver,
    untold: u64,
    files: &Files,
    sequences: &Sequences,
) -> anyhow::Result<ExitCode> {
    let counts = receiver.counts();
    if args.json {
        let files: Vec<_> = files
            .written()
            .iter()
            .map(|file| json!({"path": file.path.display().to_string(), "packets": file.packets, "bytes": file.bytes}))
            .collect();
        let answer = json!({
            "packets": counts.packets,
            "lost_by_kernel": counts.lost + untold,
            "too_long": counts.too_long,
            "strangers": counts.strangers,
            "lines": lines.all().iter().zip(sequences.lines())
                .map(|(line, count)| json!({"line": line.name, "packets": count.packets, "bytes": count.bytes, "clock": count.clock}))
                .collect::<Vec<_>>(),
            "channels": sequences.channels()
                .map(|channel| json!({"channel": channel.name, "lost": channel.lost, "duplicate": channel.duplicate, "damaged": channel.damaged}))
                .collect::<Vec<_>>(),
            "files": files,
        });
        terminal::print(&format!("{answer:#}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = terminal::table(&["line", "packets", "bytes", "clock"]);
    for (line, count) in lines.all().iter().zip(sequences.lines()) {
        let cells = [line.name.clone(), grouped(count.packets), grouped(count.bytes), count.clock.into()];
        terminal::row(&mut table, cells);
    }
    let mut text = format!("{table}\n\n");
    let mut table = terminal::table(&["channel", "lost by sequence", "duplicate", "unreadable"]);
    for channel in sequences.channels() {
        let [lost, duplicate, damaged] = [channel.lost, channel.duplicate, channel.damaged].map(grouped);
        terminal::row(&mut table, [channel.name, lost, duplicate, damaged]);
    }
    text.push_str(&format!("{table}\n\n"));
    let mut table = terminal::table(&["not recorded", "packets"]);
    for (what, count) in [
        ("lost by the kernel", counts.lost + untold),
        ("longer than a frame", counts.too_long),
        ("to other lines", counts.strangers),
    ] {
        terminal::row(&mut table, [what.to_string(), grouped(count)]);
    }
    text.push_str(&format!("{table}\n\n"));
    for file in files.written() {
        let span = number::span(file.last - file.first);
        text.push_str(&format!(
            "{}: {} packets over {span}, {} bytes\n",
            file.path.display(),
            grouped(file.packets),
            grouped(file.bytes)
        ));
    }
    if files.written().is_empty() {
        text.push_str("Nothing arrived, and no file was written.\n");
    }
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

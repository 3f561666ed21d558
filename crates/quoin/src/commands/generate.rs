//! `quoin generate`

use crate::terminal::{self, Unit, grouped, permille};
use anyhow::{Context as _, bail};
use clap::ValueEnum;
use runtime::generate::{Kind as Model, session, write_session};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "The session is a capture of CME MDP 3.0 packets on lines A and B, with definitions,
prices by order and by level, and trades. The same seed gives the same bytes.
Each line loses packets by its own chance, so that what both lose is missing; with
losses, snapshots are sent round and round, and books recover from them.

Examples:
  quoin generate --kind queue-reactive --seed 7 --out day.pcap
  quoin generate --kind hawkes --seed 7 --minutes 60 --loss-ppm 20000 --out lossy.pcap
  quoin backtest --data day.pcap")]
pub(crate) struct Args {
    /// How orders arrive
    #[arg(long, value_enum, default_value = "queue-reactive")]
    kind: Kind,
    /// Which session of that kind
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long it lasts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: u32,
    /// Packets lost on each line, of a million
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=500_000))]
    loss_ppm: u32,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Intensities that depend on the queue (Huang, Lehalle & Rosenbaum 2015)
    QueueReactive,
    /// Market orders that excite each other (Hawkes)
    Hawkes,
    /// Constant intensities
    Poisson,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.out.exists() && !args.force {
        bail!("{} is there already; --force writes over it", args.out.display());
    }
    let model = match args.kind {
        Kind::QueueReactive => Model::QueueReactive,
        Kind::Hawkes => Model::Hawkes,
        Kind::Poisson => Model::Poisson,
    };
    let config = session(model, args.seed, args.minutes, args.loss_ppm);
    let cannot = || format!("cannot write {}", args.out.display());
    let file = File::create(&args.out).with_context(cannot)?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let bar = terminal::progress("generating", 1_000, Unit::Share);
    let tick = |share| bar.set_position(permille(share));
    let packets = write_session(config, &mut file, tick).with_context(cannot)?;
    bar.finish_and_clear();
    file.flush().with_context(cannot)?;
    let bytes = std::fs::metadata(&args.out).with_context(cannot)?.len();
    terminal::print(&format!(
        "{}: {} packets, {} bytes\n",
        args.out.display(),
        grouped(packets),
        grouped(bytes)
    ))?;
    Ok(ExitCode::SUCCESS)
}

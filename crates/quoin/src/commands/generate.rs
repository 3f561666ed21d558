//! `quoin generate`

use crate::terminal::{self, Unit, grouped, permille};
use anyhow::Context as _;
use clap::ValueEnum;
use runtime::day;
use runtime::generate::{Kind as Model, session, write_session};
use runtime::market::MarketFile;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "The session is a capture of CME MDP 3.0 packets on lines A and B, with definitions,
prices by order and by level, and trades. The same seed gives the same bytes.
Each line loses packets by its own chance, so that what both lose is missing; with
losses, snapshots are sent round and round, and books recover from them.

--like makes a day of a market of agents instead, as a Databento DBN file (market by
order): what the agents do when nobody trades with them.

Examples:
  quoin generate --kind queue-reactive --seed 7 --out day.pcap
  quoin generate --kind hawkes --seed 7 --minutes 60 --loss-ppm 20000 --out lossy.pcap
  quoin generate --like goog.toml --seed 7 --hours 2 --out day.dbn
  quoin backtest --data day.pcap")]
pub(crate) struct Args {
    /// How orders arrive
    #[arg(long, value_enum, default_value = "queue-reactive")]
    kind: Kind,
    /// A market of agents, as `quoin calibrate` wrote it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "minutes", "loss_ppm"])]
    like: Option<PathBuf>,
    /// How long its day lasts; as long as the recorded one by default
    #[arg(long, value_name = "H", requires = "like", value_parser = hours)]
    hours: Option<f64>,
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

pub(super) fn hours(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "hours are a number".to_owned())?;
    (value > 0.0 && value <= 168.0).then_some(value).ok_or_else(|| "hours lie between 0 and 168".into())
}

/// A day of a market of agents.
fn like(args: &Args, file: &MarketFile) -> anyhow::Result<ExitCode> {
    let cannot = || format!("cannot write {}", args.out.display());
    let out = File::create(&args.out).with_context(cannot)?;
    let mut out = BufWriter::with_capacity(1 << 20, out);
    let bar = terminal::progress("generating", 1_000, Unit::Share);
    let seconds = args.hours.map(|hours| hours * 3_600.0);
    let made = day::write(file, args.seed, seconds, &mut out, |share| bar.set_position(permille(share)));
    let made = made.with_context(cannot)?;
    bar.finish_and_clear();
    out.flush().with_context(cannot)?;
    let mut text = format!("{}: {} records\n", args.out.display(), grouped(made));
    if file.model.instrument.lot_nanos != stdx::decimal::ONE {
        text.push_str(
            "Its sizes count lots, because DBN has whole numbers only; [[instrument]] in a configuration gives it the\n\
             lot's worth as multiplier. `quoin backtest --market` needs no such thing.\n",
        );
    }
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::refuse_overwriting(&args.out, args.force)?;
    if let Some(path) = &args.like {
        return like(args, &MarketFile::read(path)?);
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

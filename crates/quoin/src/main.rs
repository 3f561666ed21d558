//! The one binary: backtests, inspects, records, replays, verifies, generates.
//!
//! Owns the command line, progress and exit codes; everything it shows comes from the crates behind it.

mod commands;
mod terminal;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Backtest, replay and verify trading strategies on recorded market data.
///
/// Every decision can be replayed bit for bit, from the packet that arrived to the order that left.
#[derive(Parser)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "Examples:
  quoin backtest                                  an embedded session: no files, no set-up
  quoin backtest --data es.dbn.zst --out runs/es  a recorded day; report and journal in runs/es
  quoin sweep --config sweep.toml --out sweeps/1  many configurations, and how much of the best is luck
  quoin inspect es.dbn.zst                        what is in a recording
  quoin inspect day.pcap --messages --limit 20    its messages, field by field
  quoin import es.dbn.zst --to history            keep it as Parquet, for runs, queries and other tools
  quoin query history --symbol ESH4 --bars 1m     ask it
  quoin record --to day --channels config.xml --channel 310
                                                  capture live lines, and keep their events as history
  quoin report runs/es --format md,csv            a run's tear sheet and tables, for other tools
  quoin verify runs/es                            prove that the run can be repeated, command for command

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 a journal that is damaged or does not repeat.
Set NO_COLOR to switch colours off."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a strategy against recorded or generated market data
    Backtest(commands::backtest::Args),
    /// Run a strategy for many configurations, and say how much of the best is luck
    Sweep(commands::sweep::Args),
    /// Compare two runs: configuration, figures, and a paired test on the same time
    Compare(commands::compare::Args),
    /// Show what is in a recording: instruments, span, counts, gaps, crossed books; or its messages
    Inspect(commands::inspect::Args),
    /// Record multicast lines into capture files and history
    #[cfg(target_os = "linux")]
    Record(commands::record::Args),
    /// Put recordings into a history of Parquet files, checked
    Import(commands::import::Args),
    /// Ask a history: bars, spreads, depth, events, SQL
    Query(commands::query::Args),
    /// Write a run's report anew: HTML, Markdown, CSV, JSON; nothing is run
    Report(commands::report::Args),
    /// Run a journal again and show its report
    Replay(commands::replay::ReplayArgs),
    /// Prove that a journal is unbroken and that its commands repeat
    Verify(commands::verify::Args),
    /// Make a key that signs journals, or show its public half
    Keys(commands::keys::Args),
    /// Trade live over a pipe: inputs in, commands out, everything journalled first
    #[cfg(target_os = "linux")]
    Desk(commands::desk::Args),
    /// Let two people agree that an input which breaks the core is passed over
    #[cfg(target_os = "linux")]
    Skip(commands::desk::SkipArgs),
    /// Fit a market of agents to a recorded day
    Calibrate(commands::calibrate::Args),
    /// Show the stylised facts of recordings and markets side by side
    Facts(commands::facts::Args),
    /// Weather everything that can go wrong, on simulated time, by a seed
    Storm(commands::storm::Args),
    /// Write a synthetic session in a real wire format
    Generate(commands::generate::Args),
    /// Print the configuration with comments, or check a file
    Config(commands::config::Args),
    /// List the risk controls with the limits they read
    Controls(commands::controls::Args),
    /// List the strategies with their parameters
    Strategies(commands::strategies::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Backtest(args) => commands::backtest::run(&args),
        Command::Sweep(args) => commands::sweep::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        #[cfg(target_os = "linux")]
        Command::Record(args) => commands::record::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Query(args) => commands::query::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Replay(args) => commands::replay::replay(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Keys(args) => commands::keys::run(&args),
        #[cfg(target_os = "linux")]
        Command::Desk(args) => commands::desk::run(&args),
        #[cfg(target_os = "linux")]
        Command::Skip(args) => commands::desk::pass_over(&args),
        Command::Calibrate(args) => commands::calibrate::run(&args),
        Command::Facts(args) => commands::facts::run(&args),
        Command::Storm(args) => commands::storm::run_command(&args),
        Command::Generate(args) => commands::generate::run(&args),
        Command::Config(args) => commands::config::run(&args),
        Command::Controls(args) => commands::controls::run(&args),
        Command::Strategies(args) => commands::strategies::run(&args),
    };
    match result {
        Ok(code) => code,
        // A reader that had enough (`quoin inspect … | head`) is no failure.
        Err(error) if terminal::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", terminal::reason(&error));
            ExitCode::FAILURE
        }
    }
}

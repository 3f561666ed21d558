//! `quoin verify`

use super::replay::again;
use crate::terminal::{self, grouped};
use anyhow::bail;
use engine::StateHash;
use journal::{Anchor, Coverage, Ending, JournalError, Trust, Verified, verify_with};
use runtime::backtest::Observer;
use runtime::replay::Replayed;
use runtime::states::{self, Parting, States};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use types::{Command, Input, Seq};

#[derive(clap::Args)]
#[command(after_help = "Checks, in this order: every block's checksum; the hash chain from the first
block to the last, through all files; every signature; what --key and --anchor
ask for; that each command in the journal is what this program answers to the
same inputs.

A journal without its seal was cut: by a kill, a full disk, a power failure.
What stands before the cut is proved, and how many bytes were ignored is said.
How far signatures reach is said too: what stands behind the last one could
have been written by anybody, and only an anchor shows what was taken off.

Exit codes: 0 proved, 1 the journal cannot be read, 3 damaged, tampered with,
not signed by that key, older than the anchor, or not repeatable.

With --states the engine's state is compared, too: its hash behind every 65,536th input and
at the end with those that the run wrote into states.txt. Two machines whose commands are
the same and whose states are not will part ways sooner or later.

Examples:
  quoin verify runs/es
  quoin verify runs/es --states
  quoin verify runs/es --key desk.pub --anchor /elsewhere/anchor")]
pub(crate) struct Args {
    /// The folder of a run
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Who must have signed it: a public key, or a file that holds one
    #[arg(long, value_name = "PUB")]
    key: Option<String>,
    /// What was kept of it elsewhere: it must be that journal, and no older
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// Compare the engine's state with the hashes in states.txt
    #[arg(long)]
    states: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) struct Nobody;

impl Observer for Nobody {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &engine::Engine) {}
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let trust = Trust {
        key: args.key.as_deref().map(super::keys::public).transpose()?,
        anchor: args.anchor.as_deref().map(Anchor::read).transpose()?,
    };
    let verified = match verify_with(&args.dir, &trust) {
        Ok(verified) => verified,
        Err(error) if error.is_disbelief() => return disbelieved(args.json, &error),
        Err(error) => return Err(error.into()),
    };
    let (replayed, states) =
        if args.states { with_states(args)? } else { (again(&args.dir, &mut Nobody)?, None) };
    let proved =
        replayed.divergence.is_none() && states.as_ref().is_none_or(|states| states.parting.is_none());
    let said = states.as_ref().map_or(String::new(), Compared::words);
    let text = format!("{}{}{said}", chain(&verified, &trust), commands(&replayed));
    say(args.json, &machine(&verified, &trust, &replayed, states.as_ref()), &text)?;
    Ok(if proved { ExitCode::SUCCESS } else { super::unproven() })
}

/// The state's hashes, beside those that the run wrote down.
struct Compared {
    recorded: Vec<(Seq, StateHash)>,
    parting: Option<Parting>,
}

impl Compared {
    fn words(&self) -> String {
        match (&self.parting, self.recorded.last()) {
            (Some(Parting { seq, recorded, found }), _) => format!(
                "\nstate    DIFFERS behind input {}:\n  written {recorded}\n  replay  {}",
                seq.0,
                found.map_or("none".to_owned(), |hash| hash.to_string())
            ),
            (None, Some((seq, hash))) => format!(
                "\nstate    equal: {} hashes, the last behind input {}: {hash}",
                grouped(self.recorded.len() as u64),
                seq.0
            ),
            (None, None) => "\nstate    equal: there was no input".into(),
        }
    }
}

fn with_states(args: &Args) -> anyhow::Result<(Replayed, Option<Compared>)> {
    let Some(recorded) = states::read(&args.dir)? else {
        bail!(
            "{} has no {}: `quoin backtest --out` writes it, for strategies whose state can be saved",
            args.dir.display(),
            states::FILE_NAME
        );
    };
    let mut states = States::default();
    let replayed = again(&args.dir, &mut states)?;
    if let Some(last) = replayed.totals.inputs.checked_sub(1) {
        states.take(Seq(last), &replayed.engine);
    }
    let parting = states.parting(&recorded, replayed.ending != Ending::Sealed);
    Ok((replayed, Some(Compared { recorded, parting })))
}

fn disbelieved(json: bool, error: &JournalError) -> anyhow::Result<ExitCode> {
    say(json, &json!({ "proved": false, "why": error.to_string() }), &error.to_string())?;
    Ok(super::unproven())
}

fn machine(verified: &Verified, trust: &Trust, replayed: &Replayed, states: Option<&Compared>) -> Value {
    let cut = match replayed.ending {
        Ending::Sealed => None,
        Ending::Cut { at, lost, why } => Some(json!({ "at": at, "bytes_lost": lost, "why": why })),
    };
    let Coverage { checkpoints, records, blocks, last_seq, key, to_the_seal } = verified.coverage;
    json!({
        "proved": replayed.divergence.is_none() && states.is_none_or(|states| states.parting.is_none()),
        "states": states.map(|states| json!({
            "hashes": states.recorded.len(),
            "equal": states.parting.is_none(),
            "differs_behind": states.parting.map(|parting| parting.seq.0),
        })),
        "inputs": replayed.totals.inputs,
        "commands": replayed.totals.commands,
        "head": replayed.summary.head.to_string(),
        "segments": u64::from(verified.last_segment) + 1,
        "bytes": verified.summary.bytes,
        "cut": cut,
        "signed": {
            "checkpoints": checkpoints,
            "records": records,
            "records_behind": verified.summary.records - records,
            "blocks": blocks,
            "last_seq": last_seq.map(|seq| seq.0),
            "key": key.map(|key| key.to_string()),
            "key_asked_for": trust.key.is_some(),
            "to_the_seal": to_the_seal,
        },
        "anchor": trust.anchor.map(|anchor| json!({
            "records": anchor.checkpoint().records,
            "block": anchor.checkpoint().block,
            "sealed": anchor.checkpoint().last,
        })),
        "divergence": replayed.divergence.map(|d| format!("{d:?}")),
    })
}

fn say(json: bool, machine: &Value, human: &str) -> anyhow::Result<()> {
    terminal::print(&if json { format!("{machine:#}\n") } else { format!("{human}\n") })
}

/// What a replay showed, with the chain's head.
pub(super) fn outcome(replayed: &Replayed) -> String {
    format!("{}{}", ending(replayed.ending, &replayed.summary.head.to_string(), 1), commands(replayed))
}

fn chain(verified: &Verified, trust: &Trust) -> String {
    let files = verified.last_segment + 1;
    let mut text = ending(verified.ending, &verified.summary.head.to_string(), files);
    text.push_str(&signatures(verified, trust));
    if let Some(anchor) = trust.anchor {
        let said = anchor.checkpoint();
        let what = if said.last { "the whole run" } else { "nothing older" };
        text.push_str(&format!("anchor   fits: {} records, {what}\n", grouped(said.records)));
    }
    text
}

fn ending(ending: Ending, head: &str, files: u32) -> String {
    let through = if files == 1 { String::new() } else { format!(" through {files} files") };
    match ending {
        Ending::Sealed => format!("chain    unbroken and sealed{through}, head {head}\n"),
        Ending::Cut { at, lost, why } => format!(
            "chain    unbroken{through} up to byte {}, where it was cut ({why}; {} bytes ignored), head {head}\n",
            grouped(at),
            grouped(lost),
        ),
    }
}

/// What is covered by a signature, and what is not.
fn signatures(verified: &Verified, trust: &Trust) -> String {
    let coverage = verified.coverage;
    let Some(key) = coverage.key else {
        return "signed   by nobody: who can write the file can write another\n".into();
    };
    let reach = match verified.summary.records - coverage.records {
        _ if coverage.to_the_seal => "all of it".into(),
        0 => format!("all {} records; the end of the run is not", grouped(coverage.records)),
        behind => {
            format!("{} records; the {} behind them are not", grouped(coverage.records), grouped(behind))
        }
    };
    let whose = if trust.key.is_some() { "as was asked for" } else { "whoever that is: name it with --key" };
    format!("signed   {reach}; {} times by {key}, {whose}\n", grouped(coverage.checkpoints))
}

fn commands(replayed: &Replayed) -> String {
    match &replayed.divergence {
        None => format!(
            "commands equal: {} inputs gave the same {} commands",
            grouped(replayed.totals.inputs),
            grouped(replayed.totals.commands),
        ),
        Some(d) => format!(
            "commands DIFFER at input {} ({}), answer {}:\n  journal {:?}\n  replay  {:?}",
            d.input.seq.0,
            d.input.event.kind(),
            d.place,
            d.recorded,
            d.replayed,
        ),
    }
}

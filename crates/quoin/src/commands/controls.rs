//! `quoin controls`

use crate::terminal;
use risk::{CONTROLS, Level, LimitId, Limits, Setting};
use runtime::Config;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "Examples:
  quoin controls                       every control and the limits it reads, with their defaults
  quoin controls --config quoin.toml   the same with the values of a configuration
  quoin controls --markdown            the manual page docs/controls.md")]
pub(crate) struct Args {
    /// For other programs
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// The manual page
    #[arg(long)]
    markdown: bool,
    /// The values in force by this configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.markdown {
        terminal::print(&risk::manual::page())?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = match &args.config {
        Some(path) => super::read_config(Some(path))?,
        None => Config::default(),
    };
    let strategies: Vec<&str> = config.risk.strategy.iter().map(|entry| entry.name.as_str()).collect();
    let limits = config.risk.limits(&strategies)?;
    if args.json {
        terminal::print(&format!("{:#}\n", as_json(&limits)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = terminal::table(&["control", "what it is", "limit", "of", "value", "unit"]);
    for control in CONTROLS {
        table.add_row([control.id, control.name, "", "", "", control.acts]);
        for limit in control.limits {
            for (whose, setting) in values(&limits, *limit) {
                let unit = limit.spec().unit.name();
                table.add_row(["", "", limit.name(), &whose, &shown(*limit, setting), unit]);
            }
        }
    }
    terminal::print(&format!("{table}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// What is set of a limit: for each level, and for each that has its own.
fn values(limits: &Limits, limit: LimitId) -> Vec<(String, Setting)> {
    let mut values = Vec::new();
    for level in limit.spec().levels {
        let of = limits.level(*level);
        let whose = if *level == Level::Firm { "firm".into() } else { format!("every {level}") };
        values.push((whose, of.every.of(limit)));
        let own = of.own.iter().map(|(name, own)| (format!("{level} {name}"), own.of(limit)));
        values.extend(own.filter(|(_, setting)| *setting != Setting::Unset));
    }
    values
}

fn shown(limit: LimitId, setting: Setting) -> String {
    match (setting, limit.spec().unit) {
        (Setting::Unset, _) => "unset".into(),
        (Setting::Off, _) => "off".into(),
        (Setting::At(row), risk::LimitUnit::Choice(words)) => {
            let word = usize::try_from(row).ok().and_then(|row| words.get(row));
            word.map_or_else(|| row.to_string(), |word| (*word).into())
        }
        (Setting::At(number), unit) => (number / unit.scale()).to_string(),
    }
}

fn as_json(limits: &Limits) -> Value {
    let of = |limit: &LimitId| {
        let spec = limit.spec();
        let values: serde_json::Map<String, Value> = values(limits, *limit)
            .into_iter()
            .map(|(whose, setting)| (whose, json!(shown(*limit, setting))))
            .collect();
        json!({ "number": *limit as u16, "name": spec.name, "unit": spec.unit.name(),
                "may_be_off": spec.may_be_off, "about": spec.about, "values": values })
    };
    let controls = CONTROLS.iter().map(|control| {
        let levels: Vec<_> = control.levels.iter().map(|level| level.name()).collect();
        let limits: Vec<_> = control.limits.iter().map(of).collect();
        json!({ "id": control.id, "name": control.name, "levels": levels, "basis": control.basis,
                "acts": control.acts, "unset": control.unset, "limits": limits })
    });
    json!({ "controls": controls.collect::<Vec<_>>() })
}

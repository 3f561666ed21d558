//! `quoin strategies`

use crate::terminal;
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "Parameters go into the section [strategy.NAME] of the configuration.")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> anyhow::Result<ExitCode> {
    for spec in strategies::ALL {
        terminal::print(&format!("\n{}\n  {}\n  Source: {}\n", spec.name, spec.about, spec.source))?;
        let mut table = terminal::table(&["parameter", "default", "least", "most", "unit", "what it is"]);
        for p in spec.parameters {
            let numbers = [p.default, p.min, p.max].map(|number| number.to_string());
            let [default, least, most] = numbers;
            table.add_row([p.name, &default, &least, &most, p.unit, p.about]);
        }
        terminal::print(&format!("{table}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

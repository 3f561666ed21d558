//! `quoin compare`

use crate::terminal;
use anyhow::{Context as _, bail};
use reports::Comparison;
use reports::compare::{Difference, RunRead, interval_rows};
use runtime::Config;
use runtime::config::Chosen;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "Each is a folder that `quoin backtest --out` wrote, or a report.json.

Gains in the same slices of time are compared (days when there are twenty or more in
common), so what the market did to both cancels.

Examples:
  quoin compare runs/first runs/second
  quoin compare runs/first runs/second --out runs/compared
  quoin compare runs/first runs/second --json")]
pub(crate) struct Args {
    /// The first run
    first: PathBuf,
    /// The second run
    second: PathBuf,
    /// Write compare.html and compare.json here
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print compare.json instead of the tables
    #[arg(long)]
    json: bool,
    /// For the resamples
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runs = [read(&args.first)?, read(&args.second)?];
    let differences = differences(&flat(&runs[0].config)?, &flat(&runs[1].config)?);
    let names = [&args.first, &args.second].map(|path| path.display().to_string());
    let comparison = Comparison::new(names, runs, differences, args.seed);
    if let Some(out) = &args.out {
        fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
        for (name, text) in [("compare.json", comparison.to_json()), ("compare.html", comparison.to_html())] {
            let path = out.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    if args.json {
        terminal::print(&comparison.to_json())?;
    } else {
        show(&comparison, args.out.as_deref())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<RunRead> {
    let file = if path.is_dir() { path.join("report.json") } else { path.to_owned() };
    if !file.exists() {
        bail!("{} has no report; `quoin backtest --out {}` writes one", file.display(), path.display());
    }
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    RunRead::from_json(&text).with_context(|| file.display().to_string())
}

/// Every key with its value, defaults written out: a key that only one file names differs only if its value does.
fn flat(config: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut table: toml::Table = config.parse().context("the run's configuration is not TOML")?;
    // One of another version is compared as it was written.
    if let Ok(config) = Config::parse(config) {
        table = toml::Table::try_from(&config)?;
        // Those of strategies that did not run change nothing.
        table.insert("strategy".into(), toml::Value::Table(parameters(&config)?));
        name_the_strategies(&config, &mut table)?;
    }
    let mut found = BTreeMap::new();
    flatten("", &table, &mut found);
    Ok(found)
}

/// Every parameter of the strategies that ran, by their names; by their labels when there are several.
fn parameters(config: &Config) -> anyhow::Result<toml::Table> {
    let own = |one: Chosen<'_>| {
        let values = one.values.iter().map(|(p, value)| (p.name.to_owned(), toml::Value::Float(value)));
        let name = if one.label.is_empty() { one.spec.name.to_owned() } else { one.label };
        (name, toml::Value::Table(values.collect()))
    };
    Ok(config.strategies()?.into_iter().map(own).collect())
}

/// Several strategies differ by what each is and trades, not by their list as one text.
fn name_the_strategies(config: &Config, table: &mut toml::Table) -> anyhow::Result<()> {
    let Some(trading) = table.get_mut("trading").and_then(toml::Value::as_table_mut) else { return Ok(()) };
    if trading.remove("strategies").is_none() {
        return Ok(());
    }
    trading.remove("strategy");
    let named = |one: Chosen<'_>| {
        let own = [
            ("strategy".to_owned(), one.spec.name.into()),
            ("symbols".to_owned(), one.symbols.to_vec().into()),
        ];
        (one.label, toml::Value::Table(own.into_iter().collect()))
    };
    let all = config.strategies()?.into_iter().map(named).collect();
    trading.insert("strategies".into(), toml::Value::Table(all));
    Ok(())
}

fn flatten(prefix: &str, table: &toml::Table, found: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value.as_table() {
            Some(inner) => flatten(&key, inner, found),
            None => {
                found.insert(key, value.to_string());
            }
        }
    }
}

fn differences(first: &BTreeMap<String, String>, second: &BTreeMap<String, String>) -> Vec<Difference> {
    let mut keys: Vec<&String> = first.keys().chain(second.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let differs = |key: &&String| first.get(*key) != second.get(*key);
    let of = |key: &String| Difference {
        key: key.clone(),
        first: first.get(key).cloned(),
        second: second.get(key).cloned(),
    };
    keys.into_iter().filter(differs).map(of).collect()
}

fn show(comparison: &Comparison, out: Option<&Path>) -> anyhow::Result<()> {
    let [first, second] = &comparison.names;
    let mut table = terminal::table(&["", first, second, "second less first"]);
    terminal::heading(&mut table, "Configuration");
    for difference in &comparison.configuration {
        let cell = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        let name = format!("  {}", difference.key);
        terminal::row(&mut table, [name, cell(&difference.first), cell(&difference.second), String::new()]);
    }
    terminal::heading(&mut table, "Figures");
    for (name, [a, b, difference]) in comparison.metric_rows() {
        terminal::row(&mut table, [format!("  {name}"), a, b, difference]);
    }
    if let Ok(test) = &comparison.test {
        terminal::heading(
            &mut table,
            &format!("On {} {} in common, 95 % intervals", test.starts.len(), test.by),
        );
        for (name, [a, b, difference]) in interval_rows(test) {
            terminal::row(&mut table, [format!("  {name}"), a, b, difference]);
        }
    }
    let mut text = format!("{table}\n\n{}\n", comparison.verdict());
    comparison.warnings.iter().for_each(|warning| text.push_str(&format!("  - {warning}\n")));
    match out {
        Some(out) => text.push_str(&format!("\nreport   {}\n", out.join("compare.html").display())),
        None => text.push_str("\nAdd --out DIR for compare.html and compare.json.\n"),
    }
    terminal::print(&text)
}

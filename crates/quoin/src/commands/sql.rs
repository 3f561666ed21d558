//! `quoin query --sql`: hands the files to DuckDB, which is not ours and not linked: a program on the PATH.
//!
//! Names only the files of imports that count, never a pattern: what a killed import left is not seen.

use super::query::Shape;
use anyhow::{Context as _, bail};
use runtime::source::{Recording, Selection, recordings};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// A view and what it keeps of the events.
const VIEWS: [(&str, &str); 5] = [
    ("trades", "trade"),
    ("levels", "level"),
    ("orders", "order"),
    ("statistics", "statistic"),
    ("bars", "bar"),
];

pub(crate) fn run(data: &[PathBuf], sql: &str, shape: Shape) -> anyhow::Result<ExitCode> {
    let files = files(data)?;
    if files.is_empty() {
        bail!("there is nothing in it to ask: no event was imported");
    }
    let mode = match shape {
        Shape::Table => "-box",
        Shape::Json => "-json",
        Shape::Csv => "-csv",
    };
    let started = Command::new("duckdb")
        .args(["-bail", "-batch", "-init", "/dev/null", mode])
        .stdin(Stdio::piped())
        .spawn();
    let mut duckdb = match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("--sql needs the program `duckdb` on the PATH; `pip install duckdb-cli` brings it")
        }
        Err(error) => return Err(error).context("cannot start duckdb"),
    };
    let script = format!("{}{};\n", views(&files), sql.trim_end().trim_end_matches(';'));
    let mut input = duckdb.stdin.take().expect("it was asked for");
    // One that refuses early closes its input; its exit code says the rest.
    let written = input.write_all(script.as_bytes());
    drop(input);
    let status = duckdb.wait().context("cannot wait for duckdb")?;
    if !status.success() {
        bail!("duckdb refused the question (above)");
    }
    written.context("cannot ask duckdb")?;
    Ok(ExitCode::SUCCESS)
}

fn files(data: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for recording in recordings(data, &Selection::default())? {
        match recording {
            Recording::History(imported) => {
                let part = imported.part();
                files.extend(part.manifest.files.iter().map(|file| part.root.join(&file.path)));
            }
            Recording::File(path) => bail!("{} is no history; `quoin import` makes it", path.display()),
            Recording::Memory { name, .. } => bail!("{name} is no history"),
        }
    }
    Ok(files)
}

/// The views, over exactly these files. Venue, symbol and date come from their folders.
fn views(files: &[PathBuf]) -> String {
    let list: Vec<String> = files.iter().map(|file| literal(file)).collect();
    let mut script = format!(
        "set timezone = 'UTC';\ncreate view events as select * from read_parquet([{}], \
         hive_partitioning = true, hive_types = {{'venue': varchar, 'symbol': varchar, 'date': date}});\n",
        list.join(", ")
    );
    for (view, kind) in VIEWS {
        script.push_str(&format!("create view {view} as select * from events where kind = '{kind}';\n"));
    }
    script
}

/// A path as a string of SQL.
fn literal(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "''"))
}

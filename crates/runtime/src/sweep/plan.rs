//! A sweep file: TOML in, a checked plan out.

use super::objective::{self, OBJECTIVES, Objective};
use super::search::Method;
use super::space::{Dimension, Space, SpaceError};
use crate::config::{Config, ConfigError};
use crate::moment;
use crate::source::Selection;
use quant::folds::{Scheme, Window};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::Value;
use types::Nanos;

/// A checked sweep.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What every point changes a little.
    pub base: Config,
    /// What it runs on; nothing means the embedded session.
    pub data: Vec<PathBuf>,
    /// What of history.
    pub selection: Selection,
    /// What is sought.
    pub objective: &'static Objective,
    /// Where.
    pub space: Space,
    /// How.
    pub method: Method,
    /// How many points; 0 in a grid, which has as many as it has.
    pub budget: usize,
    /// For the search's draws and the intervals.
    pub seed: u64,
    /// How long a slice of time is; none means a round length.
    pub slice: Option<Nanos>,
    /// A trial with fewer fills says little, and is said to.
    pub least_fills: u64,
    /// How choosing is judged.
    pub scheme: Scheme,
    /// How long what is done in a slice works on: purged.
    pub horizon: Nanos,
    /// Held back behind what is tested.
    pub embargo: Nanos,
}

/// The sweep that runs when nobody says which: two of the default strategy's parameters on the embedded session.
pub const EMBEDDED: &str = include_str!("embedded.toml");

/// Why a file is no sweep.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Not TOML, an unknown key, or a value of the wrong kind; says the line.
    #[error("{0}")]
    Toml(String),
    /// The base configuration cannot be read.
    #[error("`config`: cannot read {}: {error}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The base configuration is not right.
    #[error("`config`: {}: {error}", path.display())]
    Base {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: ConfigError,
    },
    /// A key of the space, or its values.
    #[error("line {line}: {error}")]
    Space {
        /// From 1; 0 when the place is not known.
        line: usize,
        /// What is wrong.
        error: SpaceError,
    },
    /// Any other value.
    #[error("line {line}: `{key}` {what}")]
    Value {
        /// From 1; 0 when the key is absent.
        line: usize,
        /// With its section.
        key: String,
        /// What is wrong, and what would do.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    config: Option<PathBuf>,
    #[serde(default)]
    data: Vec<PathBuf>,
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    symbols: Vec<String>,
    #[serde(default = "net")]
    objective: String,
    slice_seconds: Option<f64>,
    #[serde(default = "thirty")]
    least_fills: u64,
    #[serde(default)]
    search: SearchTable,
    space: toml::Table,
    #[serde(default)]
    validation: ValidationTable,
}

fn net() -> String {
    "net".into()
}

/// By folklore, the least of which a mean says anything.
const fn thirty() -> u64 {
    30
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SearchTable {
    method: String,
    budget: Option<usize>,
    seed: u64,
    startup: usize,
    batch: usize,
}

impl Default for SearchTable {
    fn default() -> Self {
        Self { method: "grid".into(), budget: None, seed: 1, startup: 20, batch: 8 }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ValidationTable {
    method: String,
    folds: usize,
    tested: usize,
    window: usize,
    holding_seconds: f64,
    embargo_seconds: f64,
}

impl Default for ValidationTable {
    fn default() -> Self {
        Self {
            method: "walk_forward".into(),
            folds: 4,
            tested: 2,
            window: 0,
            holding_seconds: 10.0,
            embargo_seconds: 0.0,
        }
    }
}

/// A problem with one key, before its line is known.
struct Wrong(&'static str, String);

impl Plan {
    /// Reads a sweep file. Paths in it start at `folder`, where it lies.
    ///
    /// # Errors
    /// When it is no sweep; says the line and the key.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, PlanError> {
        let file: File = toml::from_str(text).map_err(|error| PlanError::Toml(error.to_string()))?;
        let base = base(&file, folder)?;
        let space = space(&file.space, &base, text)?;
        file.plan(base, space, folder).map_err(|Wrong(key, what)| PlanError::Value {
            line: line_of(key, text),
            key: key.into(),
            what,
        })
    }

    /// The embedded sweep.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED, Path::new(".")).expect("the embedded sweep is right")
    }
}

fn base(file: &File, folder: &Path) -> Result<Config, PlanError> {
    let Some(path) = &file.config else { return Ok(Config::default()) };
    let path = folder.join(path);
    match std::fs::read_to_string(&path) {
        Ok(text) => Config::parse(&text).map_err(|error| PlanError::Base { path, error }),
        Err(error) => Err(PlanError::Read { path, error }),
    }
}

fn space(given: &toml::Table, base: &Config, text: &str) -> Result<Space, PlanError> {
    let mut found = Vec::new();
    flatten("", given, &mut found);
    let mut space = Space::default();
    let at_line = |key: &str, error| PlanError::Space { line: line_of(key, text), error };
    for (key, value) in found {
        space.dimensions.push(Dimension::read(&key, value).map_err(|error| at_line(&key, error))?);
    }
    if space.dimensions.is_empty() {
        let what = "names no key: \"risk.max_position\" = [5, 10] would".into();
        return Err(PlanError::Value { line: line_of("space", text), key: "space".into(), what });
    }
    space.dimensions.sort_by(|a, b| a.key.cmp(&b.key));
    for dimension in &space.dimensions {
        if let Some(what) = without_effect(dimension, &space, base) {
            let error = SpaceError::Values { key: dimension.key.clone(), what };
            return Err(at_line(&dimension.key, error));
        }
    }
    Ok(space)
}

/// Keys may be written whole, in quotes, or as TOML nests them.
fn flatten<'a>(prefix: &str, table: &'a toml::Table, found: &mut Vec<(String, &'a Value)>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value.as_table().filter(|inner| !inner.contains_key("from") && !inner.contains_key("to")) {
            Some(inner) => flatten(&key, inner, found),
            None => found.push((key, value)),
        }
    }
}

/// A key that changes no run would make equal points look like different ones: a parameter of a strategy that no point
/// runs, or what `[[trading.strategies]]` says itself.
fn without_effect(dimension: &Dimension, space: &Space, base: &Config) -> Option<String> {
    let several = &base.trading.strategies;
    if dimension.key == "trading.strategy" && !several.is_empty() {
        return Some(
            "has no effect: the configuration names its strategies in [[trading.strategies]]".into(),
        );
    }
    let (name, parameter) = dimension.key.strip_prefix("strategy.")?.split_once('.')?;
    let mut run = several.iter().filter(|entry| entry.strategy == name).peekable();
    if run.peek().is_some() && run.all(|entry| entry.parameters.contains_key(parameter)) {
        return Some("has no effect: each such entry of [[trading.strategies]] sets it itself".into());
    }
    let chosen = space.dimensions.iter().find(|d| d.key == "trading.strategy");
    let runs = match chosen {
        Some(chosen) => chosen.ends().iter().any(|value| value.as_str() == Some(name)),
        None if base.trading.strategies.is_empty() => base.trading.strategy == name,
        None => base.trading.strategies.iter().any(|entry| entry.strategy == name),
    };
    if !runs && chosen.is_none() && !several.is_empty() {
        return Some(format!("has no effect: none of [[trading.strategies]] is `{name}`"));
    }
    (!runs).then(|| {
        format!(
            "has no effect: the strategy is `{}`; set \"trading.strategy\" in the configuration or in [space]",
            base.trading.strategy
        )
    })
}

impl File {
    fn plan(self, base: Config, space: Space, folder: &Path) -> Result<Plan, Wrong> {
        let moment = |name, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => moment::parse(text).map(Some).ok_or_else(|| {
                Wrong(name, format!("is {text}: a time is written 2023-12-25 or 2023-12-25T22:39:55Z"))
            }),
        };
        let selection = Selection {
            from: moment("from", &self.from)?,
            to: moment("to", &self.to)?,
            symbols: self.symbols.clone(),
        };
        let objective = objective::find(&self.objective).map_err(|nearest| {
            let all: Vec<&str> = OBJECTIVES.iter().map(|objective| objective.name).collect();
            let advice = nearest
                .map_or_else(|| format!("one of {}", all.join(", ")), |n| format!("did you mean `{n}`?"));
            Wrong("objective", format!("is `{}`: {advice}", self.objective))
        })?;
        let (method, budget) = self.search.method()?;
        let latency = &base.latency;
        let journey =
            latency.order_ns.saturating_add(latency.response_ns).saturating_add(latency.market_data_ns);
        let holding = span("validation.holding_seconds", self.validation.holding_seconds)?;
        Ok(Plan {
            data: self.data.iter().map(|path| folder.join(path)).collect(),
            selection,
            objective,
            space,
            method,
            budget,
            seed: self.search.seed,
            slice: match self.slice_seconds {
                None => None,
                Some(seconds) if seconds > 0.0 => Some(span("slice_seconds", seconds)?),
                Some(seconds) => return Err(Wrong("slice_seconds", format!("is {seconds}: more than 0"))),
            },
            least_fills: self.least_fills,
            scheme: self.validation.scheme()?,
            horizon: Nanos(holding.0.saturating_add(i64::try_from(journey).unwrap_or(i64::MAX))),
            embargo: span("validation.embargo_seconds", self.validation.embargo_seconds)?,
            base,
        })
    }
}

impl SearchTable {
    fn method(&self) -> Result<(Method, usize), Wrong> {
        let method = match self.method.as_str() {
            "grid" => {
                return match self.budget {
                    None => Ok((Method::Grid, 0)),
                    Some(_) => {
                        Err(Wrong("search.budget", "has no effect: a grid runs all of its points".into()))
                    }
                };
            }
            "random" => Method::Random,
            "sobol" => Method::Sobol,
            "tpe" => Method::Tpe { startup: self.startup.max(1), batch: self.batch.max(1) },
            other => {
                return Err(Wrong("search.method", format!("is `{other}`: one of grid, random, sobol, tpe")));
            }
        };
        match self.budget {
            Some(budget) if budget > 0 => Ok((method, budget)),
            _ => {
                Err(Wrong("search.budget", format!("is wanted by `{}`: how many points to run", self.method)))
            }
        }
    }
}

impl ValidationTable {
    fn scheme(&self) -> Result<Scheme, Wrong> {
        let least = |least: usize| {
            let what = format!("is {}: from {least} on", self.folds);
            if self.folds >= least { Ok(self.folds) } else { Err(Wrong("validation.folds", what)) }
        };
        Ok(match self.method.as_str() {
            "walk_forward" => {
                let window = if self.window == 0 { Window::Growing } else { Window::Rolling(self.window) };
                Scheme::WalkForward { steps: least(1)?, window }
            }
            "k_fold" => Scheme::KFold { folds: least(2)? },
            "combinatorial" => Scheme::Combinatorial { groups: least(2)?, tested: self.tested },
            other => {
                let what = format!("is `{other}`: one of walk_forward, k_fold, combinatorial");
                return Err(Wrong("validation.method", what));
            }
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
fn span(key: &'static str, seconds: f64) -> Result<Nanos, Wrong> {
    if (0.0..1e9).contains(&seconds) {
        return Ok(Nanos((seconds * 1e9).round() as i64));
    }
    Err(Wrong(key, format!("is {seconds}: a number of seconds, 0 or more")))
}

/// The line on which a key is set, found as text: the first that starts with its last word, quoted or not, behind
/// the header of its section.
fn line_of(key: &str, text: &str) -> usize {
    let last = key.rsplit('.').next().unwrap_or(key);
    let names = |line: &str| {
        let name = line.split('=').next().unwrap_or(line).trim().trim_matches(['"', '\'', '[', ']']);
        name == key || name == last || name.ends_with(&format!(".{last}"))
    };
    text.lines().position(|line| !line.trim_start().starts_with('#') && names(line)).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Plan::parse(text, Path::new(".")).expect_err(text).to_string()
    }

    #[test]
    fn the_embedded_sweep_has_a_hundred_points() {
        let plan = Plan::embedded();
        let points: usize = plan.space.dimensions.iter().map(|d| d.grid().expect("a grid").len()).product();
        assert_eq!(points, 100);
        assert!(plan.data.is_empty());
    }

    #[test]
    fn keys_may_be_quoted_or_nested() {
        for text in [
            "[space]\n\"risk.max_position\" = [1, 2]\n",
            "[space]\nrisk.max_position = [1, 2]\n",
            "[space.risk]\nmax_position = [1, 2]\n",
        ] {
            let plan = Plan::parse(text, Path::new(".")).expect(text);
            assert_eq!(plan.space.dimensions[0].key, "risk.max_position");
        }
    }

    #[test]
    fn mistakes_name_line_and_key() {
        let space = "[space]\n\"risk.max_position\" = [1, 2]\n";
        let cases = [
            (
                "[space]\n\n\"risk.max_postion\" = [1]\n".into(),
                "line 3: unknown key `risk.max_postion`; did you mean",
            ),
            ("[space]\n".into(), "line 1: `space` names no key"),
            (format!("objective = \"nett\"\n{space}"), "line 1: `objective` is `nett`: did you mean `net`?"),
            (format!("{space}[search]\nmethod = \"tpe\"\n"), "line 0: `search.budget` is wanted by `tpe`"),
            (
                format!("{space}[search]\nmethod = \"best\"\n"),
                "line 4: `search.method` is `best`: one of grid",
            ),
            (format!("{space}[search]\nbudget = 3\n"), "line 4: `search.budget` has no effect"),
            (format!("{space}[validation]\nfolds = 0\n"), "line 4: `validation.folds` is 0: from 1 on"),
            (format!("from = \"yesterday\"\n{space}"), "line 1: `from` is yesterday: a time is written"),
            (
                "[space]\n\"strategy.joined_touch.order_size\" = [1]\n".into(),
                "line 2: `strategy.joined_touch.order_size`: has no effect: the strategy is `glft`",
            ),
        ];
        for (text, due) in cases {
            let error = error(&text);
            assert!(error.starts_with(due), "{error}");
        }
        let unknown = error("serch = 1\n[space]\n\"risk.max_position\" = [1]\n");
        assert!(unknown.contains("line 1") && unknown.contains("serch"), "{unknown}");
        let several = "trading.strategies = [{ strategy = \"glft\", parameters = { hysteresis = 0.2 } }]";
        let base = Config::parse(several).expect("a configuration");
        for (key, due) in [
            ("\"trading.strategy\" = [\"glft\"]", "names its strategies in"),
            ("\"strategy.glft.hysteresis\" = [0.1]", "sets it itself"),
            ("\"strategy.joined_touch.order_size\" = [1]", "none of [[trading.strategies]] is"),
        ] {
            let keys = toml::from_str(key).expect("a table");
            let error = super::space(&keys, &base, key).expect_err(key).to_string();
            assert!(error.contains(due), "{error}");
        }
        let keys = toml::from_str("\"strategy.glft.risk_aversion\" = [1.0]").expect("a table");
        assert!(super::space(&keys, &base, "").is_ok());
        assert!(error("config = \"/nowhere.toml\"\n[space]\n").starts_with("`config`: cannot read"));
    }
}

//! The space of a sweep: which keys of the configuration take which values.

use crate::config::{Config, ConfigError, KEYS, nearest};
use quant::tpe::{Axis, choice};
use stdx::math;
use toml::Value;

/// The values a key takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// One of these, without order between them.
    List(Vec<Value>),
    /// A number between two.
    Range {
        /// The least.
        from: f64,
        /// The most.
        to: f64,
        /// In a grid, how many values.
        steps: Option<usize>,
        /// Equal ratios instead of equal differences.
        log: bool,
        /// Whether it is an integer.
        whole: bool,
        /// Whether the file must hold an integer: the others are written with a point.
        integer: bool,
    },
}

/// One key and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// As in the configuration: `strategy.glft.risk_aversion`.
    pub key: String,
    /// What it takes.
    pub values: Values,
}

/// One value for each dimension.
pub type Point = Vec<Value>;

/// All dimensions, by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Space {
    /// Sorted by key.
    pub dimensions: Vec<Dimension>,
}

/// Why a key cannot be swept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpaceError {
    /// A key nobody reads.
    #[error("unknown key `{key}`{}", .nearest.as_ref().map_or_else(|| "; `quoin config --print` lists the known ones".into(), |n| format!("; did you mean `{n}`?")))]
    UnknownKey {
        /// As given.
        key: String,
        /// The known one most like it.
        nearest: Option<String>,
    },
    /// Values that are none.
    #[error("`{key}`: {what}")]
    Values {
        /// Of which key.
        key: String,
        /// What is wrong, and what would do.
        what: String,
    },
}

/// What a key holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Integer,
    Float { whole: bool },
    Other,
}

fn holds(key: &str) -> Result<Holds, SpaceError> {
    let unknown = |names: Vec<String>| SpaceError::UnknownKey {
        key: key.into(),
        nearest: nearest(key, names.iter().map(String::as_str)),
    };
    let strategy_key =
        |spec: &strategies::Spec, p: &strategies::Parameter| format!("strategy.{}.{}", spec.name, p.name);
    if let Some(rest) = key.strip_prefix("strategy.") {
        let parameter = rest.split_once('.').and_then(|(name, p)| strategies::find(name)?.parameter(p));
        let all =
            || strategies::ALL.iter().flat_map(|spec| spec.parameters.iter().map(|p| strategy_key(spec, p)));
        return match parameter {
            Some(parameter) => Ok(Holds::Float { whole: parameter.unit == strategies::list::LOTS }),
            None => Err(unknown(all().collect())),
        };
    }
    let all = || KEYS.iter().map(|key| format!("{}.{}", key.0, key.1));
    let Some((section, name)) = key.split_once('.').filter(|_| all().any(|known| known == key)) else {
        return Err(unknown(all().collect()));
    };
    let defaults = toml::Table::try_from(Config::default()).expect("every field has a TOML form");
    Ok(match &defaults[section][name] {
        Value::Integer(_) => Holds::Integer,
        Value::Float(_) => Holds::Float { whole: false },
        Value::String(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            Holds::Other
        }
    })
}

impl Dimension {
    /// Reads what a sweep file says of a key: `[1, 2, 5]`, or `{ from = 1, to = 9, steps = 5, scale = "log" }`.
    ///
    /// # Errors
    /// When the key is unknown or the values are none.
    pub fn read(key: &str, given: &Value) -> Result<Self, SpaceError> {
        let holds = holds(key)?;
        let wrong = |what: String| SpaceError::Values { key: key.into(), what };
        let values = match given {
            Value::Array(list) if list.is_empty() => return Err(wrong("the list is empty".into())),
            Value::Array(list) => Values::List(list.iter().map(|value| as_held(value, holds)).collect()),
            Value::Table(table) => range(table, holds).map_err(wrong)?,
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_) => {
                return Err(wrong(format!(
                    "a list of values or a range is wanted; [{given}] is a list of one"
                )));
            }
        };
        Ok(Self { key: key.into(), values })
    }

    /// The axis a search sees.
    #[must_use]
    pub fn axis(&self) -> Axis {
        match &self.values {
            Values::List(list) => Axis::Choice(list.len()),
            Values::Range { .. } => Axis::Number,
        }
    }

    /// The value at a coordinate of `[0, 1)`.
    #[must_use]
    pub fn at(&self, coordinate: f64) -> Value {
        match &self.values {
            Values::List(list) => list[choice(coordinate, list.len())].clone(),
            Values::Range { from, to, log, whole, integer, .. } => {
                // Every whole number has the same share of a linear axis: half a step more at both ends.
                let room = if *whole && !log { 0.5 } else { 0.0 };
                let x = between(from - room, to + room, *log, coordinate);
                let x = if *whole { math::round(x) } else { x };
                number(x.clamp(*from, *to), DIGITS_DRAWN, *integer)
            }
        }
    }

    /// The values of a grid; `None` when a range does not say how many.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "steps are few")]
    pub fn grid(&self) -> Option<Vec<Value>> {
        match &self.values {
            Values::List(list) => Some(list.clone()),
            Values::Range { from, to, steps, log, whole, integer } => {
                let steps = (*steps)?;
                let last = steps.saturating_sub(1).max(1) as f64;
                let digits = if *log { DIGITS_LOG } else { DIGITS };
                let at = |step: usize| {
                    let x = between(*from, *to, *log, step as f64 / last);
                    number(if *whole { math::round(x) } else { x }, digits, *integer)
                };
                let mut values: Vec<Value> = (0..steps).map(at).collect();
                // Whole numbers may meet.
                values.dedup();
                Some(values)
            }
        }
    }

    /// Values that stand for all: if these are taken, so is everything between.
    #[must_use]
    pub fn ends(&self) -> Vec<Value> {
        match &self.values {
            Values::List(list) => list.clone(),
            Values::Range { from, to, integer, .. } => {
                vec![number(*from, DIGITS, *integer), number(*to, DIGITS, *integer)]
            }
        }
    }
}

/// A value as its key holds it: `1` is a float where one is held.
#[expect(clippy::cast_precision_loss, reason = "the user's own number")]
fn as_held(value: &Value, holds: Holds) -> Value {
    match (value, holds) {
        (Value::Integer(n), Holds::Float { .. }) => Value::Float(*n as f64),
        _ => value.clone(),
    }
}

fn range(table: &toml::Table, holds: Holds) -> Result<Values, String> {
    const KNOWN: [&str; 4] = ["from", "to", "steps", "scale"];
    if let Some(key) = table.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!("a range has from, to, steps and scale, not `{key}`"));
    }
    let (whole, integer) = match holds {
        Holds::Integer => (true, true),
        Holds::Float { whole } => (whole, false),
        Holds::Other => return Err("it is not a number: give a list of values".into()),
    };
    #[expect(clippy::cast_precision_loss, reason = "the user's own number")]
    let end = |name: &str| match table.get(name) {
        Some(Value::Integer(n)) => Ok(*n as f64),
        Some(Value::Float(x)) if x.is_finite() => Ok(*x),
        Some(other) => Err(format!("`{name}` is {other}: a number is wanted")),
        None => Err(format!("a range needs `{name}`: {{ from = 1, to = 10, steps = 4 }}")),
    };
    let (from, to) = (end("from")?, end("to")?);
    if from >= to {
        return Err(format!("from {from} to {to} is no range: `from` must be less than `to`"));
    }
    if whole && (from.fract().abs() > 0.0 || to.fract().abs() > 0.0) {
        return Err("it is a whole number: so must the range's ends be".into());
    }
    let log = match table.get("scale").map(|scale| (scale, scale.as_str())) {
        None | Some((_, Some("linear"))) => false,
        Some((_, Some("log"))) => true,
        Some((other, _)) => return Err(format!("`scale` is {other}: \"linear\" or \"log\"")),
    };
    if log && from <= 0.0 {
        return Err(format!("`from` is {from}: a logarithmic range starts above zero"));
    }
    let steps = match table.get("steps") {
        None => None,
        Some(Value::Integer(n)) if (2..=10_000).contains(n) => usize::try_from(*n).ok(),
        Some(other) => return Err(format!("`steps` is {other}: from 2 to 10000")),
    };
    Ok(Values::Range { from, to, steps, log, whole, integer })
}

fn between(from: f64, to: f64, log: bool, share: f64) -> f64 {
    if log {
        math::exp(math::ln(from) + (math::ln(to) - math::ln(from)) * share)
    } else {
        from + (to - from) * share
    }
}

/// Digits of a value on a grid of ratios: what people would have written.
const DIGITS_LOG: usize = 4;
/// Digits of a value that was drawn: finer than any parameter is felt, and what is shown is what is run.
const DIGITS_DRAWN: usize = 5;
/// Digits of any other value: without what adding left behind.
const DIGITS: usize = 12;

#[expect(clippy::cast_possible_truncation, reason = "rounded; ranges of integers have integers as ends")]
fn number(x: f64, digits: usize, integer: bool) -> Value {
    if integer {
        return Value::Integer(x.round() as i64);
    }
    let decimals = digits - 1;
    Value::Float(format!("{x:.decimals$e}").parse().unwrap_or(x))
}

impl Space {
    /// The configuration at a point: the base with the point's values in their places. Parameters of strategies that
    /// the point does not choose are left as they are: they would change nothing.
    ///
    /// # Errors
    /// When a value is outside its range.
    pub fn config(&self, base: &Config, point: &[Value]) -> Result<Config, ConfigError> {
        let mut table = toml::Table::try_from(base).expect("every field has a TOML form");
        let (parameters, others): (Vec<_>, Vec<_>) = self
            .dimensions
            .iter()
            .zip(point)
            .partition(|(dimension, _)| dimension.key.starts_with("strategy."));
        for (dimension, value) in others {
            put(&mut table, &dimension.key, value);
        }
        let strategy = table["trading"]["strategy"].as_str().map(|name| format!("strategy.{name}."));
        for (dimension, value) in parameters {
            if strategy.as_ref().is_some_and(|prefix| dimension.key.starts_with(prefix)) {
                put(&mut table, &dimension.key, value);
            }
        }
        let config: Config =
            table.try_into().map_err(|error: toml::de::Error| ConfigError::Toml(error.message().into()))?;
        config.check()?;
        Ok(config)
    }

    /// A point as people write it: `risk.max_position = 5, trading.seed = 1`.
    #[must_use]
    pub fn describe(&self, point: &[Value]) -> String {
        let parts =
            self.dimensions.iter().zip(point).map(|(d, value)| format!("{} = {}", d.key, shown(value)));
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// A value as people write it.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Float(x) => x.to_string(),
        Value::Integer(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            value.to_string()
        }
    }
}

fn put(table: &mut toml::Table, key: &str, value: &Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.into(), value.clone());
        }
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| Value::Table(toml::Table::new()));
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &str, text: &str) -> Result<Dimension, SpaceError> {
        let table: toml::Table = format!("x = {text}").parse().expect("TOML");
        Dimension::read(key, &table["x"])
    }

    fn grid(key: &str, text: &str) -> String {
        let dimension = read(key, text).expect("values");
        let values = dimension.grid().expect("it says how many");
        values.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ranges_and_lists_become_the_values_people_expect() {
        assert_eq!(grid("fees.maker_bp", "{ from = 0, to = 0.3, steps = 4 }"), "0.0 0.1 0.2 0.3");
        assert_eq!(
            grid("risk.max_position", "{ from = 1, to = 1000, steps = 4, scale = 'log' }"),
            "1 10 100 1000"
        );
        assert_eq!(grid("risk.max_position", "{ from = 1, to = 3, steps = 9 }"), "1 2 3");
        assert_eq!(grid("strategy.glft.order_size", "[1, 2]"), "1.0 2.0");
        assert_eq!(grid("trading.strategy", "['glft', 'joined_touch']"), "\"glft\" \"joined_touch\"");
        let whole = read("risk.max_position", "{ from = 1, to = 4 }").expect("values");
        let mut seen = [0; 5];
        for k in 0..400 {
            let value = whole.at((f64::from(k) + 0.5) / 400.0).as_integer().expect("whole");
            seen[usize::try_from(value).expect("small")] += 1;
        }
        assert_eq!(seen, [0, 100, 100, 100, 100]);
    }

    #[test]
    fn what_is_no_space_is_said() {
        let cases = [
            ("risk.max_postion", "[1]", "unknown key `risk.max_postion`; did you mean `risk.max_position`?"),
            ("strategy.glft.gamma", "[1]", "unknown key `strategy.glft.gamma`"),
            (
                "risk.max_position",
                "3",
                "`risk.max_position`: a list of values or a range is wanted; [3] is a list of one",
            ),
            ("risk.max_position", "[]", "`risk.max_position`: the list is empty"),
            ("risk.max_position", "{ from = 3, to = 3 }", "`risk.max_position`: from 3 to 3 is no range"),
            ("risk.max_position", "{ from = 0.5, to = 3 }", "`risk.max_position`: it is a whole number"),
            ("risk.max_position", "{ from = 1 }", "`risk.max_position`: a range needs `to`"),
            (
                "fees.maker_bp",
                "{ from = 0, to = 1, scale = 'log' }",
                "`fees.maker_bp`: `from` is 0: a logarithmic",
            ),
            (
                "fees.maker_bp",
                "{ from = 0, to = 1, step = 3 }",
                "`fees.maker_bp`: a range has from, to, steps",
            ),
            ("trading.strategy", "{ from = 0, to = 1 }", "`trading.strategy`: it is not a number"),
        ];
        for (key, text, due) in cases {
            let error = read(key, text).expect_err(text).to_string();
            assert!(error.starts_with(due), "{error}");
        }
    }

    #[test]
    fn a_point_changes_its_keys_and_nothing_else() {
        let dimensions = [
            ("risk.max_position", "[5]"),
            ("strategy.glft.risk_aversion", "[0.5]"),
            ("strategy.joined_touch.order_size", "[3]"),
            ("trading.strategy", "['glft', 'joined_touch']"),
        ];
        let space =
            Space { dimensions: dimensions.map(|(key, text)| read(key, text).expect("values")).into() };
        let base = Config::default();
        let point = |strategy: &str| {
            vec![Value::Integer(5), Value::Float(0.5), Value::Float(3.0), Value::String(strategy.into())]
        };
        let config = space.config(&base, &point("glft")).expect("a configuration");
        assert_eq!(config.risk.max_position, 5);
        assert_eq!(config.strategy.keys().collect::<Vec<_>>(), ["glft"]);
        let mut same = config;
        same.risk.max_position = base.risk.max_position;
        same.strategy.clear();
        assert_eq!(same, base);
        let error = space.config(&base, &point("gltf")).expect_err("no such strategy");
        assert_eq!(error.to_string(), "`trading.strategy` is `gltf`: did you mean `glft`?");
    }
}

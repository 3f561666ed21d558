//! `[[trading.strategies]]`: several strategies in one run, each with its own name, symbols and parameters.
//!
//! They share the account, its limits and its venue; what each holds and earns is its own (`engine::View` and the
//! report tell them apart by the strategy of each order).

use super::{Config, ConfigError, nearest, strategy_values};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The keys of an entry.
pub(super) const KEYS: &[&str] = &["strategy", "label", "symbols", "parameters"];

/// One strategy of several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StrategyEntry {
    /// Which: one of the list's.
    pub strategy: String,
    /// What the report calls it; empty is the strategy's name, numbered when it is not the first of that name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What it trades; none means `trading.symbols`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<String>,
    /// Before those of `[strategy.NAME]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, f64>,
}

/// A strategy of the run, with nothing left open but what its symbols are in the data.
#[derive(Clone, Debug)]
pub struct Chosen<'a> {
    /// Which.
    pub spec: &'static ::strategies::Spec,
    /// Empty when it is the only one.
    pub label: String,
    /// As the data names them.
    pub symbols: &'a [String],
    /// Every parameter.
    pub values: ::strategies::Values,
}

impl Config {
    /// The strategies of the run: those of `[[trading.strategies]]`, or the one of `trading.strategy`.
    ///
    /// # Errors
    /// When there is none of a name, two have one label, or a value is outside its parameter's range.
    pub fn strategies(&self) -> Result<Vec<Chosen<'_>>, ConfigError> {
        let entries = &self.trading.strategies;
        if entries.is_empty() {
            let spec = self.spec()?;
            let values = self.values(spec)?;
            return Ok(vec![Chosen { spec, label: String::new(), symbols: &self.trading.symbols, values }]);
        }
        let mut chosen: Vec<Chosen<'_>> = Vec::with_capacity(entries.len());
        for entry in entries {
            let label = self.label_of(entry, &chosen)?;
            chosen.push(self.choose(entry, label)?);
        }
        Ok(chosen)
    }

    fn choose<'a>(&'a self, entry: &'a StrategyEntry, label: String) -> Result<Chosen<'a>, ConfigError> {
        let spec = spec_of("trading.strategies.strategy", &entry.strategy)?;
        let mut given = self.strategy.get(spec.name).cloned().unwrap_or_default();
        given.extend(entry.parameters.iter().map(|(name, value)| (name.clone(), *value)));
        let values = strategy_values(spec, given.iter().map(|(name, value)| (name.as_str(), *value)));
        let values = values.map_err(|error| match error {
            ConfigError::Strategy { ref what, .. } => {
                let what = what.clone();
                ConfigError::Strategy { section: format!("trading.strategies, {label}"), what }
            }
            ConfigError::Toml(_) | ConfigError::UnknownKey { .. } | ConfigError::OutOfRange { .. } => error,
        })?;
        let symbols = if entry.symbols.is_empty() { &self.trading.symbols } else { &entry.symbols };
        Ok(Chosen { spec, label, symbols, values })
    }

    fn label_of(&self, entry: &StrategyEntry, before: &[Chosen<'_>]) -> Result<String, ConfigError> {
        let taken = |label: &str| before.iter().any(|other| other.label == label);
        if entry.label.is_empty() {
            let own = self.trading.strategies.iter().map(|entry| entry.label.as_str());
            let given: Vec<&str> = own.filter(|label| !label.is_empty()).collect();
            let free = |label: &String| !taken(label) && !given.contains(&label.as_str());
            let numbered = (2..).map(|n| format!("{}-{n}", entry.strategy));
            let mut names = std::iter::once(entry.strategy.clone()).chain(numbered);
            return Ok(names.find(free).expect("one of endlessly many names is free"));
        }
        if taken(&entry.label) {
            return Err(ConfigError::OutOfRange {
                key: "trading.strategies.label".into(),
                value: format!("`{}`", entry.label),
                wanted: "two strategies cannot have one label; the report tells them apart by it".into(),
            });
        }
        Ok(entry.label.clone())
    }
}

/// A strategy of the list by its name, or the advice which one was meant.
pub(super) fn spec_of(key: &str, name: &str) -> Result<&'static ::strategies::Spec, ConfigError> {
    let all = || ::strategies::ALL.iter().map(|spec| spec.name);
    ::strategies::find(name).ok_or_else(|| ConfigError::OutOfRange {
        key: key.into(),
        value: format!("`{name}`"),
        wanted: match nearest(name, all()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("one of {}", super::names(all())),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text)
    }

    #[test]
    fn each_entry_has_its_label_its_symbols_and_its_parameters() {
        let config = parse(
            "[trading]\nsymbols = ['A']\n\
             [[trading.strategies]]\nstrategy = 'glft'\n\
             [[trading.strategies]]\nstrategy = 'glft'\nsymbols = ['B', 'C']\nparameters = { order_size = 3 }\n\
             [[trading.strategies]]\nstrategy = 'joined_touch'\nlabel = 'base'\n\
             [strategy.glft]\norder_size = 2\n",
        )
        .expect("valid");
        let told: Vec<String> = config
            .strategies()
            .expect("valid")
            .iter()
            .map(|one| {
                let size = one.values.iter().find(|(p, _)| p.name == "order_size").expect("it has one").1;
                format!("{} {} {} {size}", one.label, one.spec.name, one.symbols.join("+"))
            })
            .collect();
        assert_eq!(told, ["glft glft A 2", "glft-2 glft B+C 3", "base joined_touch A 1"]);
        assert_eq!(parse(&config.to_toml()).as_ref(), Ok(&config), "as the journal keeps it");
    }

    #[test]
    fn one_strategy_is_what_it_was_before() {
        let config = Config::default();
        let [only] = &config.strategies().expect("valid")[..] else { panic!("one") };
        assert_eq!((only.label.as_str(), only.spec.name), ("", "glft"));
        assert!(!config.to_toml().contains("[[trading.strategies]]"));
    }

    #[test]
    fn what_cannot_be_is_refused_with_advice() {
        let check = |entries: &str, message: &str| {
            let error = parse(entries).expect_err(entries);
            assert_eq!(error.to_string(), message);
        };
        check(
            "[[trading.strategies]]\nstrategy = 'gltf'\n",
            "`trading.strategies.strategy` is `gltf`: did you mean `glft`?",
        );
        check(
            "[[trading.strategies]]\nstrategy = 'glft'\nlabel = 'a'\n\
             [[trading.strategies]]\nstrategy = 'joined_touch'\nlabel = 'a'\n",
            "`trading.strategies.label` is `a`: two strategies cannot have one label; the report tells them apart \
             by it",
        );
        check(
            "[[trading.strategies]]\nstrategy = 'glft'\nsymbol = ['A']\n",
            "line 3: unknown key `trading.strategies.symbol`; did you mean `trading.strategies.symbols`?",
        );
        let error = parse("[[trading.strategies]]\nstrategy = 'glft'\nparameters = { gama = 1 }\n");
        assert!(
            error.expect_err("no such parameter").to_string().starts_with("[trading.strategies, glft]: ")
        );
    }
}

//! Who watches a run from the command line: the report's recorder, and a hash over every command.

use engine::Engine;
use reports::{About, Counted, DataFile, Ending, Recorder, Report};
use runtime::Setup;
use runtime::backtest::Observer;
use types::record::Record;
use types::{Command, Input, Money, Nanos};

/// Recorder and hash.
pub(crate) struct Watch {
    recorder: Recorder,
    commands: blake3::Hasher,
    config_hash: String,
    caveats: Vec<String>,
}

impl Watch {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            recorder: Recorder::new(about(setup)),
            commands: blake3::Hasher::new(),
            config_hash: blake3::hash(setup.to_json().as_bytes()).to_hex().to_string(),
            caveats: crate::commands::backtest::caveats(setup),
        }
    }

    pub(crate) fn finish(
        self,
        engine: &Engine,
        journal_head: Option<String>,
        faults: Vec<Counted>,
    ) -> Report {
        let ending = Ending {
            config_hash: self.config_hash,
            journal_head,
            commands_hash: Some(self.commands.finalize().to_hex().to_string()),
            faults,
            caveats: self.caveats,
        };
        self.recorder.finish(engine, ending)
    }
}

impl Observer for Watch {
    #[inline]
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        for &command in commands {
            let record = Record::Command { seq: input.seq, at: input.received_at, command };
            self.commands.update(&record.to_bytes());
        }
        self.recorder.on_step(input, commands, engine);
    }
}

fn about(setup: &Setup) -> About {
    let traded: Vec<_> = setup.strategies.iter().flat_map(|s| s.traded.iter().copied()).collect();
    let strategies = setup.strategies.iter().map(|strategy| {
        let values: Vec<String> =
            strategy.values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!("{} ({})", strategy.name, values.join(", "))
    });
    let currency = traded.first().map_or("", |id| setup.instruments[id.index()].currency());
    About {
        title: setup.config.report.title.clone(),
        strategy: strategies.collect::<Vec<_>>().join("; "),
        config: setup.config.to_toml(),
        data: setup
            .data
            .iter()
            .map(|file| DataFile { name: file.name.clone(), bytes: file.bytes, hash: file.blake3.clone() })
            .collect(),
        instruments: setup.instruments.clone(),
        traded,
        capital: money(setup.config.trading.initial_capital),
        currency: currency.into(),
        attribution_after: seconds(setup.config.report.adverse_selection_seconds),
    }
}

/// Configured amounts are written in whole units and cents; a billionth is as fine as they come.
#[expect(clippy::cast_possible_truncation, reason = "saturates; configuration was checked to be finite")]
fn money(amount: f64) -> Money {
    Money::from_nanos((amount * 1e9).round() as i64)
}

#[expect(clippy::cast_possible_truncation, reason = "saturates; configuration was checked to be finite")]
fn seconds(span: f64) -> Nanos {
    Nanos((span * 1e9).round() as i64)
}

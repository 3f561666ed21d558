//! The manual page of controls and limits, written from the two tables: docs/controls.md.

use crate::controls::CONTROLS;
use crate::limits::{Level, LimitId, LimitUnit};
use std::fmt::Write as _;

/// The page. A test fails when the committed one differs.
#[must_use]
pub fn page() -> String {
    let mut text = String::from(
        "# Controls\n\n\
         Written from the tables in `crates/risk` (`risk::controls`, `risk::limits`): do not edit; \
         `cargo run -q -p risk --example manual > docs/controls.md` writes it anew.\n\n\
         Every order is judged by these, in this order; whether it passes does not depend on the order, only the reason \
         that is named first does. A limit that is not set refuses.\n\n\
         | id | control | levels | basis | limits | acts | unset |\n|---|---|---|---|---|---|---|\n",
    );
    for control in CONTROLS {
        let levels = names(control.levels.iter().map(|level| level.name()));
        let limits = names(control.limits.iter().map(|limit| limit.name()));
        let _ = writeln!(
            text,
            "| {} | {} | {levels} | {} | {limits} | {} | {} |",
            control.id, control.name, control.basis, control.acts, control.unset
        );
    }
    text.push_str(
        "\n## Limits\n\n\
         Keys of `[risk.firm]`, and of `[risk.instruments]`, `[risk.strategies]`, `[risk.accounts]`, `[risk.desks]`, \
         `[risk.venues]` (for each of the level) or `[[risk.instrument]]` and so on (for one by its `name`). Money is in \
         the account's currency, times in milliseconds. Where \"off\" says yes, `\"off\"` may be written.\n\n\
         | number | key | unit | levels | off | about |\n|---|---|---|---|---|---|\n",
    );
    for limit in LimitId::ALL {
        let spec = limit.spec();
        let unit =
            if let LimitUnit::Choice(words) = spec.unit { words.join(", ") } else { spec.unit.name().into() };
        let levels = names(spec.levels.iter().map(|level: &Level| level.name()));
        let off = if spec.may_be_off { "yes" } else { "never" };
        let _ = writeln!(
            text,
            "| {} | `{}` | {unit} | {levels} | {off} | {} |",
            *limit as u16, spec.name, spec.about
        );
    }
    text
}

fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    all.collect::<Vec<_>>().join(", ")
}

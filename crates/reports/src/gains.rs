//! The tear sheet's pictures: what was earned by strategy, by side, by time of day, and by day and hour.

use crate::attribution::HOUR;
use crate::axis::Axis;
use crate::breakdown::{Clock, Row};
use crate::charts::{HALF, LABELS, LABELS_AND_NAME, WIDE, frame};
use crate::number::{self, Utc};
use crate::report::{Pnl, Report};
use crate::study::{Shade, amount};
use crate::svg::{Chart, Frame};
use std::collections::BTreeMap;
use types::{Money, Nanos};

/// Rows of the heat map.
const DAYS_SHOWN: usize = 31;

/// A picture with its caption.
pub(crate) struct Picture {
    pub(crate) title: String,
    pub(crate) note: &'static str,
    pub(crate) svg: String,
    pub(crate) is_wide: bool,
}

impl Report {
    /// By strategy, by side, by time of day.
    pub(crate) fn gains_pictures(&self) -> Vec<Picture> {
        let first = self.strategy_picture().into_iter().chain([self.side_picture()]);
        first.chain(self.clock_pictures()).collect()
    }

    /// A bar for each strategy; none where there is one.
    fn strategy_picture(&self) -> Option<Picture> {
        let rows = &self.breakdown.strategies;
        (rows.len() > 1).then(|| self.bars("strategies", "Net P&L by strategy", rows))
    }

    /// A bar for each side.
    fn side_picture(&self) -> Picture {
        self.bars("sides", "Net P&L by side", &self.breakdown.sides)
    }

    /// A bar for each hour of the day, by each clock; none of a run within one hour.
    fn clock_pictures(&self) -> Vec<Picture> {
        let many = |clock: &&Clock| clock.rows.len() > 1;
        let draw = |(place, clock): (usize, &Clock)| {
            let title = format!("Net P&L by time of day, {}", clock.zone);
            self.bars(&format!("clock-{place}"), &title, &clock.rows)
        };
        self.breakdown.clocks.iter().filter(many).enumerate().map(draw).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn bars(&self, id: &str, title: &str, rows: &[Row]) -> Picture {
        let nets = rows.iter().map(|row| row.pnl.net.0.to_f64());
        let y = Axis::around(nets.chain([0.0]));
        let is_wide = rows.len() > 10;
        let width = if is_wide { WIDE } else { HALF };
        let about = format!("{title}, in {}.", self.currency);
        let x = Axis::linear(0.0, rows.len() as f64);
        let mut chart = Chart::new(id, title, &about, frame(width, 230.0, LABELS), x, y);
        chart.y_axis(&format!("Net P&L ({})", self.currency), &y.ticks(5));
        let mut names = Vec::with_capacity(rows.len());
        for (place, row) in rows.iter().enumerate() {
            let left = place as f64;
            let class = if row.pnl.net.0 < Money::ZERO { "loss" } else { "gain" };
            let note = format!("{}: {}", row.name, self.in_parts(&row.pnl));
            chart.bar(class, (left + 0.14, left + 0.86), (0.0, row.pnl.net.0.to_f64()), &note);
            names.push((left + 0.5, row.name.clone()));
        }
        chart.x_axis("", &names);
        Picture { title: title.to_owned(), note: "", svg: chart.finish(), is_wide }
    }

    fn in_parts(&self, pnl: &Pnl) -> String {
        let part = |part: &crate::report::Part| format!("{} {}", part.short, number::money((part.of)(pnl)));
        let parts = self.parts().into_iter().map(part).collect::<Vec<_>>().join(", ");
        format!("{} {} ({parts})", number::money(pnl.net.0), self.currency)
    }

    /// Days down, hours across; none of a run of one day.
    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    pub(crate) fn heat_picture(&self) -> Option<Picture> {
        let mut days: BTreeMap<i64, BTreeMap<i64, Money>> = BTreeMap::new();
        for hour in &self.breakdown.hours {
            let number = hour.hour_at.div_euclid(HOUR);
            let day = days.entry(number.div_euclid(24)).or_default();
            *day.entry(number.rem_euclid(24)).or_default() += hour.worth.0;
        }
        if days.len() < 2 {
            return None;
        }
        // The latest at the bottom, as one reads.
        let shown: Vec<_> = days.iter().rev().take(DAYS_SHOWN).collect();
        let cells: Vec<_> = shown
            .iter()
            .flat_map(|(_, hours)| (0..24).map(|hour| hours.get(&hour).map(|net| net.to_f64())))
            .collect();
        let count = shown.len() as f64;
        let height = 66.0 + (22.0 * count).max(60.0);
        let place = Frame { left: 96.0, ..frame(WIDE, height, LABELS_AND_NAME) };
        let title = "Net P&L by day and hour";
        let about = format!("{title} (UTC), in {}.", self.currency);
        let mut chart =
            Chart::new("heat-days", title, &about, place, Axis::linear(0.0, 24.0), Axis::linear(0.0, count));
        let date = |day: i64| Utc::of(Nanos(day.saturating_mul(24 * HOUR))).date();
        let rows = shown.iter().enumerate().map(|(row, (day, _))| (row as f64 + 0.5, date(**day)));
        chart.y_axis("day", &rows.collect::<Vec<_>>());
        let shade = Shade::of(&cells);
        for (at, value) in cells.iter().enumerate() {
            let (row, hour) = (at / 24, at % 24);
            let (class, level) = value.map_or(("none", 0), |v| shade.class(v));
            let told = value.map_or_else(|| "nothing held or traded".into(), amount);
            let note = format!("{} {hour:02}:00: {told}", date(*shown[row].0));
            let (x, y) = (hour as f64, row as f64);
            chart.bar(&format!("heat {class} o{level}"), (x, x + 1.0), (y, y + 1.0), &note);
        }
        let hours: Vec<_> = (0..24).map(|hour| (f64::from(hour) + 0.5, format!("{hour:02}"))).collect();
        chart.x_axis("hour of the day (UTC)", &hours);
        Some(Picture {
            title: format!("{title} ({})", self.currency),
            note: "blue above zero, orange below, each darkest at its own end",
            svg: chart.finish(),
            is_wide: true,
        })
    }
}

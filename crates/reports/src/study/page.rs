//! The study as one page that opens from disk, in the look of a run's report.

use super::charts::HeatMap;
use super::summary::amount;
use super::{Ranked, Study, short};
use crate::number::{self, count, percent, ratio};
use crate::page::Tile;
use crate::summary::known;
use crate::tables::{Row, Table, minus};
use askama::Template;
use types::Nanos;

/// Rows of the first table of trials; the rest can be unfolded.
const FIRST: usize = 25;
/// More than these are in `sweep.json` only.
const SHOWN: usize = 1_000;

#[derive(Template)]
#[template(path = "sweep.html")]
struct Page<'a> {
    study: &'a Study,
    style: &'static str,
    best_point: String,
    meta: String,
    warnings: Vec<String>,
    tiles: Vec<Tile>,
    best_table: Table,
    near_table: Option<Table>,
    near_note: String,
    heat_maps: Vec<HeatMap>,
    distribution_chart: String,
    key_charts: Vec<(String, String)>,
    time_chart: String,
    has_chosen: bool,
    luck_table: Table,
    logit_chart: String,
    validation_table: Table,
    fold_table: Option<Table>,
    first_trials: Table,
    more_trials: Option<Table>,
    left_out: usize,
    data_table: Table,
    words: Vec<(&'static str, &'static str)>,
}

impl Study {
    /// `sweep.html`: everything on one self-contained page.
    ///
    /// # Panics
    /// Never: writing into a String cannot fail.
    #[must_use]
    pub fn to_html(&self) -> String {
        let shown = self.trials.len().min(SHOWN);
        let page = Page {
            study: self,
            style: include_str!("../../templates/style.css"),
            best_point: self.best_point(),
            meta: self.meta(),
            warnings: self.warnings.iter().cloned().map(minus).collect(),
            tiles: self.tiles(),
            best_table: pairs("The best trial", self.best_rows()),
            near_table: self.near_table(),
            near_note: self.near_note(),
            heat_maps: self.heat_maps(),
            distribution_chart: self.distribution_chart(),
            key_charts: self.key_charts(),
            time_chart: self.time_chart(),
            has_chosen: self.validation.as_ref().is_ok_and(|found| !found.tested.is_empty()),
            luck_table: pairs("The best against luck", self.luck_rows()),
            logit_chart: self.logit_chart(),
            validation_table: pairs("Inside and outside", self.validation_rows()),
            fold_table: self.fold_table(),
            first_trials: self.trial_table(0, shown.min(FIRST)),
            more_trials: (shown > FIRST).then(|| self.trial_table(FIRST, shown)),
            left_out: self.trials.len() - shown,
            data_table: self.data_table(),
            words: WORDS.to_vec(),
        };
        page.render().expect("writing into a String cannot fail")
    }

    fn meta(&self) -> String {
        let slices = self.slice_starts.len();
        let width = number::span(Nanos(self.about.slices.width_ns));
        let width = width.trim_end_matches(" 00 s").trim_end_matches(" 00 min").trim_end_matches(" 00 h");
        let from = self.slice_starts.first().map_or_else(String::new, |at| number::moment(Nanos(*at)));
        format!(
            "{} trials ({}), {slices} slices of {width} from {from}",
            count(self.trials.len() as u64),
            self.about.method
        )
    }

    fn tiles(&self) -> Vec<Tile> {
        let tile = Tile::new;
        let Some(best) = self.best() else { return Vec::new() };
        let class = |good: bool| if good { "gain" } else { "loss" };
        let (scale, scale_name) = self.scale();
        let between = |b: Option<super::Bounded>, show: &dyn Fn(f64) -> String| {
            known(b, |b| format!("95 %: {} to {}", show(b.low), show(b.high)))
        };
        let deflated = self.deflated.and_then(|found| found.deflated);
        let overfit = self.overfitting.as_ref().ok();
        let tested = self.validation.as_ref().ok();
        vec![
            Tile {
                class: class(best.run.net >= 0.0),
                ..tile(
                    "Best net P&L",
                    amount(best.run.net),
                    &self.about.currency,
                    between(self.best_net, &amount),
                )
            },
            tile(
                if scale_name == "hourly" { "Its Sharpe, hourly" } else { "Its Sharpe, annual" },
                known(best.sharpe, |sharpe| ratio(sharpe * scale)),
                "",
                between(self.best_sharpe, &|value| ratio(value * scale)),
            ),
            Tile {
                class: deflated.map_or("", |p| class(p >= 0.95)),
                ..tile(
                    "Deflated Sharpe",
                    known(deflated, percent),
                    "",
                    format!("real in spite of {} trials", self.trials.len()),
                )
            },
            Tile {
                class: overfit.map_or("", |found| class(found.probability <= 0.2)),
                ..tile(
                    "Overfitting",
                    known(overfit, |found| percent(found.probability)),
                    "",
                    "probability, by halving the time".into(),
                )
            },
            Tile {
                class: tested.map_or("", |found| class(found.gain_outside > 0.0)),
                ..tile(
                    "Kept out of sample",
                    tested.and_then(|found| found.efficiency).map_or_else(|| "n/a".into(), percent),
                    "",
                    known(tested, |t| {
                        format!(
                            "{} a slice outside, {} inside",
                            amount(t.gain_outside),
                            amount(t.gain_inside)
                        )
                    }),
                )
            },
            tile(
                "Neighbours",
                self.goal_value(self.neighbourhood.as_ref().map(|near| near.median)),
                "",
                known(self.neighbourhood.as_ref().and_then(|near| near.plateau), |p| {
                    let word = if p >= 0.8 {
                        "a plateau"
                    } else if p >= 0.5 {
                        "a slope"
                    } else {
                        "a spike"
                    };
                    format!("{word}: {} of the way to the best", percent(p.clamp(0.0, 1.0)))
                }),
            ),
            tile("Its fills", count(best.run.fills), "", format!("{} orders placed", count(best.run.orders))),
            tile(
                "Its drawdown",
                amount(best.run.max_drawdown),
                &self.about.currency,
                format!("fees {}", amount(best.run.fees)),
            ),
        ]
    }

    fn near_table(&self) -> Option<Table> {
        let near = self.neighbourhood.as_ref()?;
        let row = |neighbour: &super::neighbours::Neighbour| Row {
            name: neighbour.point.clone(),
            cells: self.without_double([
                neighbour.rank.to_string(),
                minus(self.goal_value(Some(neighbour.value))),
                minus(amount(neighbour.net)),
                count(neighbour.fills),
            ]),
            class: "",
        };
        Some(Table {
            caption: "Its neighbours".into(),
            head: [
                vec![String::new()],
                self.without_double(["rank", self.about.goal.label, "net P&L", "fills"].map(String::from)),
            ]
            .concat(),
            rows: near.neighbours.iter().map(row).collect(),
            class: "",
        })
    }

    /// Where net P&L is what was sought, it is told once.
    fn without_double<const N: usize>(&self, cells: [String; N]) -> Vec<String> {
        const NET: usize = 2;
        let told_before = self.about.goal.name == "net";
        cells
            .into_iter()
            .enumerate()
            .filter(|(at, _)| *at != NET || !told_before)
            .map(|(_, cell)| cell)
            .collect()
    }

    fn near_note(&self) -> String {
        let Some(near) = &self.neighbourhood else { return "Nothing to compare the best with.".into() };
        let (best, median, all) = (Some(near.best), Some(near.median), Some(near.median_all));
        let verdict = match near.plateau {
            Some(p) if p >= 0.8 => "a plateau: small changes cost little",
            Some(p) if p >= 0.5 => "a slope: small changes cost something",
            Some(_) => "a spike: small changes cost most of it, and it may be chance",
            None => "no better than the rest",
        };
        let goal = |value| minus(self.goal_value(value));
        format!(
            "The best is at {}, its neighbours at {} in the middle, all trials at {}. That is {verdict}.",
            goal(best),
            goal(median),
            goal(all)
        )
    }

    fn fold_table(&self) -> Option<Table> {
        let found = self.validation.as_ref().ok()?;
        let time = |at: i64| {
            let text = number::moment(Nanos(at));
            text.trim_end_matches(" UTC").trim_end_matches(".000").to_owned()
        };
        let row = |fold: &super::FoldReport| Row {
            name: format!("{} to {}", time(fold.test_from_ns), time(fold.test_to_ns)),
            cells: [
                format!("{} / {}", fold.train, fold.test),
                format!("{} (rank {})", fold.point, fold.chosen),
                self.goal_value(fold.inside),
                self.goal_value(fold.outside),
                self.goal_value(fold.outside_median),
                self.goal_value(fold.outside_best),
            ]
            .map(minus)
            .to_vec(),
            class: "",
        };
        let head = ["tested", "slices in / out", "chosen", "inside", "outside", "middle there", "best there"];
        Some(Table {
            caption: format!("{} where it was chosen and where it was tested", self.about.goal.label),
            head: head.map(String::from).to_vec(),
            rows: found.folds.iter().take(60).map(row).collect(),
            class: "",
        })
    }

    fn trial_table(&self, from: usize, to: usize) -> Table {
        let mut head = vec![String::new()];
        head.extend(self.about.keys.iter().map(|key| short(key).to_owned()));
        let (scale, name) = self.scale();
        let is_net = self.about.goal.name == "net";
        head.extend((!is_net).then(|| self.about.goal.label.to_owned()));
        head.extend(["net P&L".into(), format!("Sharpe, {name}"), "drawdown".into()]);
        head.extend(["fees", "fills", "maker", "turnover"].map(String::from));
        let row = |trial: &Ranked| {
            let run = &trial.run;
            let mut cells: Vec<String> = run.point.iter().map(|value| value.text.clone()).collect();
            #[expect(clippy::cast_precision_loss, reason = "a share for people")]
            let maker = (run.fills > 0).then(|| percent(run.fills_maker as f64 / run.fills as f64));
            cells.extend((!is_net).then(|| minus(self.goal_value(trial.value))));
            cells.extend([
                minus(amount(run.net)),
                minus(known(trial.sharpe, |sharpe| ratio(sharpe * scale))),
                minus(amount(run.max_drawdown)),
                minus(amount(run.fees)),
                count(run.fills),
                known(maker, |text| text),
                number::grouped(&format!("{:.0}", run.turnover)),
            ]);
            let class = match trial.rank {
                1 => "best",
                _ if run.fills < self.about.least_fills => "doubt",
                _ => "",
            };
            Row { name: trial.rank.to_string(), cells, class }
        };
        let caption = if from == 0 { "The best trials".into() } else { format!("Rank {} to {to}", from + 1) };
        Table { caption, head, rows: self.trials[from..to].iter().map(row).collect(), class: "" }
    }

    fn data_table(&self) -> Table {
        let row = |file: &crate::about::DataFile| Row {
            name: file.name.clone(),
            cells: vec![count(file.bytes), file.hash.clone()],
            class: "",
        };
        Table {
            caption: "Data".into(),
            head: ["file", "bytes", "BLAKE3"].map(String::from).to_vec(),
            rows: self.about.data.iter().map(row).collect(),
            class: "hash",
        }
    }
}

pub(crate) fn pairs(caption: &str, rows: Vec<(String, String)>) -> Table {
    let row = |(name, value): (String, String)| Row { name, cells: vec![minus(value)], class: "" };
    Table {
        caption: caption.to_owned(),
        head: Vec::new(),
        rows: rows.into_iter().map(row).collect(),
        class: "",
    }
}

const WORDS: [(&str, &str); 8] = [
    (
        "Interval",
        "95 % of 2,000 resamples of the gains by slice, drawn in blocks (stationary bootstrap, Politis & Romano 1994; \
         block length after Politis & White 2004, corrected 2009). It knows of one trial's noise, not of choosing.",
    ),
    (
        "Probabilistic Sharpe",
        "The probability that the true ratio is above zero, for the length of the record and the shape of its gains \
         (Bailey & López de Prado 2012).",
    ),
    (
        "Deflated Sharpe",
        "The same against the ratio that the best of so many trials without skill would show (2014). All trials count \
         as independent, and trials that lose much widen the scatter they are measured by: both make it strict. The \
         line below counts what their correlation makes of them.",
    ),
    (
        "Least track record, least backtest",
        "The time after which the ratio would be above zero with 95 % confidence (2012), and the time that a backtest \
         must cover lest the best of so many without skill shows it (2014).",
    ),
    (
        "Probability of overfitting",
        "Time is halved in all ways of its blocks; the share in which the trial chosen on one half is at the median or \
         below on the other (combinatorially symmetric cross-validation, Bailey et al. 2017).",
    ),
    (
        "Inside, outside",
        "Where a trial was chosen, and where it was tested. Slices whose outcome reaches into a tested one are left out \
         (purged); each trial is one run over all of the time, so positions and estimates carry over.",
    ),
    (
        "Neighbours",
        "Trials that differ in one key by one step; among scattered points the nearest. How far their middle lies on \
         the way from that of all trials to the best tells a plateau from a spike.",
    ),
    ("Slice", "Equal spans of time; those in which the market was silent in every trial are left out."),
];

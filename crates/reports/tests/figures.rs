//! The same figures everywhere: `report.json`, the CSVs, the page and the Markdown.

mod session;

use reports::files::Format;
use reports::{Recorder, Report, number};
use serde_json::Value;
use session::Session;
use std::collections::BTreeMap;
use types::Nanos;

fn report(seed: u64, strategies: usize) -> Report {
    let mut session = Session::of(seed, &["ESH6", "NQH6"], Nanos::from_secs(60 * 12), strategies);
    let mut recorder = Recorder::new(session::about_of(&["ESH6", "NQH6"], strategies));
    session.run(|input, commands, engine| recorder.on_step(input, commands, engine));
    recorder.finish(&session.engine, session::ending())
}

/// Every number, truth and decimal text below, but not the configuration and the words.
fn leaves(value: &Value, found: &mut BTreeMap<String, u64>) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => *found.entry(value.to_string()).or_default() += 1,
        Value::String(text) => *found.entry(text.clone()).or_default() += 1,
        Value::Array(list) => list.iter().for_each(|value| leaves(value, found)),
        Value::Object(fields) => {
            let told = fields.iter().filter(|field| !["config", "definitions"].contains(&field.0.as_str()));
            told.for_each(|field| leaves(field.1, found));
        }
    }
}

#[test]
fn every_figure_of_the_json_stands_in_a_csv_as_often_as_there() {
    let report = report(3, 2);
    let mut wanted = BTreeMap::new();
    leaves(&serde_json::from_str(&report.to_json()).expect("JSON"), &mut wanted);
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for (name, text) in report.files(&[Format::Csv]) {
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(text.as_bytes());
        let columns = reader.headers().expect("a head").len();
        assert!(columns > 0 && name.starts_with("figures/"), "{name}");
        for row in reader.records() {
            let row = row.unwrap_or_else(|error| panic!("{name}: {error}"));
            row.iter().for_each(|cell| *found.entry(cell.to_owned()).or_default() += 1);
        }
    }
    let missing: Vec<_> =
        wanted.iter().filter(|(text, count)| found.get(*text).is_none_or(|found| found < count)).collect();
    assert!(missing.is_empty(), "{} of {}: {missing:?}", missing.len(), wanted.len());
    assert!(wanted.len() > 1_000, "the session is too tame: {}", wanted.len());
}

#[test]
fn columns_have_names_and_units() {
    let report = report(3, 2);
    let figures = report.figures();
    let of = |name: &str| figures.iter().find(|figure| figure.name == name).expect(name);
    assert_eq!(of("earned").columns, ["at (ns since 1970 UTC)", "net (USD)"]);
    assert_eq!(
        of("breakdown_strategies").columns,
        [
            "name",
            "net (USD)",
            "spread_captured (USD)",
            "adverse_selection (USD)",
            "fees (USD)",
            "funding (USD)",
            "borrow (USD)",
            "currency_rates (USD)",
            "inventory (USD)",
            "fills_maker",
            "fills_taker",
            "turnover (USD)"
        ]
    );
    assert_eq!(of("breakdown_clocks_rows").columns[..2], ["zone", "name"]);
    assert_eq!(
        of("instruments_markouts_points").columns[..4],
        ["symbol", "currency", "liquidity", "after_ms (ms)"]
    );
    let unit = |name: &str, figure: &str| {
        let row = of(name).rows.iter().find(|row| row[0] == figure).expect(figure);
        row[2].clone()
    };
    assert_eq!(unit("headline", "max_drawdown"), "USD");
    assert_eq!(unit("headline", "maker_share"), "fraction");
    assert_eq!(unit("session", "duration_ns"), "ns");
    assert_eq!(unit("headline", "fills"), "");
    let unnamed = figures.iter().flat_map(|f| &f.columns).filter(|c| c.starts_with("column_")).count();
    assert_eq!(unnamed, 0, "every list of tuples has names for its columns");
    let mut names: Vec<_> = figures.iter().map(|figure| &figure.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), figures.len(), "each file once");
}

#[test]
fn page_markdown_and_json_agree_on_the_headline() {
    for seed in 0..4 {
        let report = report(seed, 2);
        let json: Value = serde_json::from_str(&report.to_json()).expect("JSON");
        let (html, markdown) = (report.to_html(), report.to_markdown());
        let net = json["headline"]["net"].as_str().expect("an amount");
        assert_eq!(net, report.headline.net.0.to_string());
        let minus = |text: String| text.replace('-', "\u{2212}");
        let headline = [
            minus(number::money(report.headline.net.0)),
            minus(number::money(report.headline.max_drawdown.0)),
            minus(number::money(report.headline.fees.0)),
            number::count(json["headline"]["fills"].as_u64().expect("a count")),
            report.sharpe_hourly(),
        ];
        let sharpe = minus(headline[4].clone());
        for figure in headline[..4].iter().chain([&sharpe]) {
            assert!(html.contains(figure.as_str()), "seed {seed}: the page lacks {figure}");
            assert!(markdown.contains(figure.as_str()), "seed {seed}: the Markdown lacks {figure}");
        }
        for one in json["breakdown"]["strategies"].as_array().expect("rows") {
            let net: f64 = one["pnl"]["net"].as_str().expect("an amount").parse().expect("a number");
            let shown = minus(number::grouped(&format!("{net:.2}")));
            assert!(html.contains(&shown) && markdown.contains(&shown), "seed {seed}: {shown}");
        }
    }
}

#[test]
fn a_report_read_back_is_the_report_to_the_byte() {
    let report = report(5, 2);
    let again = Report::from_json(&report.to_json()).expect("we wrote it");
    assert_eq!(again.all_files(), report.all_files());
    assert!(Report::from_json("{}").is_err());
    let torn = report.to_json().replace("\"net\": \"", "\"net\": \"x");
    assert!(Report::from_json(&torn).expect_err("no amount").to_string().contains("is no amount"));
}

#[test]
fn markdown_tables_are_whole_and_nothing_breaks_out_of_them() {
    let hostile = "a|b\n# <img src=x> [x](y) `c`";
    let mut about = session::about(&[hostile]);
    about.title = hostile.into();
    about.config = "```\n# not a heading".into();
    let mut session = Session::new(1, &[hostile], Nanos::from_secs(60));
    let mut recorder = Recorder::new(about);
    session.run(|input, commands, engine| recorder.on_step(input, commands, engine));
    let markdown = recorder.finish(&session.engine, session::ending()).to_markdown();
    assert!(!markdown.contains("<img") && !markdown.contains("\n# <") && !markdown.contains("[x](y)"));
    let (mut width, mut tables) = (0, 0);
    for line in markdown.lines() {
        let cells = line.replace("\\|", "").matches('|').count();
        match line.starts_with('|') {
            true if width == 0 => (width, tables) = (cells, tables + 1),
            true => assert_eq!(cells, width, "{line}"),
            false => width = 0,
        }
    }
    assert!(tables > 10, "{tables}");
}

//! Every figure of the report as CSV: one file for each table and each chart, each column with its unit.
//!
//! Made from `report.json` itself, by its shape: an object of figures is a list of them, a list of objects is a table, a
//! list within a row is a table of its own that repeats what names the row. So nothing that the report holds can be
//! left out, and both say the same numbers.

use crate::node::Node;
use crate::report::Report;

/// A table: a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The file's name, without its ending.
    pub name: String,
    /// Names of columns, with units.
    pub columns: Vec<String>,
    /// Cells, as `report.json` writes them; empty where nothing is known.
    pub rows: Vec<Vec<String>>,
}

/// Not figures: the run's configuration is a file of its own kind, and words explain.
const LEFT_OUT: [&str; 2] = ["config", "definitions"];

/// Columns of lists of tuples, by where they stand.
const TUPLES: [(&str, &[&str]); 6] = [
    ("earned", &["at", "net"]),
    ("drawdown", &["at", "below_highest"]),
    ("latency_feed_bars", &["from_ns", "to_ns", "count"]),
    ("latency_order_bars", &["from_ns", "to_ns", "count"]),
    ("instruments_position", &["at", "position"]),
    ("instruments_mid", &["at", "mid"]),
];

/// Units by how a column's name ends, the first that fits; texts and counts have none. `¤` is the amounts' currency.
const UNITS: &[(&str, &str)] = &[
    ("fills_without_mid", ""),
    ("at", "ns since 1970 UTC"),
    ("ns", "ns"),
    ("ms", "ms"),
    ("share", "fraction"),
    ("participation", "fraction"),
    ("return_on_capital", "fraction"),
    ("fill_rate", "fraction"),
    ("time_with_position", "fraction"),
    ("time_quoting_both", "fraction"),
    ("days_ahead", "fraction"),
    ("best_day", "fraction"),
    ("worst_day", "fraction"),
    ("volatility_annual", "fraction"),
    ("value_at_risk_95", "fraction"),
    ("expected_shortfall_95", "fraction"),
    ("probabilistic_sharpe", "fraction"),
    ("time_live", "fraction"),
    ("time_crossed", "fraction"),
    ("time_stale", "fraction"),
    ("time_building", "fraction"),
    ("time_quoting", "fraction"),
    ("lots", "lots"),
    ("position", "lots"),
    ("inventory_last", "lots"),
    ("inventory_mean", "lots"),
    ("inventory_mean_abs", "lots"),
    ("max_long", "lots"),
    ("max_short", "lots"),
    ("ticks_mean", "ticks"),
    ("ticks_standard_error", "ticks"),
    ("money_mean", "¤"),
    ("money_standard_error", "¤"),
    ("below_highest", "¤"),
    ("net", "¤"),
    ("mid", "price"),
    ("price", "price"),
];

/// What names a row, for the tables within it; the first of these that it has.
const NAMES: [&str; 6] = ["symbol", "liquidity", "zone", "label", "name", "what"];

/// Amounts that are in the report's currency, whatever their row's is.
const IN_ACCOUNT: [&str; 3] = ["worth", "revalued", "rate"];

/// Texts that look like numbers and are no amounts.
const TEXTS: &[&str] = &[
    "name",
    "label",
    "strategy",
    "symbol",
    "title",
    "hash",
    "what",
    "tick",
    "lot",
    "multiplier",
    "liquidity",
];

impl Report {
    /// Every table and every chart's data.
    ///
    /// # Panics
    /// Never: what we write as JSON is JSON.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let Node::Fields(sections) = serde_json::from_str(&self.to_json()).expect("we wrote it just now")
        else {
            return Vec::new();
        };
        let mut cutter = Cutter { currency: &self.currency, figures: Vec::new(), tables: Vec::new() };
        let (left_out, told): (Vec<_>, Vec<_>) =
            sections.iter().partition(|section| LEFT_OUT.contains(&section.0.as_str()));
        debug_assert_eq!(left_out.len(), LEFT_OUT.len());
        let mut run = Vec::new();
        for (name, section) in told {
            match section {
                Node::Fields(_) => cutter.list(name, section),
                Node::List(rows) => cutter.table(name, &[], rows),
                Node::Null | Node::Plain(_) | Node::Text(_) => run.push(Cell::of(name, section)),
            }
        }
        let run = cutter.as_list("run", run);
        let tables = std::mem::take(&mut cutter.tables);
        let tables = tables.into_iter().filter(|table| !table.1.is_empty());
        let tables: Vec<_> = tables.map(|(name, rows)| cutter.as_table(name, &rows)).collect();
        std::iter::once(run).chain(cutter.figures).chain(tables).collect()
    }
}

impl Figure {
    /// As a file: a line of names with units, then the rows.
    ///
    /// # Panics
    /// Never: writing into memory cannot fail.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            writer.write_record(row).expect("rows are as long as the head");
        }
        let bytes = writer.into_inner().expect("writing into memory cannot fail");
        String::from_utf8(bytes).expect("cells are texts")
    }
}

/// A figure and what it is called.
#[derive(Clone, Debug)]
struct Cell {
    column: String,
    text: String,
    /// Of money, so that it has the currency for its unit.
    is_amount: bool,
}

impl Cell {
    fn of(column: &str, value: &Node) -> Self {
        let (text, is_amount) = match value {
            Node::Null | Node::List(_) | Node::Fields(_) => (String::new(), false),
            Node::Plain(text) => (text.clone(), false),
            Node::Text(text) => (text.clone(), is_decimal(text) && !TEXTS.contains(&column)),
        };
        Self { column: column.into(), text, is_amount }
    }
}

/// A list within a row: its name, what names the row, its entries.
type Nested<'a> = (String, Vec<Cell>, &'a Vec<Node>);

struct Cutter<'a> {
    currency: &'a str,
    /// Objects.
    figures: Vec<Figure>,
    /// Lists, by name.
    tables: Vec<(String, Vec<Vec<Cell>>)>,
}

impl Cutter<'_> {
    /// An object: its figures one below the other, its lists as tables of their own.
    fn list(&mut self, name: &str, object: &Node) {
        let (mut cells, mut lists) = (Vec::new(), Vec::new());
        let before = if name == "pnl" { name } else { "" };
        flatten(before, object, &mut cells, &mut lists);
        if !cells.is_empty() {
            let figure = self.as_list(name, cells);
            self.figures.push(figure);
        }
        for (field, rows) in lists {
            self.table(&format!("{name}_{field}"), &[], rows);
        }
    }

    fn as_list(&self, name: &str, cells: Vec<Cell>) -> Figure {
        let row = |cell: Cell| {
            let unit = self.unit(&cell.column, cell.is_amount, None);
            vec![cell.column, cell.text, unit]
        };
        let columns = ["figure", "value", "unit"].map(String::from).to_vec();
        Figure { name: name.into(), columns, rows: cells.into_iter().map(row).collect() }
    }

    /// A list: a row for each entry; `keys` are repeated in front of each.
    fn table(&mut self, name: &str, keys: &[Cell], entries: &[Node]) {
        let mut rows = Vec::with_capacity(entries.len());
        let mut nested: Vec<Nested<'_>> = Vec::new();
        for entry in entries {
            let (mut cells, mut lists) = (Vec::new(), Vec::new());
            match entry {
                Node::Fields(_) => flatten("", entry, &mut cells, &mut lists),
                Node::List(tuple) => cells = tuple_cells(name, tuple),
                Node::Null | Node::Plain(_) | Node::Text(_) => cells.push(Cell::of("value", entry)),
            }
            let mut own = keys.to_vec();
            own.extend(cells.iter().find(|cell| NAMES.contains(&cell.column.as_str())).cloned());
            // What is within an instrument is in its currency, which need not be the report's.
            own.extend(cells.iter().find(|cell| cell.column == "currency").cloned());
            nested.extend(lists.into_iter().map(|(field, list)| (field, own.clone(), list)));
            rows.push(cells);
        }
        self.put(name, keys, rows);
        for (field, keys, list) in nested {
            self.table(&format!("{name}_{field}"), &keys, list);
        }
    }

    /// Rows of a table; tables of one name, from several rows above them, are one.
    fn put(&mut self, name: &str, keys: &[Cell], rows: Vec<Vec<Cell>>) {
        let keyed = rows.into_iter().map(|row| keys.iter().cloned().chain(row).collect());
        match self.tables.iter_mut().find(|table| table.0 == name) {
            Some(table) => table.1.extend(keyed),
            None => self.tables.push((name.into(), keyed.collect())),
        }
    }

    /// Columns are all that any row has, in the order in which they are first met.
    fn as_table(&self, name: String, rows: &[Vec<Cell>]) -> Figure {
        let mut columns: Vec<(&str, bool)> = Vec::new();
        for cell in rows.iter().flatten() {
            match columns.iter_mut().find(|column| column.0 == cell.column) {
                // An amount may be missing in one row and known in another.
                Some(column) => column.1 |= cell.is_amount,
                None => columns.push((&cell.column, cell.is_amount)),
            }
        }
        let own_currency = columns.iter().any(|column| column.0 == "currency").then_some("`currency`");
        let head = |(column, is_amount): &(&str, bool)| match self.unit(column, *is_amount, own_currency) {
            unit if unit.is_empty() => (*column).to_owned(),
            unit => format!("{column} ({unit})"),
        };
        let texts = |row: &Vec<Cell>| -> Vec<String> {
            let of = |column: &str| row.iter().find(|cell| cell.column == column);
            columns
                .iter()
                .map(|column| of(column.0).map_or(String::new(), |cell| cell.text.clone()))
                .collect()
        };
        Figure { name, columns: columns.iter().map(head).collect(), rows: rows.iter().map(texts).collect() }
    }

    fn unit(&self, column: &str, is_amount: bool, currency: Option<&str>) -> String {
        let currency = currency.filter(|_| !IN_ACCOUNT.contains(&column));
        let of_amounts = || currency.unwrap_or(self.currency).to_owned();
        if is_amount {
            return of_amounts();
        }
        match UNITS.iter().find(|unit| ends_a_word(column, unit.0)) {
            Some((_, "¤")) => of_amounts(),
            Some((_, unit)) => (*unit).to_owned(),
            None => String::new(),
        }
    }
}

fn tuple_cells(name: &str, tuple: &[Node]) -> Vec<Cell> {
    let names = TUPLES.iter().find(|known| known.0 == name).map_or(&[][..], |known| known.1);
    let own = |(place, value): (usize, &Node)| match names.get(place) {
        Some(column) => Cell::of(column, value),
        None => Cell::of(&format!("column_{place}"), value),
    };
    tuple.iter().enumerate().map(own).collect()
}

/// `at` ends `at` and `first_at`, but not `that`.
fn ends_a_word(column: &str, end: &str) -> bool {
    column.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
}

/// An object's figures with their names joined, and its lists.
fn flatten<'a>(
    before: &str,
    object: &'a Node,
    cells: &mut Vec<Cell>,
    lists: &mut Vec<(String, &'a Vec<Node>)>,
) {
    let Node::Fields(fields) = object else { return };
    for (field, value) in fields {
        // Parts of the P&L go by their own names, but one: a row's currency is what its amounts are in.
        let name = match (before, field.as_str()) {
            ("pnl", "currency") => "currency_rates".into(),
            ("" | "pnl", _) => field.clone(),
            _ => format!("{before}_{field}"),
        };
        match value {
            Node::Fields(_) => flatten(&name, value, cells, lists),
            Node::List(list) => lists.push((name, list)),
            Node::Null | Node::Plain(_) | Node::Text(_) => cells.push(Cell::of(&name, value)),
        }
    }
}

fn is_decimal(text: &str) -> bool {
    let plain = text.strip_prefix('-').unwrap_or(text);
    plain.starts_with(|c: char| c.is_ascii_digit())
        && plain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

//! The report's tables as Arrow: the CSVs of `quoin report`, with their columns' kinds.
//!
//! A column is of moments, whole numbers, reals or texts, whichever holds all its cells; its unit is in the field's
//! metadata. Amounts become reals here; the exact ones are in `report`.

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use arrow_schema::{Field, Schema};
use reports::figures::Figure;
use std::collections::HashMap;
use std::sync::Arc;

/// As one batch.
pub fn batch(figure: &Figure) -> RecordBatch {
    let columns = figure.columns.iter().enumerate().map(|(place, head)| {
        let (name, unit) = match head.strip_suffix(')').and_then(|head| head.split_once(" (")) {
            Some((name, unit)) => (name, unit),
            None => (head.as_str(), ""),
        };
        let cells: Vec<&str> = figure.rows.iter().map(|row| row[place].as_str()).collect();
        let array = array(&cells, unit);
        let field = Field::new(name, array.data_type().clone(), true);
        let metadata = HashMap::from([("unit".to_owned(), unit.to_owned())]);
        (if unit.is_empty() { field } else { field.with_metadata(metadata) }, array)
    });
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .expect("columns are as long as the rows are many")
}

fn array(cells: &[&str], unit: &str) -> ArrayRef {
    if let Some(wholes) = parsed::<i64>(cells) {
        return match unit {
            "ns since 1970 UTC" => Arc::new(TimestampNanosecondArray::from(wholes).with_timezone("UTC")),
            _ => Arc::new(Int64Array::from(wholes)),
        };
    }
    if let Some(reals) = parsed::<f64>(cells) {
        return Arc::new(Float64Array::from(reals));
    }
    let texts = cells.iter().map(|cell| (!cell.is_empty()).then_some(*cell));
    Arc::new(texts.collect::<StringArray>())
}

/// The cells as numbers, the empty ones as holes; `None` when one is something else, or all are empty.
fn parsed<T: std::str::FromStr>(cells: &[&str]) -> Option<Vec<Option<T>>> {
    if cells.iter().all(|cell| cell.is_empty()) {
        return None;
    }
    let number = |cell: &&str| match cell.is_empty() {
        true => Ok(None),
        false => cell.parse().map(Some).map_err(|_| ()),
    };
    cells.iter().map(number).collect::<Result<_, ()>>().ok()
}

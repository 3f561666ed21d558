//! What a comparison reads of `report.json`. Fields it does not need are not looked at, so that reports of other
//! versions can be read as long as these stay.

use serde::{Deserialize, Deserializer, Serialize};

/// Why a text is no report.
#[derive(Debug)]
pub enum ReadError {
    /// Not JSON, or without what is needed.
    Json(serde_json::Error),
    /// Another layout.
    Format(String),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(error) => write!(f, "not a report of a run: {error}"),
            Self::Format(found) => {
                write!(f, "a report of layout `{found}`; this program reads `{}`", crate::report::FORMAT)
            }
        }
    }
}

impl std::error::Error for ReadError {}

/// A run as its report tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRead {
    #[serde(skip_serializing)]
    format: String,
    /// The report's headline.
    pub title: String,
    /// Who traded, with what parameters.
    pub strategy: String,
    /// What amounts are in.
    pub currency: String,
    /// When.
    pub session: Session,
    /// The figures one asks for first.
    pub headline: Headline,
    /// The P&L's parts.
    pub pnl: Parts,
    /// Orders and fills.
    pub activity: Activity,
    /// What was read.
    pub data: Vec<File>,
    /// Net P&L over time.
    #[serde(skip_serializing)]
    pub earned: Vec<(i64, f64)>,
    /// The run's configuration, as TOML.
    #[serde(skip_serializing)]
    pub config: String,
}

/// When.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The first input.
    pub first_at: i64,
    /// The last.
    pub last_at: i64,
}

/// The figures one asks for first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Headline {
    /// After fees.
    #[serde(deserialize_with = "amount")]
    pub net: f64,
    /// Of the capital.
    pub return_on_capital: Option<f64>,
    /// Zero or below.
    #[serde(deserialize_with = "amount")]
    pub max_drawdown: f64,
    /// Return over risk.
    pub sharpe: Sharpe,
    /// How many.
    pub fills: f64,
    /// What changed hands.
    #[serde(deserialize_with = "amount")]
    pub turnover: f64,
    /// Of the turnover, what gave liquidity.
    pub maker_share: Option<f64>,
    /// Positive when paid.
    #[serde(deserialize_with = "amount")]
    pub fees: f64,
    /// Of the time, with a position.
    pub time_with_position: Option<f64>,
    /// Of the time, quoting both sides.
    pub time_quoting_both: Option<f64>,
}

/// Return over risk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sharpe {
    /// Of days.
    pub annual: Option<Estimated>,
    /// Of minutes.
    pub hourly: Option<Estimated>,
}

/// An estimate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Estimated {
    /// Its value.
    pub value: f64,
    /// How far off it may be.
    pub standard_error: f64,
}

/// The P&L's parts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parts {
    /// By trading away from the mid.
    #[serde(deserialize_with = "amount")]
    pub spread_captured: f64,
    /// By the mid's moves soon after.
    #[serde(deserialize_with = "amount")]
    pub adverse_selection: f64,
    /// Of perpetuals; a report of before has none.
    #[serde(default, deserialize_with = "amount")]
    pub funding: f64,
    /// For loans.
    #[serde(default, deserialize_with = "amount")]
    pub borrow: f64,
    /// By the rates of foreign balances.
    #[serde(default, deserialize_with = "amount")]
    pub currency: f64,
    /// By holding.
    #[serde(deserialize_with = "amount")]
    pub inventory: f64,
}

/// Orders and fills.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Activity {
    /// New orders.
    pub orders_placed: f64,
    /// Of them, with at least one fill.
    pub fill_rate: Option<f64>,
    /// Messages for each fill.
    pub messages_per_fill: Option<f64>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// As given.
    pub name: String,
    /// Of its bytes.
    pub hash: String,
}

/// An exact amount, as near as a float comes: for comparing, not for booking.
fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` is no amount")))
}

impl RunRead {
    /// Reads `report.json`.
    ///
    /// # Errors
    /// When it is none, or of another layout.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        let run: Self = serde_json::from_str(text).map_err(ReadError::Json)?;
        if run.format != crate::report::FORMAT {
            return Err(ReadError::Format(run.format));
        }
        Ok(run)
    }

    /// What was earned by a moment: the series' last point by then.
    #[must_use]
    pub fn earned_at(&self, at: i64) -> f64 {
        let behind = self.earned.partition_point(|point| point.0 <= at);
        behind.checked_sub(1).map_or(0.0, |last| self.earned[last].1)
    }
}

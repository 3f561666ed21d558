//! Which points of a space are run: a grid, chance, Sobol's sequence, or a search that learns.
//!
//! A search that learns asks for points in batches of a fixed size, each from all batches before it: so what it asks
//! for does not depend on how many threads answer.

use super::space::{Point, Space};
use quant::sobol::Sobol;
use quant::tpe::{self, Tried, suggest};
use stdx::Prng;

/// How points are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// All of them.
    Grid,
    /// Independent draws.
    Random,
    /// Draws that fill the space evenly.
    Sobol,
    /// Tree-structured Parzen estimator: `startup` points of Sobol's, then batches near what was good.
    Tpe {
        /// Points before it has something to learn from.
        startup: usize,
        /// Points asked for at a time.
        batch: usize,
    },
}

/// A grid may not be larger.
pub const GRID_MAX: usize = 1_000_000;

/// Why there are no points.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// A range in a grid does not say how many values it has.
    #[error("`{0}`: in a grid a range needs `steps`")]
    NoSteps(String),
    /// More points than anyone waits for.
    #[error(
        "the grid has more than {GRID_MAX} points; take fewer values, or search with a budget (method = \"tpe\")"
    )]
    TooLarge,
    /// More dimensions than Sobol's sequence has here.
    #[error("{0} keys are too many for Sobol's sequence, which has {max}; use method = \"random\"", max = quant::sobol::DIMENSIONS_MAX)]
    TooManyKeys(usize),
}

/// A point that is to be run, and where it lies in the cube.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Its values.
    pub point: Point,
    /// Its coordinates; empty in a grid.
    pub at: Vec<f64>,
}

/// The search as it goes.
#[derive(Debug)]
pub struct Search<'a> {
    space: &'a Space,
    method: Method,
    budget: usize,
    asked: usize,
    prng: Prng,
    sobol: Option<Sobol>,
}

impl<'a> Search<'a> {
    /// Before its first point.
    ///
    /// # Errors
    /// When the method does not fit the space.
    pub fn new(space: &'a Space, method: Method, budget: usize, seed: u64) -> Result<Self, SearchError> {
        let keys = space.dimensions.len();
        let sobol = match method {
            Method::Grid | Method::Random => None,
            Method::Sobol => Some(Sobol::new(keys, Some(seed)).ok_or(SearchError::TooManyKeys(keys))?),
            // It starts by chance where Sobol's sequence does not reach.
            Method::Tpe { .. } => Sobol::new(keys, Some(seed)),
        };
        Ok(Self { space, method, budget, asked: 0, prng: Prng::new(seed).fork("search"), sobol })
    }

    /// The next points to run, given all that were run before; none when it is over.
    ///
    /// # Errors
    /// When the space has no grid.
    pub fn next(&mut self, tried: &[Tried]) -> Result<Vec<Asked>, SearchError> {
        let left = self.budget.saturating_sub(self.asked);
        let points = match self.method {
            Method::Grid if self.asked > 0 => Vec::new(),
            Method::Grid => self.grid()?,
            Method::Random | Method::Sobol => (0..left).map(|_| self.draw()).collect(),
            Method::Tpe { startup, .. } if self.asked < startup => {
                (0..left.min(startup - self.asked)).map(|_| self.draw()).collect()
            }
            Method::Tpe { batch, .. } => (0..left.min(batch.max(1))).map(|_| self.learned(tried)).collect(),
        };
        self.asked += points.len();
        Ok(points)
    }

    fn draw(&mut self) -> Asked {
        let at = match &mut self.sobol {
            Some(sobol) => sobol.next_point(),
            None => self.space.dimensions.iter().map(|_| self.prng.unit()).collect(),
        };
        self.placed(at)
    }

    fn learned(&mut self, tried: &[Tried]) -> Asked {
        let axes: Vec<tpe::Axis> = self.space.dimensions.iter().map(super::Dimension::axis).collect();
        let at = suggest(&axes, tried, &tpe::Settings::default(), &mut self.prng);
        self.placed(at)
    }

    fn placed(&self, at: Vec<f64>) -> Asked {
        let point = self.space.dimensions.iter().zip(&at).map(|(dimension, x)| dimension.at(*x)).collect();
        Asked { point, at }
    }

    /// The last key turns fastest.
    fn grid(&self) -> Result<Vec<Asked>, SearchError> {
        let mut points: Vec<Point> = vec![Vec::new()];
        for dimension in &self.space.dimensions {
            let values = dimension.grid().ok_or_else(|| SearchError::NoSteps(dimension.key.clone()))?;
            if points.len().saturating_mul(values.len()) > GRID_MAX {
                return Err(SearchError::TooLarge);
            }
            let longer = |point: &Point| {
                let one_more = |value| [point.as_slice(), std::slice::from_ref(value)].concat();
                values.iter().map(one_more).collect::<Vec<Point>>()
            };
            points = points.iter().flat_map(longer).collect();
        }
        Ok(points.into_iter().map(|point| Asked { point, at: Vec::new() }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::space::{Dimension, Values};
    use super::*;
    use toml::Value;

    fn space() -> Space {
        let number =
            Values::Range { from: 0.0, to: 1.0, steps: Some(3), log: false, whole: false, integer: false };
        let list = Values::List(vec![Value::Integer(1), Value::Integer(2)]);
        let dimension = |key: &str, values| Dimension { key: key.into(), values };
        Space { dimensions: vec![dimension("a", number), dimension("b", list)] }
    }

    fn all(method: Method, budget: usize, seed: u64) -> Vec<Asked> {
        let space = space();
        let mut search = Search::new(&space, method, budget, seed).expect("it fits");
        let (mut asked, mut tried): (Vec<Asked>, Vec<Tried>) = (Vec::new(), Vec::new());
        loop {
            let more = search.next(&tried).expect("points");
            if more.is_empty() {
                return asked;
            }
            if !more[0].at.is_empty() {
                tried.extend(more.iter().map(|a| Tried { at: a.at.clone(), value: -(a.at[0] - 0.7).abs() }));
            }
            asked.extend(more);
        }
    }

    #[test]
    fn a_grid_has_every_point_once_and_searches_keep_to_their_budget() {
        let grid: Vec<String> = all(Method::Grid, 0, 1).iter().map(|a| space().describe(&a.point)).collect();
        assert_eq!(
            grid,
            [
                "a = 0, b = 1",
                "a = 0, b = 2",
                "a = 0.5, b = 1",
                "a = 0.5, b = 2",
                "a = 1, b = 1",
                "a = 1, b = 2"
            ]
        );
        let tpe = Method::Tpe { startup: 10, batch: 8 };
        for method in [Method::Random, Method::Sobol, tpe] {
            assert_eq!(all(method, 37, 1).len(), 37);
            assert_eq!(all(method, 37, 1), all(method, 37, 1));
            assert_ne!(all(method, 37, 1), all(method, 37, 2));
        }
        let near = |asked: &[Asked]| asked.iter().filter(|a| (a.at[0] - 0.7).abs() < 0.1).count();
        let (learned, chance) = (near(&all(tpe, 60, 1)), near(&all(Method::Random, 60, 1)));
        assert!(learned > 2 * chance, "{learned} against {chance}");
    }
}

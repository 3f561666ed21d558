//! A trading day as its venue's wall clock shows it: what holds from which minute on.
//!
//! Minutes count from the midnight with which the day of that date begins; below zero is the evening before. Never knows
//! a time zone.

use types::Phase;

/// Minutes from the day's midnight.
pub type Minute = i16;

/// The minute of an hour: `at(17, 0)`; the evening before: `at(17 - 24, 0)`.
#[must_use]
pub const fn at(hour: i16, minute: i16) -> Minute {
    hour * 60 + minute
}

/// What holds from a minute on.
pub type Point = (Minute, Phase);

/// An ordinary trading day, from some date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// In order of their minutes; the last one closes.
    pub points: Vec<Point>,
    /// Where a Monday's call begins, if elsewhere: Sundays have no maintenance break.
    pub monday_call: Option<Minute>,
}

/// How a day ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is over: orders for the day end with it.
    Close(Minute),
    /// Trading stops, and goes on with the next day, to which this one belongs: CME's holidays.
    Halt(Minute),
}

/// What a day has instead of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exception {
    /// No trading.
    Closed,
    /// It opens later, ends earlier, or both.
    Shorter {
        /// Nothing before this.
        opens: Option<Minute>,
        /// How it ends.
        ends: Option<End>,
    },
}

impl Exception {
    /// A day that ends early.
    #[must_use]
    pub const fn ends(end: End) -> Self {
        Self::Shorter { opens: None, ends: Some(end) }
    }
}

impl Hours {
    /// The points of a day, shortened as its exception says.
    #[must_use]
    pub fn day(&self, is_monday: bool, exception: Option<Exception>) -> Vec<Point> {
        let mut points = self.points.clone();
        if let (true, Some(call), Some(first)) = (is_monday, self.monday_call, points.first_mut()) {
            first.0 = call;
        }
        let (opens, ends) = match exception {
            None => return points,
            Some(Exception::Closed) => return Vec::new(),
            Some(Exception::Shorter { opens, ends }) => (opens, ends),
        };
        if let Some(opens) = opens {
            let holds = points.iter().rev().find(|point| point.0 <= opens).map(|point| point.1);
            points.retain(|point| point.0 > opens);
            points.splice(0..0, holds.map(|phase| (opens, phase)));
        }
        match ends {
            None => {}
            Some(End::Close(minute)) => {
                points.retain(|point| point.0 < minute);
                points.push((minute, Phase::Closed));
            }
            Some(End::Halt(minute)) => {
                points.retain(|point| point.0 < minute);
                points.push((minute, Phase::Halted));
            }
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Phase::{Closed, Halted, Open, PreOpen};

    #[test]
    fn a_day_is_cut_at_both_ends() {
        let hours = Hours {
            points: vec![(-420, Open), (465, Halted), (510, Open), (800, Closed)],
            monday_call: None,
        };
        let shorter = |opens, ends| Some(Exception::Shorter { opens, ends });
        let cases = [
            (None, hours.points.clone()),
            (Some(Exception::Closed), vec![]),
            (shorter(Some(510), None), vec![(510, Open), (800, Closed)]),
            (shorter(Some(500), None), vec![(500, Halted), (510, Open), (800, Closed)]),
            (
                shorter(None, Some(End::Close(725))),
                vec![(-420, Open), (465, Halted), (510, Open), (725, Closed)],
            ),
            (shorter(None, Some(End::Halt(465))), vec![(-420, Open), (465, Halted)]),
            (shorter(Some(510), Some(End::Close(725))), vec![(510, Open), (725, Closed)]),
        ];
        for (exception, expected) in cases {
            assert_eq!(hours.day(false, exception), expected, "{exception:?}");
        }
        let called =
            Hours { points: vec![(-435, PreOpen), (-420, Open), (960, Closed)], monday_call: Some(-480) };
        assert_eq!(called.day(true, None)[0], (-480, PreOpen));
        assert_eq!(called.day(false, None)[0], (-435, PreOpen));
    }
}

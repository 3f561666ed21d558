//! Which faults strike, and when: every fault of a run is drawn here, numbered, and can be left out.
//!
//! A fault is a kind and a place: the packet, message or moment it may strike at. Whether it does depends on the seed,
//! the kind and the place alone, never on what was drawn before: leaving one fault out moves no other, which is what
//! makes a failing history short.

use crate::ranges::{KINDS, Kind, Mix};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use stdx::Prng;
use types::Nanos;

/// One fault that struck, or may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// At which packet, message or moment, as its kind counts them.
    pub place: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.kind.name(), self.place)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, place) = text.split_once('@').ok_or_else(|| format!("{text}: a fault is kind@place"))?;
        let kind = Kind::of_name(name).ok_or_else(|| format!("{name}: no such kind of fault"))?;
        let place = place.parse().map_err(|_| format!("{text}: the place is a whole number"))?;
        Ok(Self { kind, place })
    }
}

/// A fault that struck, with its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck {
    /// When, in simulated time since the start.
    pub at: Nanos,
    /// What.
    pub fault: Fault,
}

/// Decides; see the module.
#[derive(Clone, Debug)]
pub(crate) struct Fates {
    seed: u64,
    rates: [f64; KINDS],
    /// Of all that would strike only these do.
    only: Option<BTreeSet<Fault>>,
    /// Whether anything strikes at all.
    pub(crate) active: bool,
    now: Nanos,
    struck: Vec<Struck>,
}

impl Fates {
    pub(crate) fn new(seed: u64, mix: &Mix, only: Option<&[Fault]>) -> Self {
        let only = only.map(|faults| faults.iter().copied().collect());
        let rates = Kind::ALL.map(|kind| mix.rate(kind));
        Self { seed, rates, only, active: true, now: Nanos(0), struck: Vec::new() }
    }

    /// Simulated time since the start.
    pub(crate) const fn at(&mut self, now: Nanos) {
        self.now = now;
    }

    /// Whether a fault strikes here; if so, with the chance that decides its details.
    pub(crate) fn strikes(&mut self, kind: Kind, place: u64) -> Option<Prng> {
        let rate = self.rates[kind as usize];
        if !self.active || rate <= 0.0 {
            return None;
        }
        let mut prng = self.of(kind, place);
        let fault = Fault { kind, place };
        if !prng.chance(rate) || self.only.as_ref().is_some_and(|only| !only.contains(&fault)) {
            return None;
        }
        self.struck.push(Struck { at: self.now, fault });
        Some(prng)
    }

    /// The chance that belongs to a kind and a place.
    fn of(&self, kind: Kind, place: u64) -> Prng {
        let mixed = (self.seed ^ (kind as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(23);
        Prng::new(mixed ^ place.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// What struck so far, in its order.
    pub(crate) fn struck(&self) -> &[Struck] {
        &self.struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_left_out_moves_no_other() {
        let mix = Mix::calm().with(Kind::LineLost, 0.3);
        let all = |only: Option<&[Fault]>| -> Vec<Fault> {
            let mut fates = Fates::new(5, &mix, only);
            (0..100).for_each(|place| {
                fates.strikes(Kind::LineLost, place);
            });
            fates.struck().iter().map(|struck| struck.fault).collect()
        };
        let struck = all(None);
        assert!((15..45).contains(&struck.len()), "{}", struck.len());
        let mut kept = struck.clone();
        kept.remove(3);
        assert_eq!(all(Some(&kept)), kept);
    }

    #[test]
    fn a_fault_reads_as_it_is_written() {
        for kind in Kind::ALL {
            let fault = Fault { kind, place: 17 };
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        for text in ["", "line-lost", "line-lost@x", "nothing@3"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}

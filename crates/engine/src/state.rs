//! The machine's state as bytes: what it must know to answer every further input as it would have.
//!
//! ```text
//! state   ┌ version ┬ core: now, books, orders, risk, portfolio, own ┬ started, touched ┬ each strategy's own bytes ┐
//! ```
//!
//! The bytes are postcard's (a small, specified, deterministic form: integers by their size, floats by their bits), in the
//! order of the fields. What can be made again is not in them: indices of orders, the windows of ladders, instruments,
//! fees and whatever else the configuration says. The same state gives the same bytes, so their hash stands for it.
//!
//! Never holds an input under way: state is taken between two steps.

use crate::strategy::Strategy;
use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Raised when the fields of anything in the state change: bytes of another version mean something else.
pub const STATE_VERSION: u32 = 2;

/// A BLAKE3 hash of a state's bytes; shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StateHash(pub [u8; 32]);

impl StateHash {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateHash({self})")
    }
}

/// Why state could not be saved or restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// A strategy keeps state that it cannot write down: there is no way back but a replay from the beginning.
    Unsaved {
        /// Its row.
        strategy: usize,
    },
    /// The bytes are of another version of the state.
    Version {
        /// Theirs.
        found: u32,
    },
    /// The bytes do not make a state.
    Unreadable(String),
    /// The bytes are the state of another run: more or fewer books or strategies than this one has.
    OtherRun {
        /// Of what.
        what: &'static str,
        /// How many the bytes have.
        found: usize,
        /// How many the run has.
        expected: usize,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaved { strategy } => {
                write!(
                    f,
                    "strategy {strategy} cannot write its state down: replay from the beginning instead"
                )
            }
            Self::Version { found } => {
                write!(f, "a state of version {found}, and this program knows version {STATE_VERSION}")
            }
            Self::Unreadable(why) => write!(f, "the bytes are no state of this version: {why}"),
            Self::OtherRun { what, found, expected } => {
                write!(f, "the state of another run: it has {found} {what}, and this one {expected}")
            }
        }
    }
}

impl std::error::Error for StateError {}

/// That a strategy keeps state that it cannot write down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsaved;

/// The end of a buffer that is kept from call to call.
struct End<'a>(&'a mut Vec<u8>);

impl Flavor for End<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends a value's bytes.
///
/// # Panics
/// When the value has no such form: a sequence without a length, which no state of ours has.
pub fn write<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    postcard::serialize_with_flavor(value, End(out))
        .expect("memory takes every byte, and our sequences know their lengths");
}

/// Reads a value back from all of the bytes.
///
/// # Errors
/// When they are not that value's.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StateError> {
    let mut rest = bytes;
    let value = take(&mut rest)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(StateError::Unreadable(format!("{} bytes are left", rest.len())))
    }
}

/// Reads a value from the front of the bytes, and leaves what follows it.
///
/// # Errors
/// When they do not begin with that value's.
pub fn take<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, StateError> {
    let (value, rest) =
        postcard::take_from_bytes(bytes).map_err(|error| StateError::Unreadable(error.to_string()))?;
    *bytes = rest;
    Ok(value)
}

/// Appends a strategy's own bytes, with their length.
///
/// # Errors
/// When it cannot write its state down.
pub fn write_strategy(strategy: &dyn Strategy, out: &mut Vec<u8>) -> Result<(), Unsaved> {
    let mut own = Vec::new();
    strategy.save(&mut own)?;
    write(&own, out);
    Ok(())
}

/// Gives a strategy back the bytes that [`write_strategy`] appended.
///
/// # Errors
/// When they are not that strategy's.
pub fn take_strategy(strategy: &mut dyn Strategy, bytes: &mut &[u8]) -> Result<(), StateError> {
    let own: Vec<u8> = take(bytes)?;
    strategy.restore(&own)
}

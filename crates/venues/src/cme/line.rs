//! Which multicast lines carry the same channel.
//!
//! CME sends each feed of a channel twice, on lines A and B. Two families of addresses are known:
//!
//! | where | A | B |
//! |---|---|---|
//! | production (`config.xml`, 2017) | 224.0.31.n, port 14xxx | 224.0.32.n, port A + 1000 |
//! | certification (recorded 2018) | 224.0.28.n, n < 128, port 14xxx | 224.0.28.(n + 127), port A + 1000 |
//!
//! Any other line is taken for a channel of its own: its packets are then arbitrated with nobody's, which
//! costs a duplicate but loses nothing.

/// A multicast address and port: where a packet was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The IPv4 address.
    pub ip: [u8; 4],
    /// The UDP port.
    pub port: u16,
}

impl Line {
    /// The line that stands for its channel: its A line where it is a known B line, else itself.
    #[must_use]
    pub const fn channel(self) -> Self {
        let Some(port) = self.port.checked_sub(1_000) else {
            return self;
        };
        if self.port / 1_000 != 15 {
            return self;
        }
        match self.ip {
            [224, 0, 32, n] => Self { ip: [224, 0, 31, n], port },
            [224, 0, 28, n] if n >= 128 => Self { ip: [224, 0, 28, n - 127], port },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_and_b_are_one_channel_and_others_their_own() {
        let line = |ip, port| Line { ip, port };
        let pairs = [
            // As recorded: channel 340 in production, and the first and last of the certification pairs.
            (line([224, 0, 31, 64], 14_340), line([224, 0, 32, 64], 15_340)),
            (line([224, 0, 28, 3], 14_312), line([224, 0, 28, 130], 15_312)),
            (line([224, 0, 28, 29], 14_348), line([224, 0, 28, 156], 15_348)),
        ];
        for (a, b) in pairs {
            assert_eq!(a.channel(), a);
            assert_eq!(b.channel(), a);
        }
        let alone = [
            line([224, 0, 28, 100], 15_312),
            line([224, 0, 32, 64], 14_340),
            line([239, 1, 1, 1], 15_000),
            line([224, 0, 32, 1], 15),
        ];
        for line in alone {
            assert_eq!(line.channel(), line);
        }
    }
}

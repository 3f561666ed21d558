//! Which multicast lines carry the same channel.
//!
//! CME sends each feed of a channel twice, on lines A and B. These families of addresses are known; xxx is the
//! number of the channel, and n tells its feeds apart:
//!
//! | where | A | B |
//! |---|---|---|
//! | production (`config.xml`, 2017), channels 310 to 387 | 224.0.31.n, port 14xxx | 224.0.32.n, port 15xxx |
//! | the same, channels 410 to 521 | 224.0.33.n, port 14xxx | 224.0.34.n, port 15xxx |
//! | the same, snapshots of orders | 233.72.75.n, n < 64, port 23xxx | 233.72.75.(n + 63), port 22xxx |
//! | certification (recorded 2018) | 224.0.28.n, n < 128, port 14xxx | 224.0.28.(n + 127), port 15xxx |
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
        let Self { ip, port } = self;
        match (ip, port / 1_000) {
            ([224, 0, net @ (32 | 34), n], 15) => Self { ip: [224, 0, net - 1, n], port: port - 1_000 },
            ([224, 0, 28, n @ 128..=255], 15) => Self { ip: [224, 0, 28, n - 127], port: port - 1_000 },
            // Here B has the lower port.
            ([233, 72, 75, n @ 64..127], 22) => Self { ip: [233, 72, 75, n - 63], port: port + 1_000 },
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
            // As configured: the last channel's definitions, and the first and the last snapshots of orders.
            (line([224, 0, 33, 155], 14_521), line([224, 0, 34, 155], 15_521)),
            (line([233, 72, 75, 1], 23_310), line([233, 72, 75, 64], 22_310)),
            (line([233, 72, 75, 38], 23_411), line([233, 72, 75, 101], 22_411)),
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
            line([224, 0, 32, 64], 22_340),
            line([233, 72, 75, 127], 22_310),
            line([233, 72, 75, 64], 23_310),
        ];
        for line in alone {
            assert_eq!(line.channel(), line);
        }
    }
}

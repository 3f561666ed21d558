//! A network that misbehaves: copies of packets are lost, doubled, delayed, overtaken, cut and corrupted, by a seed.
//!
//! Never reads a clock or a socket: packets are put in with the time they were sent, and come out with the time they
//! arrive. It knows nothing of what they carry but that the first 12 bytes are a header; what it does to the rest is
//! what transports let through (a length that does not fit, a field that is not what it was).
//!
//! ```text
//!  sent ──┬── line A: lost? cut? corrupted? ── delayed ──┐
//!         └── line B:        (each its own)              ├─ in the order of their arrival ─▶ out
//!                            doubled, some time later ───┘
//! ```

use stdx::Prng;
use types::Nanos;

/// How often each thing goes wrong, per copy of a packet unless it says otherwise; 0 for never.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// A copy is lost.
    pub lost: f64,
    /// Both copies of a packet are.
    pub lost_on_both: f64,
    /// A copy comes twice.
    pub doubled: f64,
    /// A copy takes longer than others, and is overtaken.
    pub overtaken: f64,
    /// By how much, at most.
    pub overtaken_by: Nanos,
    /// Both copies of a packet do.
    pub overtaken_on_both: f64,
    /// A copy is cut at a random byte that ends no message.
    pub cut: f64,
    /// Both copies of a packet are.
    pub cut_on_both: f64,
    /// Both copies carry a message whose size is not its own.
    pub corrupted_on_both: f64,
    /// A packet of a loop carries what it carried a loop before, under its new number.
    pub stale: f64,
}

/// A packet on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it arrives.
    pub at: Nanos,
    /// On which of the two lines.
    pub line: usize,
    /// Which feed it is of, as the sender counts them.
    pub feed: usize,
    /// What arrives.
    pub bytes: Vec<u8>,
}

/// The network; see the module.
#[derive(Clone, Debug)]
pub struct Network {
    faults: Faults,
    prng: Prng,
    /// From sender to receiver, for each line.
    base: [Nanos; 2],
    underway: Vec<Delivery>,
    /// By feed, what each numbered packet of its last loop carried.
    loops: Vec<Vec<Vec<u8>>>,
}

/// Bytes of a packet's header.
const HEADER: usize = 12;

impl Network {
    /// A network with these faults; all chance comes from `prng`.
    #[must_use]
    pub const fn new(faults: Faults, base: [Nanos; 2], prng: Prng) -> Self {
        Self { faults, prng, base, underway: Vec::new(), loops: Vec::new() }
    }

    /// From now on these faults.
    pub const fn set(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// From now on all chance comes from here.
    pub const fn draw_from(&mut self, prng: Prng) {
        self.prng = prng;
    }

    /// Takes both copies of a packet of a feed; `looping` when the feed is sent round and round.
    pub fn send(&mut self, at: Nanos, feed: usize, looping: bool, bytes: &[u8]) {
        let faults = self.faults;
        let stale = if looping { self.stale(feed, bytes) } else { None };
        let bytes = stale.as_deref().unwrap_or(bytes);
        if self.chance(faults.lost_on_both) {
            return;
        }
        let both = self.damage(bytes, faults.cut_on_both, faults.corrupted_on_both);
        let late = if self.chance(faults.overtaken_on_both) { self.while_overtaken() } else { Nanos(0) };
        for line in 0..2 {
            if self.chance(faults.lost) {
                continue;
            }
            let copy = both.clone().unwrap_or_else(|| bytes.to_vec());
            let copy = self.damage(&copy, faults.cut, 0.0).unwrap_or(copy);
            let overtaken = if self.chance(faults.overtaken) { self.while_overtaken() } else { late };
            let arrives = at + self.base[line] + overtaken;
            if self.chance(faults.doubled) {
                let again = arrives + self.while_overtaken();
                self.underway.push(Delivery { at: again, line, feed, bytes: copy.clone() });
            }
            self.underway.push(Delivery { at: arrives, line, feed, bytes: copy });
        }
    }

    /// Everything sent so far, in the order of its arrival; of two that arrive at once, the one sent first.
    pub fn arrivals(&mut self) -> Vec<Delivery> {
        let mut arrivals = std::mem::take(&mut self.underway);
        arrivals.sort_by_key(|delivery| delivery.at);
        arrivals
    }

    fn chance(&mut self, p: f64) -> bool {
        p > 0.0 && self.prng.chance(p)
    }

    fn while_overtaken(&mut self) -> Nanos {
        Nanos(self.prng.between(1, self.faults.overtaken_by.0.max(1)))
    }

    /// What a packet of the loop before carried, with this packet's header.
    fn stale(&mut self, feed: usize, bytes: &[u8]) -> Option<Vec<u8>> {
        let number = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
        if self.loops.len() <= feed {
            self.loops.resize(feed + 1, Vec::new());
        }
        if self.loops[feed].len() <= number {
            self.loops[feed].resize(number + 1, Vec::new());
        }
        let before = std::mem::replace(&mut self.loops[feed][number], bytes.to_vec());
        let is_stale = self.chance(self.faults.stale) && before.len() >= HEADER;
        is_stale.then(|| [&bytes[..HEADER], &before[HEADER..]].concat())
    }

    fn damage(&mut self, bytes: &[u8], cut: f64, corrupted: f64) -> Option<Vec<u8>> {
        if self.chance(cut) {
            let whole = ends(bytes);
            let at = self.index(bytes.len());
            // Cut between two messages it is a shorter packet: only the transport's length could tell, and does.
            let at = if whole.contains(&at) { at + 1 } else { at };
            return (at < bytes.len()).then(|| bytes[..at].to_vec());
        }
        if self.chance(corrupted) {
            let starts = ends(bytes);
            let message = starts[self.index(starts.len().saturating_sub(1).max(1))];
            let mut damaged = bytes.to_vec();
            let flip = u8::try_from(self.prng.between(1, 255)).expect("a byte");
            // The size's high byte: no packet is long enough for what it now says.
            *damaged.get_mut(message + 1)? ^= flip;
            return Some(damaged);
        }
        None
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.prng.below(length.max(1) as u64)).expect("below a length")
    }
}

/// Where a packet's messages end: its header first.
fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = vec![HEADER];
    let mut at = HEADER;
    while let Some(size) = bytes.get(at..at + 2) {
        at += usize::from(u16::from_le_bytes([size[0], size[1]])).max(2);
        ends.push(at);
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(number: u32) -> Vec<u8> {
        let mut bytes = number.to_le_bytes().to_vec();
        bytes.extend([0; 8]);
        bytes.extend(10_u16.to_le_bytes());
        bytes.extend([7; 8]);
        bytes
    }

    fn carry(faults: Faults, count: u32, seed: u64) -> Vec<Delivery> {
        let mut network = Network::new(faults, [Nanos(10), Nanos(20)], Prng::new(seed));
        for number in 0..count {
            network.send(Nanos(i64::from(number) * 1_000), 0, false, &packet(number));
        }
        network.arrivals()
    }

    #[test]
    fn without_faults_both_copies_arrive_in_order() {
        let arrivals = carry(Faults::default(), 50, 1);
        assert_eq!(arrivals.len(), 100);
        for (place, delivery) in arrivals.iter().enumerate() {
            let number = u32::try_from(place / 2).expect("small");
            assert_eq!((delivery.line, &delivery.bytes), (place % 2, &packet(number)));
        }
    }

    #[test]
    fn faults_come_as_often_as_they_are_asked_for() {
        let count = 20_000;
        let overtaken_by = Nanos(5_000);
        type Case = (Faults, fn(&[Delivery]) -> usize, f64);
        let cases: [Case; 5] = [
            (Faults { lost: 0.1, ..Faults::default() }, |all| 40_000 - all.len(), 4_000.0),
            (Faults { lost_on_both: 0.1, ..Faults::default() }, |all| (40_000 - all.len()) / 2, 2_000.0),
            (Faults { doubled: 0.1, overtaken_by, ..Faults::default() }, |all| all.len() - 40_000, 4_000.0),
            (
                Faults { cut: 0.1, ..Faults::default() },
                |all| all.iter().filter(|delivery| delivery.bytes.len() < 22).count(),
                // One byte of the 22 has no cut after it that ends no message.
                4_000.0,
            ),
            (
                Faults { corrupted_on_both: 0.1, ..Faults::default() },
                |all| all.iter().filter(|delivery| delivery.bytes[13] != 0).count() / 2,
                2_000.0,
            ),
        ];
        for (faults, counted, expected) in cases {
            let arrivals = carry(faults, count, 3);
            let found = f64::from(u32::try_from(counted(&arrivals)).expect("small"));
            assert!((found - expected).abs() < 6.0 * expected.sqrt(), "{faults:?}: {found}");
            assert!(arrivals.windows(2).all(|pair| pair[0].at <= pair[1].at));
        }
    }

    #[test]
    fn a_stale_packet_keeps_its_number() {
        let faults = Faults { stale: 1.0, ..Faults::default() };
        let mut network = Network::new(faults, [Nanos(0), Nanos(1)], Prng::new(5));
        let mut second = packet(1);
        second[15] = 99;
        network.send(Nanos(0), 2, true, &packet(1));
        network.send(Nanos(10), 2, true, &second);
        let arrivals = network.arrivals();
        assert!(arrivals.iter().all(|delivery| delivery.bytes == packet(1)), "{arrivals:?}");
    }
}

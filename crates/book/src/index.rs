//! From an order's id to its node: open addressing, linear probing, backward-shift deletion.
//!
//! An entry is 8 bytes: the upper half of the id's hash, and the node's number (never 0, so 0 is a free place).
//! The hash's top bits are the entry's home, so that growing and deleting never look at a node, and a probe looks at
//! one only when 32 bits of hash agree. Eight entries to a cache line, at most half of the places taken: a look-up
//! is one line of the table and, mostly, one node.
//!
//! Ids are the venue's; nothing here defends against one that invents ids to make its own books slow.

/// 2⁶⁴ divided by the golden ratio (Knuth 1973, The Art of Computer Programming 3, 6.4): ids that count up spread
/// evenly.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const PLACES_MIN: usize = 64;

/// The table.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// Upper half: upper half of the hash. Lower half: the node; 0 when free.
    places: Vec<u64>,
    /// How far a hash must be shifted to leave the number of its home.
    shift: u32,
    len: usize,
}

#[inline]
const fn hash(id: u64) -> u64 {
    id.wrapping_mul(GOLDEN)
}

#[inline]
const fn node(entry: u64) -> u32 {
    (entry & 0xffff_ffff) as u32
}

impl Index {
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), shift: 63, len: 0 }
    }

    /// Room for `orders` without growing.
    pub(crate) fn with_capacity(orders: usize) -> Self {
        let mut index = Self::new();
        if orders > 0 {
            index.resize(orders.saturating_mul(2).next_power_of_two().max(PLACES_MIN));
        }
        index
    }

    pub(crate) fn clear(&mut self) {
        self.places.fill(0);
        self.len = 0;
    }

    #[inline]
    fn mask(&self) -> usize {
        self.places.len() - 1
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "what is left after the shift is a place")]
    fn home(&self, hash: u64) -> usize {
        (hash >> self.shift) as usize & self.mask()
    }

    /// The node of `id`, and where its entry is. `is_it` says whether a node is the one.
    #[inline]
    pub(crate) fn find(&self, id: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<(usize, u32)> {
        if self.len == 0 {
            return None;
        }
        let hash = hash(id);
        let mut place = self.home(hash);
        // Half of the places are free: this ends.
        loop {
            let entry = self.places[place];
            if entry == 0 {
                return None;
            }
            if (entry ^ hash) >> 32 == 0 && is_it(node(entry)) {
                return Some((place, node(entry)));
            }
            place = (place + 1) & self.mask();
        }
    }

    /// Enters `id`, which is not here, with its node, which is not 0.
    #[inline]
    pub(crate) fn insert(&mut self, id: u64, node: u32) {
        if self.places.len() < (self.len + 1) * 2 {
            self.resize((self.places.len() * 2).max(PLACES_MIN));
        }
        self.len += 1;
        self.place(hash(id) >> 32 << 32 | u64::from(node));
    }

    #[inline]
    fn place(&mut self, entry: u64) {
        let mut place = self.home(entry);
        while self.places[place] != 0 {
            place = (place + 1) & self.mask();
        }
        self.places[place] = entry;
    }

    #[cold]
    fn resize(&mut self, places: usize) {
        // At most 2³² places, so that half a hash still holds an entry's home.
        assert!(places as u64 <= 1 << 32, "the slab ends before the index does");
        let old = std::mem::replace(&mut self.places, vec![0; places]);
        self.shift = 64 - places.trailing_zeros();
        for entry in old {
            if entry != 0 {
                self.place(entry);
            }
        }
    }

    /// Frees a place, and moves back what probing would now not find.
    #[inline]
    pub(crate) fn remove(&mut self, place: usize) {
        let mask = self.mask();
        let mut hole = place;
        let mut next = place;
        loop {
            next = (next + 1) & mask;
            let entry = self.places[next];
            if entry == 0 {
                break;
            }
            // An entry may move back as far as its home, not beyond.
            let from_home = next.wrapping_sub(self.home(entry)) & mask;
            let from_hole = next.wrapping_sub(hole) & mask;
            if from_home >= from_hole {
                self.places[hole] = entry;
                hole = next;
            }
        }
        self.places[hole] = 0;
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use stdx::Prng;

    #[test]
    fn it_is_a_map_whatever_the_ids() {
        // Ids that count up, that share low bits, that share high bits, and few that come again and again.
        let shapes: [fn(u64) -> u64; 5] = [|n| n, |n| n << 32, |n| n << 56, |n| u64::MAX - n * 3, |n| n % 40];
        for (shape, id_of) in shapes.iter().enumerate() {
            let mut prng = Prng::new(shape as u64);
            let mut index = Index::new();
            let mut ids = vec![None; 1];
            let mut truth: BTreeMap<u64, u32> = BTreeMap::new();
            for step in 0..40_000 {
                let id = id_of(prng.below(5_000));
                let found = index.find(id, |node| ids[node as usize] == Some(id));
                assert_eq!(found.map(|f| f.1), truth.get(&id).copied(), "shape {shape} step {step}");
                match found {
                    Some((place, node)) => {
                        index.remove(place);
                        ids[node as usize] = None;
                        truth.remove(&id);
                    }
                    None => {
                        let node = u32::try_from(ids.len()).expect("few");
                        ids.push(Some(id));
                        index.insert(id, node);
                        truth.insert(id, node);
                    }
                }
                assert_eq!(index.len, truth.len());
            }
        }
    }

    #[test]
    fn ids_whose_hashes_share_the_kept_half_are_told_apart() {
        // Newton's iteration, five times, gives the number whose product with GOLDEN is 1; so these hashes are
        // 0, 1, 2 …, and their upper halves are all 0.
        let inverse = (0..5).fold(GOLDEN, |x, _| x.wrapping_mul(2_u64.wrapping_sub(GOLDEN.wrapping_mul(x))));
        let ids: Vec<u64> = (0..50_u64).map(|n| n.wrapping_mul(inverse)).collect();
        assert!(ids.iter().zip(0..).all(|(&id, n)| hash(id) == n));
        let mut index = Index::new();
        let find = |index: &Index, id| index.find(id, |node| ids[node as usize - 1] == id);
        for (&id, node) in ids.iter().zip(1..) {
            assert_eq!(find(&index, id), None);
            index.insert(id, node);
        }
        for (&id, node) in ids.iter().zip(1..) {
            let (place, found) = find(&index, id).expect("entered above");
            assert_eq!(found, node);
            index.remove(place);
            assert_eq!(find(&index, id), None);
        }
    }

    #[test]
    fn room_asked_for_is_room_had() {
        let mut index = Index::with_capacity(1_000);
        let before = index.places.len();
        (1..=1_000).for_each(|n| index.insert(u64::from(n), n));
        assert_eq!(index.places.len(), before);
    }
}

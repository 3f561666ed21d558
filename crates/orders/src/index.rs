//! Where the order with a given number is kept: linear probing over 8-byte cells.
//!
//! Our own because order numbers are consecutive, which a multiplicative hash spreads almost perfectly (the
//! three-distance theorem), and because nothing may depend on a random seed. Never iterated.

/// The largest number: no order's place.
pub(crate) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Cell {
    id: u32,
    /// `NONE` when the cell is empty.
    slot: u32,
}

const EMPTY: Cell = Cell { id: 0, slot: NONE };

#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// A power of two of them, at most half in use.
    cells: Vec<Cell>,
    shift: u32,
    used: usize,
}

impl Index {
    /// No room: what a restored index is until it is made.
    pub(crate) const fn empty() -> Self {
        Self { cells: Vec::new(), shift: 0, used: 0 }
    }

    /// Room for `n` numbers before it grows.
    pub(crate) fn with_capacity(n: usize) -> Self {
        let cells = (2 * n.max(8)).next_power_of_two();
        Self { cells: vec![EMPTY; cells], shift: 32_u32.saturating_sub(cells.trailing_zeros()), used: 0 }
    }

    /// The first cell to try.
    #[inline]
    fn home(&self, id: u32) -> usize {
        // 2³² over the golden ratio (Knuth, The Art of Computer Programming, vol. 3, 6.4).
        (id.wrapping_mul(0x9e37_79b9) >> self.shift) as usize
    }

    #[inline]
    fn next(&self, cell: usize) -> usize {
        (cell + 1) & (self.cells.len() - 1)
    }

    /// The cell that holds `id`, or the empty one where it would be.
    #[inline]
    fn cell(&self, id: u32) -> usize {
        let mut at = self.home(id);
        while self.cells[at].slot != NONE && self.cells[at].id != id {
            at = self.next(at);
        }
        at
    }

    #[inline]
    pub(crate) fn find(&self, id: u32) -> Option<u32> {
        let slot = self.cells[self.cell(id)].slot;
        (slot != NONE).then_some(slot)
    }

    #[inline]
    pub(crate) fn insert(&mut self, id: u32, slot: u32) {
        if 2 * (self.used + 1) > self.cells.len() {
            self.grow();
        }
        let at = self.cell(id);
        assert!(self.cells[at].slot == NONE, "order {id} is in the index already");
        self.cells[at] = Cell { id, slot };
        self.used += 1;
    }

    /// Takes `id` out and moves back what probing had pushed beyond it, so that no marker stays behind.
    pub(crate) fn remove(&mut self, id: u32) {
        let mut hole = self.cell(id);
        assert!(self.cells[hole].slot != NONE, "order {id} is not in the index");
        let mask = self.cells.len() - 1;
        let mut at = hole;
        loop {
            at = self.next(at);
            let cell = self.cells[at];
            if cell.slot == NONE {
                break;
            }
            let from_home = at.wrapping_sub(self.home(cell.id)) & mask;
            let from_hole = at.wrapping_sub(hole) & mask;
            if from_home >= from_hole {
                self.cells[hole] = cell;
                hole = at;
            }
        }
        self.cells[hole] = EMPTY;
        self.used -= 1;
    }

    #[cold]
    fn grow(&mut self) {
        let mut larger = Self::with_capacity(self.cells.len());
        for cell in &self.cells {
            if cell.slot != NONE {
                larger.insert(cell.id, cell.slot);
            }
        }
        *self = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_answers_as_a_map_does() {
        let seed = 3;
        let mut prng = stdx::Prng::new(seed);
        let mut index = Index::with_capacity(1);
        let mut map = BTreeMap::new();
        for round in 0..60_000_u32 {
            // Mostly consecutive, as order numbers are; some old ones stay for long.
            let id = round.wrapping_mul(if round % 7 == 0 { 0x0100_0000 } else { 1 });
            map.entry(id).or_insert_with(|| {
                index.insert(id, round);
                round
            });
            while map.len() > 40 + (round as usize % 500) {
                let at = usize::try_from(prng.below(map.len().min(30) as u64)).expect("small");
                let id = *map.keys().nth(at).expect("within");
                map.remove(&id);
                index.remove(id);
                assert_eq!(index.find(id), None, "seed {seed}");
            }
            let probe = round.wrapping_sub(u32::try_from(prng.below(600)).expect("small"));
            assert_eq!(index.find(probe), map.get(&probe).copied(), "seed {seed}, {probe}");
        }
        for (id, slot) in &map {
            assert_eq!(index.find(*id), Some(*slot));
        }
        assert_eq!(index.used, map.len());
    }
}

//! The levels of one side: a window of slots indexed by price, with a bitmap of the occupied ones.
//!
//! ```text
//!   far (sorted)  │ base …            window, 256 to 65,536 slots            … base+n │  far (sorted)
//!   worse levels  │ ▯▯▮▯▮▮▯▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮◀best ▯▯▯▯▯▯▯▯▯ │  better levels
//!   slot = key mod n, so moving the window moves no level that stays inside
//! ```
//!
//! Keys are prices with the better one larger (see `crate::key`). The best key is kept; when its level goes, the
//! next is found by three steps down the bitmap: 64 slots in a word, 64 words in a group, 16 groups.
//!
//! Cost of a change inside the window: one slot (its own cache line), one bitmap word, the header's line; some 20
//! instructions for a level that only changes, 45 for one that comes or goes, and one branch between the two. Outside it:
//! the two binary searches of [`Far`]. The window moves to the best after as many misses as it holds levels (and 64), so
//! that moving costs a constant for each change, whatever the prices do. It doubles after 64 misses that the largest would hold. Memory: at most 4,096 slots a side whatever
//! the prices, plus `Far` for what lies outside; beyond that a slot for each eighth of such a miss, up to 65,536: only
//! a book that is changed far out again and again (a coin's thousand levels) pays for a window that holds it.
//!
//! Never allocates after it has grown; never overflows, whatever the key.

use crate::far::Far;
use serde::de::Deserializer;
use serde::ser::{SerializeSeq as _, Serializer};
use serde::{Deserialize, Serialize};

const SLOTS_MIN: usize = 256;
/// Up to here the window doubles soon.
const SLOTS_USUAL: usize = 4_096;
const SLOTS_MAX: usize = 65_536;
const GROUPS: usize = SLOTS_MAX / 4_096;
/// Misses that are borne before the window moves, beside one for each level in it, or first doubles.
const PATIENCE: usize = 64;

/// The levels of one side, best first, for any kind of level.
#[derive(Clone, Debug)]
pub(crate) struct Ladder<T> {
    /// The lowest key of the window; `base + slots - 1` is an `i64`.
    base: i64,
    /// The best key of all; the lowest there is while there are no levels.
    best: i64,
    /// Levels in the window.
    near: usize,
    /// Levels outside it.
    distant: usize,
    /// Changes outside the window since it was last reconsidered.
    misses: usize,
    /// Those of them that the largest window would hold.
    reachable: usize,
    /// By group: which of its words have a bit set.
    summary: [u64; GROUPS],
    /// Which slots hold a level.
    words: Vec<u64>,
    /// Empty until the first level comes, then a power of two.
    slots: Vec<T>,
    far: Far<T>,
}

/// The bits of a word below `bit`.
#[inline]
const fn below(bit: usize) -> u64 {
    (1 << (bit & 63)) - 1
}

/// The place of the highest set bit of a word that is not zero.
#[inline]
const fn highest(word: u64) -> usize {
    63 - word.leading_zeros() as usize
}

impl<T: Copy + Default> Ladder<T> {
    pub(crate) const fn new() -> Self {
        Self {
            base: 0,
            best: i64::MIN,
            near: 0,
            distant: 0,
            misses: 0,
            reachable: 0,
            summary: [0; GROUPS],
            words: Vec::new(),
            slots: Vec::new(),
            far: Far::new(),
        }
    }

    /// The whole window at once, and room for `levels` outside it.
    pub(crate) fn reserve(&mut self, levels: usize) {
        let slots = self.slots.len().max(SLOTS_USUAL);
        self.rebuild(slots, self.base.min(i64::MAX - (slots as i64 - 1)));
        self.far.reserve(levels);
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.near + self.distant
    }

    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
        self.summary = [0; GROUPS];
        self.far.clear();
        (self.near, self.distant, self.misses, self.reachable) = (0, 0, 0, 0);
        self.best = i64::MIN;
    }

    /// The slot of a key that lies in the window.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the remainder of a power of two lies in the low bits"
    )]
    fn slot(&self, key: i64) -> Option<usize> {
        // As unsigned, both a key below the base and one above the window are too large: |key - base| plus the
        // window never reaches 2⁶⁴.
        let offset = key.wrapping_sub(self.base).cast_unsigned();
        (offset < self.slots.len() as u64).then(|| key as usize & (self.slots.len() - 1))
    }

    /// The key of an occupied slot.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "only the low bits choose a slot")]
    fn key_of(&self, slot: usize) -> i64 {
        let offset = slot.wrapping_sub(self.base as usize) & (self.slots.len() - 1);
        self.base.wrapping_add(offset as i64)
    }

    #[inline]
    fn is_set(&self, slot: usize) -> bool {
        self.words[slot / 64] & (1 << (slot % 64)) != 0
    }

    #[inline]
    fn set(&mut self, slot: usize) {
        let (word, group) = (slot / 64, slot / 4_096);
        self.words[word] |= 1 << (slot % 64);
        self.summary[group] |= 1 << (word % 64);
        self.near += 1;
    }

    #[inline]
    fn unset(&mut self, slot: usize) {
        let (word, group) = (slot / 64, slot / 4_096);
        self.words[word] &= !(1 << (slot % 64));
        if self.words[word] == 0 {
            self.summary[group] &= !(1 << (word % 64));
        }
        self.near -= 1;
    }

    /// The occupied slot that comes first when one walks down from `slot` (not itself, except as the last of the
    /// round), which wraps as the window does. The window must hold a level.
    #[inline]
    fn next_down(&self, slot: usize) -> usize {
        let word = slot / 64;
        let here = self.words[word] & below(slot);
        if here != 0 {
            return word * 64 + highest(here);
        }
        let word = self.word_down(word);
        word * 64 + highest(self.words[word])
    }

    /// The occupied word that comes first when one walks down from `word`, round the end back to itself at last.
    #[inline]
    fn word_down(&self, word: usize) -> usize {
        let group = word / 64;
        let here = self.summary[group] & below(word);
        if here != 0 {
            return group * 64 + highest(here);
        }
        let groups = self.words.len().div_ceil(64);
        let mut lower = (0..group).rev().chain((group..groups).rev());
        let group = lower.find(|group| self.summary[*group] != 0).unwrap_or(group);
        group * 64 + highest(self.summary[group])
    }

    /// The same walking up, `slot` itself included.
    fn next_up(&self, slot: usize) -> usize {
        let word = slot / 64;
        let here = self.words[word] & !below(slot);
        if here != 0 {
            return word * 64 + here.trailing_zeros() as usize;
        }
        let word = self.word_up(word);
        word * 64 + self.words[word].trailing_zeros() as usize
    }

    /// The same walking up.
    fn word_up(&self, word: usize) -> usize {
        let group = word / 64;
        let here = self.summary[group] & !below(word) & !(1 << (word % 64));
        if here != 0 {
            return group * 64 + here.trailing_zeros() as usize;
        }
        let groups = self.words.len().div_ceil(64);
        let mut upper = (group + 1..groups).chain(0..=group);
        let group = upper.find(|group| self.summary[*group] != 0).unwrap_or(group);
        group * 64 + self.summary[group].trailing_zeros() as usize
    }

    /// The best key.
    #[inline]
    pub(crate) const fn best(&self) -> Option<i64> {
        if self.len() == 0 { None } else { Some(self.best) }
    }

    /// The best key and its level.
    #[inline]
    pub(crate) fn first(&self) -> Option<(i64, &T)> {
        let key = self.best()?;
        Some((key, self.get(key)?))
    }

    /// The worst key.
    pub(crate) fn worst(&self) -> Option<i64> {
        let near = (self.near > 0).then(|| {
            let start = self.slot(self.base).expect("the base lies in a window that holds levels");
            self.key_of(self.next_up(start))
        });
        match (near, self.far.lowest()) {
            (Some(near), Some(far)) => Some(near.min(far)),
            (near, far) => near.or(far),
        }
    }

    /// The level at `key`.
    #[inline]
    pub(crate) fn get(&self, key: i64) -> Option<&T> {
        match self.slot(key) {
            Some(slot) => self.is_set(slot).then(|| &self.slots[slot]),
            None => self.far.get(key),
        }
    }

    /// The level at `key`, to be changed; it must stay a level.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: i64) -> Option<&mut T> {
        match self.slot(key) {
            Some(slot) => {
                let there = self.is_set(slot);
                there.then(|| &mut self.slots[slot])
            }
            None => self.far_mut(key),
        }
    }

    #[cold]
    fn far_mut(&mut self, key: i64) -> Option<&mut T> {
        self.miss(key);
        self.far.get_mut(key)
    }

    /// The level at `key`, made from the default if there was none.
    #[inline]
    pub(crate) fn at(&mut self, key: i64) -> &mut T {
        match self.slot(key) {
            Some(slot) => self.at_slot(key, slot),
            None => self.at_far(key),
        }
    }

    #[inline]
    fn at_slot(&mut self, key: i64, slot: usize) -> &mut T {
        if !self.is_set(slot) {
            self.set(slot);
            self.slots[slot] = T::default();
            self.best = self.best.max(key);
        }
        &mut self.slots[slot]
    }

    #[cold]
    fn at_far(&mut self, key: i64) -> &mut T {
        self.miss(key);
        if self.near == 0 || self.misses > PATIENCE + self.near || self.is_short() {
            self.reconsider(key);
            if let Some(slot) = self.slot(key) {
                return self.at_slot(key, slot);
            }
        }
        let (level, new) = self.far.at(key, T::default());
        self.distant += usize::from(new);
        self.best = self.best.max(key);
        level
    }

    /// Says what stands at `key` from now on: `level`, or nothing. Whether anything stood there before.
    ///
    /// A level that only changes, the most frequent, is done at once. Whether another comes or goes cannot be foreseen, so
    /// no branch asks that: bits are computed, and only a new best is gone after.
    #[inline(always)]
    pub(crate) fn put(&mut self, key: i64, level: T, stands: bool) -> bool {
        let Some(slot) = self.slot(key) else { return self.put_far(key, level, stands) };
        let bits = &mut self.words[slot / 64];
        let stood = *bits >> (slot % 64) & 1;
        self.slots[slot] = level;
        if stands & (stood != 0) {
            return true;
        }
        *bits ^= (stood ^ u64::from(stands)) << (slot % 64);
        let holds = u64::from(*bits != 0);
        let words = &mut self.summary[slot / 4_096];
        *words ^= ((*words >> (slot / 64 % 64) & 1) ^ holds) << (slot / 64 % 64);
        let stood = stood != 0;
        self.near = self.near + usize::from(stands) - usize::from(stood);
        if key >= self.best {
            self.put_best(key, slot, stands);
        }
        stood
    }

    /// A level has come, changed or gone that was, or is now, the best.
    #[inline(never)]
    fn put_best(&mut self, key: i64, slot: usize, stands: bool) {
        if stands {
            self.best = key;
        } else if key == self.best {
            self.find_best(slot);
        }
    }

    #[cold]
    fn put_far(&mut self, key: i64, level: T, stands: bool) -> bool {
        if !stands {
            return self.remove_far(key).is_some();
        }
        let before = self.len();
        *self.at_far(key) = level;
        self.len() == before
    }

    #[inline]
    fn miss(&mut self, key: i64) {
        self.misses += 1;
        let worse = self.best.wrapping_sub(key).cast_unsigned();
        self.reachable += usize::from(worse < (SLOTS_MAX / 4 * 3) as u64);
    }

    /// Whether a larger window has been paid for: a large one by many misses that it may save.
    const fn is_short(&self) -> bool {
        let size = self.slots.len();
        let paid = if size < SLOTS_USUAL { PATIENCE } else { size / 8 };
        size < SLOTS_MAX && self.reachable >= paid
    }

    /// Takes the level at `key` out.
    #[inline]
    pub(crate) fn remove(&mut self, key: i64) -> Option<T> {
        let Some(slot) = self.slot(key) else {
            return self.remove_far(key);
        };
        if !self.is_set(slot) {
            return None;
        }
        self.unset(slot);
        if key == self.best {
            self.find_best(slot);
        }
        Some(self.slots[slot])
    }

    #[cold]
    fn remove_far(&mut self, key: i64) -> Option<T> {
        self.miss(key);
        let level = self.far.remove(key)?;
        self.distant -= 1;
        if key == self.best {
            // The slot of the base: one step down wraps to the top of the window.
            self.find_best(self.slot(self.base).unwrap_or(0));
        }
        Some(level)
    }

    /// Finds the best level again, walking down the window from `slot`.
    #[inline]
    fn find_best(&mut self, slot: usize) {
        let near = (self.near > 0).then(|| self.key_of(self.next_down(slot)));
        let far = if self.far.is_empty() { None } else { self.far.highest() };
        // No level is less than any other.
        self.best = near.max(far).unwrap_or(i64::MIN);
    }

    /// The window has been missed often, or is empty: it doubles if that is paid for, and moves to where the best is,
    /// unless it is there already.
    fn reconsider(&mut self, key: i64) {
        let centre = self.best.max(key);
        let size = self.slots.len().max(SLOTS_MIN);
        let offset = centre.wrapping_sub(self.base).cast_unsigned();
        let settled = (size / 2..size * 7 / 8).contains(&usize::try_from(offset).unwrap_or(usize::MAX));
        if self.is_short() && !self.slots.is_empty() {
            self.rebuild(size * 2, base_for(centre, size * 2));
        } else if !settled || self.slots.is_empty() {
            self.rebuild(size, base_for(centre, size));
        }
        (self.misses, self.reachable) = (0, 0);
    }

    /// Moves the window to `base` with `size` slots.
    fn rebuild(&mut self, size: usize, base: i64) {
        if size == self.slots.len() {
            self.leave_behind(base);
        } else {
            self.resize(size, base);
        }
        self.base = base;
        while let Some(key) = self.far.at_or_above(base) {
            let Some(slot) = self.slot(key) else {
                break;
            };
            self.slots[slot] = self.far.remove(key).expect("just seen");
            self.distant -= 1;
            self.set(slot);
        }
    }

    /// What a window at `base` will not hold goes out of it; the rest has its slots already.
    fn leave_behind(&mut self, base: i64) {
        for word in 0..self.words.len() {
            let mut bits = self.words[word];
            while bits != 0 {
                let slot = word * 64 + highest(bits);
                bits &= below(slot);
                let key = self.key_of(slot);
                if key.wrapping_sub(base).cast_unsigned() >= self.slots.len() as u64 {
                    self.unset(slot);
                    self.send_far(key, self.slots[slot]);
                }
            }
        }
    }

    fn send_far(&mut self, key: i64, level: T) {
        self.far.insert(key, level);
        self.distant += 1;
    }

    /// Slots for a window of another size at `base`, and the levels in them.
    fn resize(&mut self, size: usize, base: i64) {
        // Room outside the window comes with the window, while the book is being built: a market that later
        // wanders off finds it there.
        self.far.reserve(size.min(SLOTS_USUAL) / 2);
        let old: Vec<(i64, T)> = self.window().collect();
        self.words = vec![0; size / 64];
        self.slots = vec![T::default(); size];
        (self.base, self.near, self.summary) = (base, 0, [0; GROUPS]);
        for (key, level) in old {
            match self.slot(key) {
                Some(slot) => {
                    self.slots[slot] = level;
                    self.set(slot);
                }
                None => self.send_far(key, level),
            }
        }
    }

    /// Keys and levels, best first.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, T)> + '_ {
        let top = self.base.saturating_add_unsigned(self.slots.len().saturating_sub(1) as u64);
        // The first level ever makes the window: without one nothing is far either.
        self.far.above(top).chain(self.window()).chain(self.far.below(self.base))
    }

    /// The window's levels, best first.
    #[inline]
    pub(crate) fn window(&self) -> Window<'_, T> {
        let mut window = Window { ladder: self, word: 0, bits: 0, left: self.near };
        if self.near > 0 {
            // From the best if it is here; else from the slot above the base, going round.
            let start = match self.slot(self.best) {
                Some(slot) => slot,
                None => self.next_down(self.slot(self.base).expect("a window with levels has slots")),
            };
            window.word = start / 64;
            window.bits = self.words[window.word] & (below(start) | 1 << (start % 64));
        }
        window
    }

    /// Whether the first `count` levels, or all there are, lie in the window.
    #[inline]
    pub(crate) fn has_near(&self, count: usize) -> bool {
        self.distant == 0 || (self.near >= count && self.slot(self.best).is_some())
    }
}

/// As bytes a ladder is its levels, best first: where its window lies changes no answer, and comes by itself.
impl<T: Copy + Default + Serialize> Serialize for Ladder<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut levels = to.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|level| levels.serialize_element(&level))?;
        levels.end()
    }
}

impl<'de, T: Copy + Default + Deserialize<'de>> Deserialize<'de> for Ladder<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut ladder = Self::new();
        for (key, level) in Vec::<(i64, T)>::deserialize(from)? {
            ladder.put(key, level, true);
        }
        Ok(ladder)
    }
}

/// The base of a window of `size` with a quarter of it better than `centre`: the best moves both ways, and most
/// levels lie behind it.
const fn base_for(centre: i64, size: usize) -> i64 {
    let size = size as i64;
    let base = centre.saturating_sub(size / 4 * 3);
    let highest = i64::MAX - (size - 1);
    if base < highest { base } else { highest }
}

/// A walk down the window.
#[derive(Clone, Debug)]
pub(crate) struct Window<'a, T> {
    ladder: &'a Ladder<T>,
    word: usize,
    /// What is left of the word.
    bits: u64,
    /// What is left of the window.
    left: usize,
}

impl<T: Copy + Default> Iterator for Window<'_, T> {
    type Item = (i64, T);

    #[inline]
    fn next(&mut self) -> Option<(i64, T)> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        if self.bits == 0 {
            // Round the end: back in the word one started from, its upper bits come first, and `left` ends the
            // walk before the lower ones come again.
            self.word = self.ladder.word_down(self.word);
            self.bits = self.ladder.words[self.word];
        }
        let slot = self.word * 64 + highest(self.bits);
        self.bits &= below(slot);
        Some((self.ladder.key_of(slot), self.ladder.slots[slot]))
    }
}

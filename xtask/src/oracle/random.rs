//! Choices of a machine that are the same for the same seed, on every machine.
//!
//! Knows nothing of clusters. `SplitMix64`, which needs no crate: what is made of a seed must never change with one.

/// A source of choices.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The choices of one of many things that are made from the same seed.
    pub(super) fn of(seed: u64, index: u64) -> Self {
        let mut random = Random(seed ^ index.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one; 0 below 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    /// A number from one to the other, both included.
    pub(super) fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// Whether something happens that does so this often of a hundred times.
    pub(super) fn percent(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    /// One of these; none of none.
    pub(super) fn of_all<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }

    /// One of these words.
    pub(super) fn word<'a>(&mut self, words: &[&'a str]) -> &'a str {
        self.of_all(words).copied().unwrap_or_default()
    }

    /// One of these texts; an empty one of none.
    pub(super) fn text(&mut self, texts: &[String]) -> String {
        self.of_all(texts).cloned().unwrap_or_default()
    }

    /// At least one of these and at most so many, in their order.
    pub(super) fn some<T: Clone>(&mut self, all: &[T], most: usize) -> Vec<T> {
        let mut chosen = all.to_vec();
        let count = self.between(1, most);
        while chosen.len() > count {
            chosen.remove(self.below(chosen.len()));
        }
        chosen
    }

    /// Puts these in another order.
    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_choices_and_another_index_makes_others() {
        let choices = |seed, index| {
            let mut random = Random::of(seed, index);
            (0..20).map(|_| random.below(1000)).collect::<Vec<_>>()
        };

        assert_eq!(choices(7, 3), choices(7, 3));
        assert_ne!(choices(7, 3), choices(7, 4));
        assert_ne!(choices(7, 3), choices(8, 3));
    }

    #[test]
    fn choices_stay_within_their_bounds() {
        let mut random = Random::of(1, 1);
        for _ in 0..1000 {
            assert!((2..=4).contains(&random.between(2, 4)));
            assert!((1..=2).contains(&random.some(&[1, 2, 3], 2).len()));
        }
        assert_eq!(random.of_all::<u8>(&[]), None);
        assert!(!random.percent(0) && random.percent(100));
    }

    #[test]
    fn a_shuffled_list_has_the_same_members() {
        let mut all: Vec<_> = (0..50).collect();
        Random::of(1, 1).shuffle(&mut all);
        assert!(!all.is_sorted());
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<_>>());
    }
}

//! A deterministic generator of numbers (SplitMix64).

/// A sequence of numbers that depends on its seed alone.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The sequence of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .wrapping_add(0x1234_5678),
        )
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below `limit`; 0 if the limit is 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }
    /// A number of milliseconds from 0 to `most`.
    pub(crate) fn up_to(&mut self, most: i64) -> i64 {
        let limit = u64::try_from(most.max(0)).unwrap_or(0) + 1;
        i64::try_from(self.next() % limit).unwrap_or(0)
    }
    /// True in `percent` of a hundred.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
    /// One of the items.
    pub(crate) fn one<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = self.below(items.len());
        items.get(at)
    }
    /// One of the items, each as likely as its weight.
    pub(crate) fn weighted<'a>(&mut self, items: &[(&'a str, usize)]) -> &'a str {
        let sum = items.iter().map(|(_, weight)| weight).sum();
        let mut at = self.below(sum);
        for (item, weight) in items {
            if at < *weight {
                return item;
            }
            at -= weight;
        }
        "note"
    }
}

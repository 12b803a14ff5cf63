//! Seeded randomness, in separate streams: what one consumer draws never shifts another's.

/// A stream of random numbers. Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom
/// Number Generators", OOPSLA 2014 (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

/// What the streams of one seed are for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    /// Which step is next.
    Schedule = 1,
    /// Where faults strike.
    Faults = 2,
    /// What the subject's own `getrandom` gives.
    Subject = 3,
    /// Which schedule an enumeration tries next.
    Enumeration = 4,
}

impl Random {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((stream as u64) << 56));
        // Near seeds give far streams only after a first round of mixing.
        let start = random.next();
        Self(start)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        // The upper half of a product is unbiased enough for a few choices.
        let product = u128::from(self.next()) * u128::from(bound);
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// True in `one_in` cases out of that many, on average one.
    pub(crate) fn one_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let draw = |seed, stream| {
            let mut random = Random::new(seed, stream);
            (0..4).map(|_| random.next()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, Stream::Schedule), draw(7, Stream::Schedule));
        assert_ne!(draw(7, Stream::Schedule), draw(7, Stream::Faults));
        assert_ne!(draw(7, Stream::Schedule), draw(8, Stream::Schedule));
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_all_of_it() {
        let mut random = Random::new(1, Stream::Schedule);
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[random.below(5)] = true;
        }
        assert_eq!(seen, [true; 5]);
    }
}

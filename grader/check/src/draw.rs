//! Inputs that a hidden test draws from the class's seed. The same seed gives a test the same inputs,
//! whatever other tests draw; without the seed nobody can foretell them.

use crate::settings;
use crate::subject::Origin;
use fastrand::Rng;

/// The random numbers of one test; used by [`draw!`](crate::draw).
#[must_use]
pub fn stream(origin: Origin) -> Rng {
    // A seed that is no number is told when the scenario runs: nobody's test fails by it.
    let seed = settings::seed().unwrap_or_default();
    of(seed, &origin.exercise(), &origin.test())
}

fn of(seed: u64, exercise: &str, test: &str) -> Rng {
    let hash = blake3::hash(format!("{seed} {exercise} {test}").as_bytes());
    let mut start = [0; size_of::<u64>()];
    start.copy_from_slice(&hash.as_bytes()[..size_of::<u64>()]);
    Rng::with_seed(u64::from_le_bytes(start))
}

/// The random numbers of this test, by which it chooses what is arbitrary in its inputs. They follow
/// from the class's seed and the test's name.
#[macro_export]
macro_rules! draw {
    () => {
        $crate::stream($crate::origin!())
    };
}

/// A word of small letters.
#[must_use]
pub fn word(draw: &mut Rng) -> String {
    (0..draw.usize(3..=8)).map(|_| draw.lowercase()).collect()
}

/// Some of the values, each at most once, in any order.
///
/// # Panics
/// When there are fewer values than are wanted.
#[must_use]
pub fn distinct<T, const N: usize>(draw: &mut Rng, values: impl IntoIterator<Item = T>) -> [T; N] {
    let mut drawn = draw.choose_multiple(values, N);
    draw.shuffle(&mut drawn);
    drawn.try_into().unwrap_or_else(|_| panic!("there are fewer than {N} values"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(mut draw: Rng) -> [u32; 8] {
        [(); 8].map(|()| draw.u32(0..1000))
    }

    #[test]
    fn the_same_seed_gives_a_test_the_same_numbers() {
        assert_eq!(numbers(of(7, "zombies", "a::b")), numbers(of(7, "zombies", "a::b")));
    }

    #[test]
    fn another_seed_and_another_test_have_other_numbers() {
        let all = [
            (7, "zombies", "a::b"),
            (8, "zombies", "a::b"),
            (7, "pipes", "a::b"),
            (7, "zombies", "a::c"),
        ];
        let mut drawn = all.map(|(seed, exercise, test)| numbers(of(seed, exercise, test)));
        drawn.sort_unstable();
        assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]), "{drawn:?}");
    }

    #[test]
    fn a_seed_means_the_same_tomorrow() {
        // Should this fail, a new version of the library draws otherwise: say so in CHANGELOG.md.
        let drawn = [15, 697, 249, 836, 352, 294, 666, 714];
        assert_eq!(numbers(of(0, "zombies", "a::b")), drawn);
    }
}

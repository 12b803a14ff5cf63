//! The rotation: the strategies that are tried when nobody asks for one. The first two schedules are
//! what everybody tries by hand; then come turns of ten with three random ones, three by partial
//! order sampling, two unbiased walks and two by PCT. Plain random almost never finds one process
//! far ahead, PCT alone misses narrow windows; together they leave little.

use forklings_model::Strategy;

/// Schedules after which every strategy has had its turn once.
pub(super) const FIRST_TURN: u32 = 12;

/// The strategy of the n-th schedule, from 0.
pub(super) fn strategy(number: u32) -> Strategy {
    match number {
        0 => Strategy::ParentFirst,
        1 => Strategy::ChildFirst,
        n => match (n - 2) % 10 {
            0 | 4 | 7 => Strategy::Random,
            1 | 5 | 8 => Strategy::Pos,
            2 | 6 => Strategy::walk(),
            3 => Strategy::pct(3),
            _ => Strategy::pct(2),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_three_three_two_and_two() {
        let share = |name: &str| {
            (2..1002).filter(|&n| strategy(n).to_string().starts_with(name)).count() / 100
        };
        assert_eq!(["random", "pos", "walk", "pct-2", "pct-3"].map(share), [3, 3, 2, 1, 1]);
        assert_eq!(strategy(0), Strategy::ParentFirst);
        assert_eq!(strategy(1), Strategy::ChildFirst);
    }
}

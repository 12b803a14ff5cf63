//! What others can see of a death, and when.

use crate::door::explorer;
use forklings_model::{Schedule, Strategy};
use forklings_sandbox::Wanted;
use std::collections::BTreeSet;

#[test]
fn the_end_of_a_pipe_may_be_seen_before_the_death_of_its_last_writer() {
    for wanted in [Wanted::All, Wanted::None] {
        let mut explorer = explorer("hears-the-end", wanted);
        let outputs: BTreeSet<String> = (0..40)
            .map(|seed| {
                let trace = explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap();
                assert!(trace.replayable, "{:?}", trace.unmodelled);
                String::from_utf8(trace.stdout).unwrap()
            })
            .collect();
        assert_eq!(outputs, BTreeSet::from(["not yet\n".to_owned(), "orphan\n".to_owned()]));
    }
}

#[test]
fn zombies_of_a_parent_that_ends_are_gone_at_once() {
    let mut explorer = explorer("leaves-zombies", Wanted::All);
    let schedule = Schedule::new(Strategy::Random, 1);
    let first = explorer.run(&schedule).unwrap();
    assert_eq!(first.stdout, b"gone\n".repeat(8));
    for round in 1..300 {
        let again = explorer.run(&schedule).unwrap();
        // Without a namespace pids differ from run to run.
        assert!(again == first || !explorer.isolation().namespaces, "run {round} differs");
        assert_eq!(again.stdout, first.stdout, "run {round}");
    }
}

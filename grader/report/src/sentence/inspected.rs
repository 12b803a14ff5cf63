//! Sentences on what was judged without a run: by the compiler, or by the model checker.

use super::Explanation;
use crate::escape::{block, line, quoted};
use crate::sentence::name::count;
use forklings_model::{Inspected, Inspector};

/// Lines of a program that uses the types, or misuses them.
const PROGRAM: usize = 16;
/// Lines of what the compiler or the model checker says.
const SAID: usize = 6;

pub(super) fn misuse_compiles(reason: &str, program: &str) -> Explanation {
    Explanation {
        expected: format!("this program does not compile. {}", line(reason.trim_end_matches('.'))),
        happened: format!("it compiles:\n{}", block(program, PROGRAM).join("\n")),
        likely:
            "the types promise more than the lock can keep: Send, Sync, Copy, a reference that \
                 lives too long, access without the lock"
                .to_owned(),
        experiment:
            "put it into examples/types.rs of the exercise, and change the types until the \
                     compiler objects"
                .to_owned(),
        man: "the Rustonomicon, \"Send and Sync\"",
    }
}

pub(super) fn use_refused(reason: &str, program: &str, said: &str) -> Explanation {
    Explanation {
        expected: format!("this program compiles. {}", line(reason.trim_end_matches('.'))),
        happened: format!(
            "the compiler refuses it:\n{}\n{}",
            block(program, PROGRAM).join("\n"),
            block(said, SAID).join("\n")
        ),
        likely:
            "the types promise less than the exercise asks for: what holds a raw pointer or a cell \
                 is neither Send nor Sync unless an unsafe impl says so"
                .to_owned(),
        experiment:
            "put it into examples/types.rs of the exercise, and let the compiler say what is \
                     missing"
                .to_owned(),
        man: "the Rustonomicon, \"Send and Sync\"",
    }
}

pub(super) fn data_race_in_model(model: &str, said: &str) -> Explanation {
    Explanation {
        expected:
            "what one thread has written under the lock, the next one sees, in every order of \
                   accesses that the language allows"
                .to_owned(),
        happened: format!(
            "another order of the same accesses, which this processor need not ever show, breaks it. \
             The model checker loom found it in the model {}, and none when all orderings \
             are as strong as can be:\n{}",
            quoted(model),
            block(said, SAID).join("\n")
        ),
        likely: "an ordering is too weak: who takes the lock needs Acquire, who frees it Release; \
                 Relaxed orders nothing besides the word itself"
            .to_owned(),
        experiment: "ask of each access to the word which writes before it others must see"
            .to_owned(),
        man: "Mara Bos, \"Rust Atomics and Locks\", chapter 3",
    }
}

/// Where a failure was shown that no run shows.
#[must_use]
pub fn shown(inspected: &Inspected) -> &'static str {
    match inspected.by {
        Inspector::Compiler(_) => "when compiled",
        Inspector::ModelChecker(_) => "in a model",
    }
}

/// What follows where nothing is wrong, or where nobody can tell.
#[must_use]
pub fn passed(inspected: &Inspected) -> String {
    if let Some(reason) = &inspected.unknown {
        return format!("not judged: {}", line(reason));
    }
    match &inspected.by {
        Inspector::Compiler(codes) if codes.is_empty() => "the compiler accepts it".to_owned(),
        Inspector::Compiler(codes) => {
            let codes: Vec<String> = codes.iter().map(|code| line(code)).collect();
            format!("the compiler refuses it: {}", codes.join(", "))
        }
        Inspector::ModelChecker(preemptions) => {
            let most = count((*preemptions).into(), "preemption", "preemptions");
            format!(
                "holds in every order of accesses with at most {most} (model-checked with loom)"
            )
        }
    }
}

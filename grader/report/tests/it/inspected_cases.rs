//! Typical failures that no run shows: a function each.

use forklings_model::{Detail, Failure, Finding, Trace, Weight};

/// Every case, named by its rule, or by what it is beside another.
pub(crate) fn all() -> Vec<(&'static str, Failure)> {
    vec![
        ("misuse-compiles", misuse_compiles()),
        ("use-refused", use_refused()),
        ("data-race-in-model", data_race_in_model()),
    ]
}

fn failure(detail: Detail) -> Failure {
    let weight = Weight::Accuses;
    let finding = Finding { detail, weight, evidence: vec![], site: None, origin: None };
    Failure { finding, shown_in: 1, trace: Trace::empty("locks".into()), replay: None }
}

fn misuse_compiles() -> Failure {
    failure(Detail::MisuseCompiles {
        reason: "The owner is a thread: another one would release what it does not hold."
            .to_owned(),
        program: "use locks::Lock;\n\nfn main() {\n    let lock = Lock::new(1, 0_u32);\n    \
                  let guard = lock.lock();\n    std::thread::scope(|scope| {\n        \
                  scope.spawn(move || drop(guard));\n    });\n}"
            .to_owned(),
    })
}

fn use_refused() -> Failure {
    failure(Detail::UseRefused {
        reason: "All threads use the same lock: `Lock<T>` is `Sync` where `T` is `Send`."
            .to_owned(),
        program: "use locks::Lock;\n\nfn is_shared<T: Sync>() {}\n\nfn main() {\n    \
                  is_shared::<Lock<u32>>();\n}"
            .to_owned(),
        said: "E0277: `UnsafeCell<u32>` cannot be shared between threads safely".to_owned(),
    })
}

fn data_race_in_model() -> Failure {
    failure(Detail::DataRaceInModel {
        model: "what one writes the next one sees".to_owned(),
        said: "Causality violation: Concurrent write accesses to `UnsafeCell`.\n      created: \
               src/lib.rs:82:45\n    write one: thread #0 @ src/lib.rs:116:39\n    write two: \
               thread #1 @ src/lib.rs:116:39"
            .to_owned(),
    })
}

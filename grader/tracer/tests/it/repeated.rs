//! Programs of the user's own, run many times: each run finds the same machine.

use forklings_model::{LeftKind, Schedule, Strategy};
use forklings_sandbox::probe;
use forklings_tracer::{Explorer, Subject};
use std::fs;
use tempfile::TempDir;

#[test]
fn every_run_finds_the_same_machine_and_what_it_leaves_is_told() {
    if !probe().namespaces {
        return; // Without namespaces runs are not kept apart, and nobody claims it.
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("there"), "before\n").unwrap();
    let path = format!("/tmp/forklings-test-{}", std::process::id());
    let script = format!(
        "ls; cat there; echo changed >> there; echo x > made; mkfifo fifo; mkdir {path}; \
         echo y > {path}/inside; echo z > /dev/shm/memory; id -u; echo $$"
    );
    let args = vec!["-c".to_owned(), script];
    let subject = Subject::repeated("/bin/sh", args, folder.path(), 0).unwrap();
    let mut explorer = Explorer::launch(subject).unwrap();
    let mut run = |seed| explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap();
    let (first, second) = (run(1), run(2));
    let own = fs::metadata(folder.path()).map(|meta| std::os::unix::fs::MetadataExt::uid(&meta));
    let expected = format!("there\nbefore\n{}\n100\n", own.unwrap());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((text(&first.stdout), text(&first.stderr)), (expected.clone(), String::new()));
    assert_eq!(text(&second.stdout), expected);

    let left: Vec<(LeftKind, String)> =
        second.left_behind.unwrap().into_iter().map(|left| (left.kind, left.path)).collect();
    let fifo = folder.path().join("fifo").display().to_string();
    let memory = "/dev/shm/memory".to_owned();
    let all = [(LeftKind::Temporary, path.clone()), (LeftKind::SharedMemory, memory)];
    assert_eq!(left, [&all[..], &[(LeftKind::Fifo, fifo)]].concat());

    let there: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(there.len(), 1, "nothing was really made: {there:?}");
    assert_eq!(fs::read_to_string(folder.path().join("there")).unwrap(), "before\n");
    assert!(!fs::exists(path).unwrap());
}

#[test]
fn random_bytes_are_the_same_in_every_schedule() {
    let folder = TempDir::new().unwrap();
    let args = vec!["-c".to_owned(), "mktemp -u /tmp/XXXXXXXXXX".to_owned()];
    let subject = Subject::repeated("/bin/sh", args, folder.path(), 7).unwrap();
    let mut explorer = Explorer::launch(subject).unwrap();
    let mut name = |seed| explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap().stdout;
    assert_eq!(name(1), name(2));
}

//! What is taken of a hand-in, and what is refused under which reason.

use flate2::Compression;
use flate2::write::GzEncoder;
use forklings_grade::take_in::{TakenIn, take_in};
use forklings_model::{Course, Exercise, Limits, Part};
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const LIB: &str = "zombies/src/lib.rs";

fn course() -> Course {
    let exercise = |id: &str| Exercise {
        id: id.into(),
        title: String::new(),
        folder: id.into(),
        edit: vec!["src/lib.rs".into()],
        concepts: vec![],
        man: vec![],
        tasks: vec![],
        limits: Limits::default(),
    };
    let exercises = vec![exercise("zombies"), exercise("pipes")];
    Course { title: String::new(), parts: vec![Part { title: String::new(), exercises }] }
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// What a class with one submission gives, as lines: `exercise: file…`, `left out: path: reason`,
/// `refused: reason`.
fn outcome(make: impl FnOnce(&Path)) -> Vec<String> {
    let class = TempDir::new().unwrap();
    make(class.path());
    describe(&take_in(class.path(), &course()).unwrap())
}

fn describe(taken: &TakenIn) -> Vec<String> {
    let mut lines = Vec::new();
    for work in &taken.work {
        let files: Vec<String> = work.files.keys().map(|p| p.display().to_string()).collect();
        lines.push(format!("{}: {}", work.exercise, files.join(" ")));
        for (path, reason) in &work.left_out {
            lines.push(format!("left out: {}: {reason}", path.display()));
        }
    }
    lines.extend(taken.refused.iter().map(|(_, reason)| format!("refused: {reason}")));
    lines
}

/// A folder `s` with these files.
fn folder(files: &'static [&'static str]) -> Vec<String> {
    outcome(|class| {
        fs::create_dir(class.join("s")).unwrap();
        for file in files {
            write(&class.join("s"), file, b"//");
        }
    })
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<String> {
    let bytes = zip(files);
    outcome(|class| write(class, "s.zip", &bytes))
}

/// A .tar.gz whose entries are written by hand, since the library refuses to write hostile ones.
fn tar_gz(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn tarred(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<String> {
    let bytes = tar_gz(entries);
    outcome(|class| write(class, "s.tar.gz", &bytes))
}

const FILE: tar::EntryType = tar::EntryType::Regular;

#[test]
fn exercises_are_found_by_their_paths() {
    assert_eq!(folder(&[LIB]), ["zombies: src/lib.rs"]);
    assert_eq!(folder(&["exercises/zombies/src/lib.rs"]), ["zombies: src/lib.rs"]);
    assert_eq!(folder(&["a/b/c/zombies/src/lib.rs"]), ["zombies: src/lib.rs"]);
    assert_eq!(folder(&[LIB, "pipes/src/lib.rs"]), ["zombies: src/lib.rs", "pipes: src/lib.rs"]);
    assert_eq!(zipped(&[(LIB, b"")]), ["zombies: src/lib.rs"]);
    assert_eq!(tarred(&[("./zombies/src/lib.rs", FILE, b"x")]), ["zombies: src/lib.rs"]);
    assert!(folder(&["a/b/c/d/zombies/src/lib.rs"])[0].starts_with("refused: holds no exercise"));
}

#[test]
fn a_manifest_may_name_the_exercise() {
    let named = |manifest: &str, text: &str| {
        outcome(|class| {
            write(&class.join("s"), manifest, text.as_bytes());
            write(&class.join("s"), "src/lib.rs", b"//");
        })
    };
    let cargo = named("Cargo.toml", "[package]\nname = \"zombies\"\n");
    assert_eq!(
        cargo,
        ["zombies: src/lib.rs", "left out: Cargo.toml: the course's own file is used"]
    );
    assert_eq!(named("exercise.yaml", "id: pipes\n")[0], "pipes: src/lib.rs");
    assert!(named("Cargo.toml", "name = \"other\"")[0].starts_with("refused: holds no exercise"));
}

#[test]
fn only_editable_files_get_in_and_the_rest_is_named() {
    let lines = folder(&[
        LIB,
        "zombies/Cargo.toml",
        "zombies/build.rs",
        "zombies/src/main.rs",
        "zombies/tests/public.rs",
        "zombies/target/debug/zombies",
        ".cargo/config.toml",
        "rust-toolchain.toml",
    ]);
    assert_eq!(
        lines,
        [
            "zombies: src/lib.rs",
            "left out: .cargo/config.toml: not one of the files to hand in",
            "left out: rust-toolchain.toml: not one of the files to hand in",
            "left out: zombies/Cargo.toml: the course's own file is used",
            "left out: zombies/build.rs: not one of the files to hand in",
            "left out: zombies/src/main.rs: the course's own file is used",
            "left out: zombies/target: not part of a hand-in",
            "left out: zombies/tests/public.rs: the course's own file is used",
        ]
    );
}

#[test]
fn the_copy_nearest_to_the_top_counts() {
    let lines = folder(&[LIB, "old/zombies/src/lib.rs"]);
    assert_eq!(lines[0], "zombies: src/lib.rs");
    assert!(lines[1].starts_with("left out: old/zombies/src/lib.rs: not in a folder"));
    let twice = folder(&["a/zombies/src/lib.rs", "b/zombies/src/lib.rs"]);
    assert_eq!(
        twice,
        ["refused: zombies: is there twice, in `a/zombies` and `b/zombies`; hand in one"]
    );
}

#[test]
fn names_that_lead_elsewhere_are_left_out_and_named() {
    let lines = zipped(&[(LIB, b"x"), ("../../zombies/src/lib.rs", b"y"), ("/etc/cron.d/x", b"z")]);
    assert_eq!(
        lines,
        [
            "zombies: src/lib.rs",
            "left out: /etc/cron.d/x: its name is an absolute path",
            "left out: ../../zombies/src/lib.rs: its name leads out of the submission",
        ]
    );
    let tar = tarred(&[("../zombies/src/lib.rs", FILE, b"x")]);
    assert!(tar[0].starts_with("refused: holds no exercise"), "{tar:?}");
    let newline = zipped(&[(LIB, b"x"), ("a\nstudent-02: accepted", b"y")]);
    assert_eq!(
        newline[1],
        "left out: a\\nstudent-02: accepted: its name holds a control character"
    );
}

#[test]
fn names_that_collide_are_refused() {
    let expected = "refused: zombies: `zombies/src/lib.rs` is there twice, or with a name that \
                    differs only in case";
    let case = zipped(&[(LIB, b"x"), ("Zombies/src/lib.rs", b"y")]);
    assert_eq!(case, [expected]);
    let twice = tarred(&[(LIB, FILE, b"x"), (LIB, FILE, b"y")]);
    assert_eq!(twice, [expected]);
}

#[test]
fn links_and_devices_are_never_opened() {
    let lines = tarred(&[
        (LIB, FILE, b"x"),
        ("pipes/src/lib.rs", tar::EntryType::Symlink, b""),
        ("hard", tar::EntryType::Link, b""),
        ("disk", tar::EntryType::Block, b""),
        ("fifo", tar::EntryType::Fifo, b""),
    ]);
    assert_eq!(
        lines,
        [
            "zombies: src/lib.rs",
            "left out: disk: is not a regular file",
            "left out: fifo: is not a regular file",
            "left out: hard: is a hard link",
            "left out: pipes/src/lib.rs: is a symbolic link",
        ]
    );
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.add_symlink(LIB, "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let lines = outcome(|class| write(class, "s.zip", &bytes));
    assert!(lines[0].starts_with("refused: holds no exercise"));
}

#[test]
fn links_and_fifos_in_folders_are_not_followed() {
    let lines = outcome(|class| {
        let folder = class.join("s/zombies/src");
        fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.join("lib.rs")).unwrap();
        std::os::unix::fs::symlink(class, class.join("s/loop")).unwrap();
        write(class, "s/pipes/src/lib.rs", b"//");
        nix::unistd::mkfifo(&class.join("s/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    });
    assert_eq!(
        lines,
        [
            "pipes: src/lib.rs",
            "left out: fifo: is not a regular file",
            "left out: loop: is a symbolic link",
            "left out: zombies/src/lib.rs: is a symbolic link",
        ]
    );
    let link = outcome(|class| std::os::unix::fs::symlink("/", class.join("s")).unwrap());
    assert!(link[0].starts_with("refused: is a symbolic link"));
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![0; 32 << 20];
    let lines = zipped(&[(LIB, b"x"), ("zeros", &zeros)]);
    assert_eq!(lines, ["refused: unpacks to more than 200 times its size"]);
    let lines = tarred(&[(LIB, FILE, b"x"), ("zeros", FILE, &zeros)]);
    assert!(lines[0].ends_with("unpacks to more than 200 times its size"), "{lines:?}");
    let large = vec![b'/'; (1 << 20) + 1];
    assert_eq!(
        zipped(&[(LIB, &large), ("pipes/src/lib.rs", b"")]),
        ["pipes: src/lib.rs", "left out: zombies/src/lib.rs: larger than 1 MiB"]
    );
}

#[test]
fn too_many_files_are_refused() {
    let names: Vec<String> = (0..20_001).map(|n| format!("f{n}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(zipped(&files)[0].starts_with("refused: holds more than 20000 files"));
}

#[test]
fn what_cannot_be_read_says_so() {
    let lines = |name: &'static str, bytes: &'static [u8]| {
        outcome(|class| write(class, name, bytes)).remove(0)
    };
    assert!(lines("s.zip", b"no archive").starts_with("refused: is no readable .zip archive"));
    assert!(lines("s.tar.gz", b"no archive").starts_with("refused: is no readable .tar.gz"));
    assert_eq!(lines("s.zip", b""), "refused: is an empty file");
    assert_eq!(
        lines("s.rar", b"Rar!"),
        "refused: is neither a folder nor a .zip, .tar.gz or .tgz archive"
    );
    assert_eq!(folder(&[]), ["refused: is empty"]);
}

#[test]
fn an_archive_that_was_cut_is_refused_at_every_length() {
    let lib = b"pub fn f() {}\n".repeat(200);
    let whole = tar_gz(&[(LIB, FILE, &lib)]);
    for length in 1..whole.len() {
        let lines = outcome(|class| write(class, "s.tgz", &whole[..length]));
        assert!(lines[0].starts_with("refused: "), "{length}: {lines:?}");
    }
    let whole = zip(&[(LIB, &lib)]);
    for length in 1..whole.len() {
        let lines = outcome(|class| write(class, "s.zip", &whole[..length]));
        assert!(lines[0].starts_with("refused: "), "{length}: {lines:?}");
    }
}

#[test]
fn a_broken_byte_in_an_archive_never_panics() {
    let lib = b"pub fn f() {}\n".repeat(20);
    for (name, whole) in [("s.zip", zip(&[(LIB, &lib)])), ("s.tgz", tar_gz(&[(LIB, FILE, &lib)]))] {
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            outcome(|class| write(class, name, &bytes));
        }
    }
}

#[test]
fn one_name_is_one_submission() {
    let bytes = zip(&[(LIB, b"y")]);
    let lines = outcome(|class| {
        write(class, "s/zombies/src/lib.rs", b"x");
        write(class, "s.zip", &bytes);
        write(class, ".DS_Store", b"");
    });
    assert_eq!(
        lines,
        [
            "zombies: src/lib.rs",
            "refused: `s.zip` has the same name as `s`; only that one was graded",
        ]
    );
}

#[test]
fn a_folder_that_is_not_there_or_empty_is_an_error() {
    let folder = TempDir::new().unwrap();
    let message = take_in(folder.path(), &course()).unwrap_err().to_string();
    assert!(message.starts_with("there are no submissions in "), "{message}");
    let message = take_in(&folder.path().join("x"), &course()).unwrap_err().to_string();
    assert!(message.contains("cannot be read: No such file"), "{message}");
}

#[test]
fn the_sample_class_is_taken_in_as_it_is_meant() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let course = forklings_course::load(&repository.join("exercises")).unwrap();
    let taken = take_in(&repository.join("grader/examples/class"), &course).unwrap();
    let pairs = taken.work.iter().map(|w| format!("{} {}", w.submission.name, w.exercise));
    let pairs: Vec<String> = pairs.collect();
    for pair in [
        "student-01 fork-semantics",
        "student-01 zombies",
        "student-01 pipes",
        "student-10 zombies",
        "student-10 pipes",
        "student-11 fork-semantics",
        "student-12 zombies",
    ] {
        assert!(pairs.contains(&pair.to_owned()), "{pair} is not in {pairs:?}");
    }
    let foreign = taken.work.iter().find(|w| w.submission.name == "student-12").unwrap();
    let names: Vec<String> =
        foreign.left_out.iter().map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(
        names,
        [".cargo/config.toml", "Cargo.toml", "build.rs", "rust-toolchain.toml", "wrapper.sh"]
    );
    let refused: Vec<&str> = taken.refused.iter().map(|(s, _)| s.name.as_str()).collect();
    assert_eq!(refused, ["student-13", "student-17"]);
}

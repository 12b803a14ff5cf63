//! What cannot be explored, and what goes too far: one clear message, or the right verdict.

use super::door::{explore, finds, refused, silent};
use super::programs::{built, c, compiled};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// A file with this content and mode.
fn file(folder: &TempDir, name: &str, content: &[u8], mode: u32) -> String {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

#[test]
fn what_is_no_program_is_refused_in_one_line() {
    let folder = TempDir::new().unwrap();
    refused(
        &["no-such-program"],
        "no program `no-such-program` is in PATH; a file is named by its path",
    );
    refused(&["./no-such-program"], "there is no program ./no-such-program; is it built?");
    refused(&[&file(&folder, "plain", b"#!/bin/sh\n", 0o644)], "is not executable");
    refused(&[folder.path().to_str().unwrap()], "is a folder, not a program");
    refused(&[&file(&folder, "script", b"echo hello\n", 0o755)], "name what runs it: -- sh ");
    refused(&[&file(&folder, "empty", b"", 0o755)], "is empty");
    let lost = file(&folder, "lost", b"#!/no/such/interpreter\n", 0o755);
    refused(&[&lost], "is a script for `/no/such/interpreter`");
    let foreign = file(&folder, "foreign", b"\x7fELF\x01\x01\x01 a 32-bit program", 0o755);
    refused(&[&foreign], "another kind of machine");
    refused(&["/dev/null"], "is no ordinary file");
}

#[test]
fn a_program_that_dies_before_main_says_why() {
    let library = compiled("libgone.so", "early", &["-shared", "-fPIC", "-DLIBRARY"]);
    let here = format!("-L{}", built().display());
    let options = ["-DMAIN", here.as_str(), "-lgone"];
    let program = compiled("needs-gone", "early", &options);
    fs::remove_file(library).unwrap();
    refused(&[&program], "ended before its first instruction");
    refused(&[&program], "libgone.so");
}

#[test]
fn a_program_whose_library_changes_the_mask_before_main_is_judged_rightly() {
    compiled("libearly.so", "early", &["-shared", "-fPIC", "-DLIBRARY"]);
    let here = built().display().to_string();
    let (find, run) = (format!("-L{here}"), format!("-Wl,-rpath,{here}"));
    let program = compiled("needs-early", "early", &["-DMAIN", &find, "-learly", &run]);
    silent(&[], &[&program]);
}

#[test]
fn a_set_user_id_program_runs_as_its_user_and_that_is_said() {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("with-set-user-id");
    fs::copy(c("waitorder"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    let explored = silent(&[], &[program.to_str().unwrap()]);
    let remark = explored.json["remarks"][0].as_str().unwrap();
    assert!(remark.contains("set-user-id"), "{remark}");
}

#[test]
fn a_loop_without_a_call_is_ended_and_named() {
    let explored = finds(&["--seconds", "1"], &[&c("spins")], &["time-limit"]);
    assert_eq!(explored.json["stopped"], "enough");
}

#[test]
fn ten_thousand_processes_are_a_limit_reached() {
    finds(&[], &[&c("many")], &["process-limit"]);
}

#[test]
fn a_gigabyte_of_output_is_a_limit_reached() {
    let explored = finds(&[], &[&c("gigabyte")], &["output-limit"]);
    assert_eq!(explored.json["outputs"][0]["shortened"], true);
}

#[test]
fn a_program_that_looks_for_its_tracer_sees_none_or_that_is_said() {
    // In its own pid namespace it is not shown its tracer.
    let hidden = explore(&[], &[&c("looks")]);
    assert!(hidden.rules().contains(&"zombie-left"), "{}", hidden.json);
    let seen = explore(&["--isolation", "none"], &[&c("looks")]);
    let remark = seen.json["remarks"][0].as_str().unwrap();
    assert!(remark.contains("/proc/self/status"), "{remark}");
}

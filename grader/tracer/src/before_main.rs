//! Which events are a program's own, and which were made before its code began: by the dynamic
//! linker, which opens libraries, and by a language's runtime, which prepares signals and
//! descriptors. Told by call stacks alone; whatever is not certain is the program's own.

use crate::stacks::DEPTH;
use forklings_model::{EventKind, Frame, ProcId, Trace};
use forklings_symbols::Functions;
use std::collections::{BTreeMap, BTreeSet};

/// Where a program's first instruction is, in its own file and in the dynamic linker's.
const START: &str = "_start";
/// The C function that everything below is called from; in Rust it is the runtime's.
const MAIN: &str = "main";
/// Rust's runtime, from the C `main` on.
const RUST_STARTS: &str = "std::rt::lang_start";
/// The frame that the runtime puts below a Rust program's own `main`.
const RUST_BEGINS: &str = "__rust_begin_short_backtrace";
/// Crates that a runtime consists of; as a type's implementation they stand in brackets.
const RUST: [&str; 3] = ["std::", "core::", "alloc::"];

/// Numbers of the events from before the programs' own code began. Needs the stacks as they were
/// recorded, without a line looked up.
pub(crate) fn events(trace: &Trace) -> Vec<u32> {
    let mut functions = Functions::default();
    let mut moments: BTreeMap<u32, Moment> = BTreeMap::new();
    // Processes whose program has begun.
    let mut begun: BTreeSet<ProcId> = BTreeSet::new();
    let mut before = Vec::new();
    for event in &trace.events {
        let proc = event.task.proc;
        // A copy of a program that has begun has begun; another program has not.
        if let EventKind::Started { parent: Some(parent), .. } = event.kind
            && begun.contains(&parent)
        {
            begun.insert(proc);
        }
        if let EventKind::Exec { .. } = event.kind {
            begun.remove(&proc);
            continue;
        }
        let Some(site) = event.site.filter(|_| !begun.contains(&proc)) else { continue };
        let moment = moments
            .entry(site.0)
            .or_insert_with(|| moment(trace.frames(site), |frame| functions.name(frame)));
        match moment {
            Moment::Before => before.push(event.seq),
            Moment::Begun => drop(begun.insert(proc)),
            Moment::Unknown => {}
        }
    }
    before
}

/// Whether a program's own code has begun, for all that a call stack tells.
pub(crate) fn has_begun(frames: &[Frame], name: &mut impl FnMut(&Frame) -> Option<String>) -> bool {
    moment(frames, name) != Moment::Before
}

/// Whether the C library, the dynamic linker or Rust's runtime made the call in which a stack ends:
/// whoever called the C library's function for it, or made it without one.
pub(crate) fn is_called_by_runtime(
    frames: &[Frame],
    name: &mut impl FnMut(&Frame) -> Option<String>,
) -> bool {
    let caller = match frames {
        [inner, caller, ..] if is_libc(inner) => Some(caller),
        _ => frames.first(),
    };
    caller
        .is_some_and(|frame| is_libc(frame) || is_linker(frame) || is_rust(name(frame).as_deref()))
}

/// When in a program's life a call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// Nothing of the program's own is on the stack.
    Before,
    /// Its `main` is.
    Begun,
    /// It cannot be told.
    Unknown,
}

fn moment(frames: &[Frame], mut name: impl FnMut(&Frame) -> Option<String>) -> Moment {
    if frames.len() >= DEPTH {
        // The stack is deep, and its end was not seen: no runtime does that.
        return Moment::Begun;
    }
    // Whoever calls into the dynamic linker later, for dlopen, stands below it.
    if !frames.is_empty() && frames.iter().all(is_linker) {
        return Moment::Before;
    }
    let named: Vec<Option<String>> = frames.iter().map(&mut name).collect();
    let any = |is: fn(&str) -> bool| named.iter().flatten().any(|name| is(name));
    let rust = any(|name| name.starts_with(RUST_STARTS));
    if any(|name| name.contains(RUST_BEGINS)) || (!rust && any(|name| name == MAIN)) {
        return Moment::Begun;
    }
    let whole = named.last().is_some_and(|name| name.as_deref() == Some(START));
    let all = || frames.iter().zip(&named).all(|(frame, name)| is_runtime(frame, name.as_deref()));
    if rust && whole && all() { Moment::Before } else { Moment::Unknown }
}

fn is_linker(frame: &Frame) -> bool {
    file_name(frame).starts_with("ld-") || file_name(frame) == "ld.so"
}

/// Whether a frame is of Rust's runtime or of what it stands on: the C library, whose files keep
/// no names, and the start of the program.
fn is_runtime(frame: &Frame, name: Option<&str>) -> bool {
    match name {
        Some(START | MAIN) => true,
        Some(name) => is_rust(Some(name)),
        None => is_libc(frame),
    }
}

/// Whether a function is of Rust's runtime.
fn is_rust(name: Option<&str>) -> bool {
    let name = name.unwrap_or_default().trim_start_matches('<');
    RUST.iter().any(|of| name.starts_with(of))
}

/// Whether a frame is of the C library, which once had several files.
fn is_libc(frame: &Frame) -> bool {
    let name = file_name(frame);
    ["libc", "libpthread", "librt"]
        .iter()
        .filter_map(|library| name.strip_prefix(library))
        .any(|rest| rest.starts_with(['.', '-']))
}

fn file_name(frame: &Frame) -> std::borrow::Cow<'_, str> {
    frame.module.file_name().unwrap_or_default().to_string_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames from the innermost on, each as `module function`; `?` where there is no name.
    #[track_caller]
    fn check(stack: &[&str], expected: Moment) {
        let frames: Vec<Frame> = (0..)
            .zip(stack)
            .map(|(offset, frame)| {
                let module = frame.split(' ').next().unwrap_or_default();
                Frame { module: module.into(), offset, line: None }
            })
            .collect();
        let name = |frame: &Frame| {
            let at = usize::try_from(frame.offset).unwrap_or(usize::MAX);
            stack[at].split_once(' ').map(|(_, name)| name.to_owned()).filter(|name| name != "?")
        };
        assert_eq!(moment(&frames, name), expected);
    }

    const LIBC: &str = "/lib/x86_64-linux-gnu/libc.so.6 ?";
    const LINKER: &str = "/lib64/ld-linux-x86-64.so.2 ?";

    #[test]
    fn the_linker_s_own_work_comes_before() {
        check(&[LINKER, LINKER], Moment::Before);
        check(&[LINKER, LIBC, "app main", LIBC, "app _start"], Moment::Begun);
        check(&[LINKER, LIBC, "stripped ?", LIBC, "stripped ?"], Moment::Unknown);
    }

    #[test]
    fn rust_s_runtime_comes_before_and_main_does_not() {
        let runtime = ["app std::rt::lang_start_internal", "app std::rt::lang_start", "app main"];
        let end = [LIBC, "app _start"];
        let stack = |inner: &[&'static str]| [inner, &runtime, &end].concat();
        check(&stack(&[LIBC, "app std::sys::pal::unix::stack_overflow::init"]), Moment::Before);
        check(
            &stack(&["app <std::os::fd::OwnedFd as core::ops::Drop>::drop", "app std::rt::init"]),
            Moment::Before,
        );
        check(
            &stack(&[
                LIBC,
                "app app::main",
                "app std::sys::backtrace::__rust_begin_short_backtrace",
            ]),
            Moment::Begun,
        );
    }

    #[test]
    fn what_is_not_certain_is_the_program_s_own() {
        // A constructor runs before main, and is the program's.
        check(&[LIBC, "app app::constructor", LIBC, "app _start"], Moment::Unknown);
        // No names, and stacks whose end was not found.
        check(&[LIBC, "stripped ?", LIBC, "stripped ?"], Moment::Unknown);
        check(&[LIBC], Moment::Unknown);
        check(&[LIBC, "app std::rt::lang_start"], Moment::Unknown);
        check(&[], Moment::Unknown);
    }
}

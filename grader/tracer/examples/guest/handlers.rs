//! What handlers do, and how masks and handlers are changed and put back.

use crate::kernel::*;
use std::sync::atomic::AtomicPtr;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("prints-in-a-handler", prints_in_a_handler),
    ("allocates-in-a-handler", allocates_in_a_handler),
    ("exits-in-a-handler", exits_in_a_handler),
    ("writes-in-a-handler", writes_in_a_handler),
    ("jumps-out-of-a-handler", jumps_out_of_a_handler),
    ("changes-its-mask", changes_its_mask),
    ("resets-its-handler", resets_its_handler),
];

#[expect(clippy::print_stdout, reason = "that is what the guest is about")]
extern "C" fn print(_: c_int) {
    println!("in a handler");
}

extern "C" fn allocate(_: c_int) {
    std::hint::black_box(Box::new(7));
}

#[expect(clippy::exit, reason = "that is what the guest is about")]
extern "C" fn exit_in_a_handler(_: c_int) {
    process::exit(4);
}

/// Only what a handler may do: `write`, and a signal within a signal.
extern "C" fn write_only(signal: c_int) {
    unsafe { libc::write(1, c"h\n".as_ptr().cast(), 2) };
    if signal == SIGUSR1 {
        unsafe { libc::raise(SIGALRM) };
    }
}

fn prints_in_a_handler() {
    is_signalled_by_its_child(print);
}

fn allocates_in_a_handler() {
    is_signalled_by_its_child(allocate);
}

fn exits_in_a_handler() {
    is_signalled_by_its_child(exit_in_a_handler);
}

fn writes_in_a_handler() {
    is_signalled_by_its_child(write_only);
}

fn is_signalled_by_its_child(function: extern "C" fn(c_int)) {
    handle_by(function, SIGUSR1, 0);
    handle_by(function, SIGALRM, 0);
    let me = unsafe { libc::getpid() };
    let child = fork();
    if child == 0 {
        unsafe { libc::kill(me, SIGUSR1) };
        leave(0);
    }
    while wait(child, 0).0 != child {}
    drop(std::hint::black_box(Box::new(8)));
    say("done");
}

/// What comes after the jump is no handler any more.
fn jumps_out_of_a_handler() {
    static CONTEXT: AtomicPtr<libc::ucontext_t> = AtomicPtr::new(ptr::null_mut());
    extern "C" fn jump(_: c_int) {
        SEEN.fetch_add(1, Ordering::SeqCst);
        unsafe { libc::setcontext(CONTEXT.load(Ordering::SeqCst)) };
    }
    handle_by(jump, SIGUSR1, libc::SA_NODEFER);
    let mut context: libc::ucontext_t = unsafe { mem::zeroed() };
    CONTEXT.store(&raw mut context, Ordering::SeqCst);
    unsafe { libc::getcontext(&raw mut context) };
    if SEEN.load(Ordering::SeqCst) == 0 {
        unsafe { libc::raise(SIGUSR1) };
    }
    drop(std::hint::black_box(Box::new(8)));
    say("jumped");
}

fn changes_its_mask() {
    let old = block(SIGUSR1);
    handle(SIGUSR1, 0);
    handle(SIGUSR1, libc::SA_RESTART);
    handle(SIGUSR1, 0);
    unsafe {
        libc::raise(SIGUSR1);
        libc::sigsuspend(&raw const old);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const old, ptr::null_mut());
    }
    say("restored");
}

fn resets_its_handler() {
    handle(SIGUSR1, libc::SA_RESETHAND);
    unsafe { libc::raise(SIGUSR1) };
    say(&format!("{}", SEEN.load(Ordering::SeqCst)));
    unsafe { libc::raise(SIGUSR1) };
}

//! Clocks, sleeps and alarms.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("alarm", alarm),
    ("waits-for-time", waits_for_time),
    ("sleeps", sleeps),
    ("orders-by-sleep", orders_by_sleep),
    ("rings-before-it-pauses", rings_before_it_pauses),
    ("ends-a-sleeper", ends_a_sleeper),
];

fn alarm() {
    handle(SIGALRM, 0);
    let before = block(SIGALRM);
    unsafe { libc::alarm(1) };
    suspend(&before);
    say(&format!("{}", SEEN.load(Ordering::SeqCst)));
}

/// The alarm may ring before the pause begins, and then nothing ends the pause.
fn rings_before_it_pauses() {
    handle(SIGALRM, 0);
    unsafe { libc::alarm(1) };
    unsafe { libc::pause() };
    say("awake");
}

/// One second passes before one and a half.
fn ends_a_sleeper() {
    handle(SIGALRM, 0);
    let before = block(SIGALRM);
    let (read, write) = pipe();
    unsafe { libc::alarm(1) };
    let sleeper = child(|| {
        put(write, "x");
        nap(1500);
        0
    });
    let mut byte = 0u8;
    unsafe { libc::read(read, (&raw mut byte).cast(), 1) };
    suspend(&before);
    unsafe { libc::kill(sleeper, SIGKILL) };
    say(&format!("{:x}", wait(sleeper, 0).1));
}

fn waits_for_time() {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(400) {}
    say("later");
}

fn sleeps() {
    let begin = Instant::now();
    thread::sleep(Duration::from_millis(250));
    say(&format!("{}", begin.elapsed() >= Duration::from_millis(250)));
}

fn orders_by_sleep() {
    let child = fork();
    if child == 0 {
        say("child");
        leave(0);
    }
    thread::sleep(Duration::from_secs(1));
    say("parent");
    wait(child, 0);
}

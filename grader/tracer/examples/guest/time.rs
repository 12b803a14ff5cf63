//! Clocks, sleeps and alarms.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("alarm", alarm),
    ("waits-for-time", waits_for_time),
    ("sleeps", sleeps),
    ("orders-by-sleep", orders_by_sleep),
];

fn alarm() {
    handle(SIGALRM, 0);
    unsafe { libc::alarm(1) };
    unsafe { libc::pause() };
    say(&format!("{}", SEEN.load(Ordering::SeqCst)));
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

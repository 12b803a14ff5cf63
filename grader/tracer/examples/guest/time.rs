//! Clocks, sleeps and alarms.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] =
    &[("alarm", alarm), ("waits-for-time", waits_for_time), ("sleeps", sleeps)];

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

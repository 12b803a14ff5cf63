//! Timers that send signals, and waits that end by themselves.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("timer", timer),
    ("timer-value", timer_value),
    ("timer-to-thread", timer_to_thread),
    ("timer-overruns", timer_overruns),
    ("timer-deleted", timer_deleted),
    ("timer-absolute", timer_absolute),
    ("timer-by-callback", timer_by_callback),
    ("itimer", itimer),
    ("alarm-replaced", alarm_replaced),
    ("alarm-kills", alarm_kills),
    ("alarm-while-polling", alarm_while_polling),
    ("alarm-not-inherited", alarm_not_inherited),
    ("alarm-survives-exec", alarm_survives_exec),
    ("sigtimedwait-times-out", sigtimedwait_times_out),
    ("sigtimedwait-other", sigtimedwait_other),
    ("sleeps-until", sleeps_until),
    ("sleep-interrupted", sleep_interrupted),
    ("ticks", ticks),
    ("time-after-exec", time_after_exec),
    ("signal-order", signal_order),
];

fn new_timer(clock: c_int, event: Option<libc::sigevent>) -> libc::timer_t {
    let mut timer: libc::timer_t = ptr::null_mut();
    let mut event = event;
    let event = event.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    unsafe { libc::timer_create(clock, event, &raw mut timer) };
    timer
}

fn event(how: c_int, signal: c_int, value: usize) -> libc::sigevent {
    let mut event: libc::sigevent = unsafe { mem::zeroed() };
    event.sigev_notify = how;
    event.sigev_signo = signal;
    event.sigev_value.sival_ptr = value as *mut c_void;
    event
}

fn set_timer(
    timer: libc::timer_t,
    flags: c_int,
    value: libc::timespec,
    interval: libc::timespec,
) -> i32 {
    let new = libc::itimerspec { it_interval: interval, it_value: value };
    unsafe { libc::timer_settime(timer, flags, &raw const new, ptr::null_mut()) }
}

fn await_signal(signal: c_int) -> libc::siginfo_t {
    let set = only(signal);
    unsafe {
        let mut info: libc::siginfo_t = mem::zeroed();
        libc::sigwaitinfo(&raw const set, &raw mut info);
        info
    }
}

fn timer() {
    handle(SIGALRM, 0);
    let before = block(SIGALRM);
    let timer = new_timer(libc::CLOCK_MONOTONIC, None);
    set_timer(timer, 0, span(200), span(0));
    let mut left: libc::itimerspec = unsafe { mem::zeroed() };
    unsafe { libc::timer_gettime(timer, &raw mut left) };
    suspend(&before);
    say(&format!("{} {}", SEEN.load(Ordering::SeqCst), left.it_value.tv_nsec > 100_000_000));
    unsafe { libc::timer_gettime(timer, &raw mut left) };
    say(&format!("{}", left.it_value.tv_nsec));
}

fn timer_value() {
    block(SIGUSR1);
    let timer = new_timer(libc::CLOCK_REALTIME, Some(event(libc::SIGEV_SIGNAL, SIGUSR1, 4711)));
    set_timer(timer, 0, span(100), span(100));
    for _ in 0..2 {
        let info = await_signal(SIGUSR1);
        let value = unsafe { info.si_value().sival_ptr } as usize;
        say(&format!("{} {} {value}", info.si_signo, info.si_code == libc::SI_TIMER));
    }
}

fn timer_to_thread() {
    block(SIGUSR1);
    let thread = thread::spawn(|| {
        let mut event = event(libc::SIGEV_THREAD_ID, SIGUSR1, 5);
        let tid = unsafe { libc::syscall(libc::SYS_gettid) };
        event.sigev_notify_thread_id = i32::try_from(tid).unwrap_or(0);
        let timer = new_timer(libc::CLOCK_MONOTONIC, Some(event));
        set_timer(timer, 0, span(100), span(0));
        await_signal(SIGUSR1).si_signo
    });
    say(&format!("{:?}", thread.join().ok()));
}

fn timer_overruns() {
    block(SIGUSR1);
    let timer = new_timer(libc::CLOCK_MONOTONIC, Some(event(libc::SIGEV_SIGNAL, SIGUSR1, 0)));
    set_timer(timer, 0, span(10), span(10));
    nap(100);
    // However often it expired, one signal is pending.
    let info = await_signal(SIGUSR1);
    let overrun = unsafe { libc::timer_getoverrun(timer) };
    say(&format!("{} {}", info.si_signo, overrun >= 0));
    unsafe { libc::timer_delete(timer) };
}

fn timer_deleted() {
    handle(SIGALRM, 0);
    let timer = new_timer(libc::CLOCK_MONOTONIC, None);
    set_timer(timer, 0, span(50), span(0));
    let deleted = unsafe { libc::timer_delete(timer) };
    nap(200);
    say(&format!("{deleted} {}", SEEN.load(Ordering::SeqCst)));
    say(&format!("{} {:?}", set_timer(timer, 0, span(50), span(0)), errno()));
}

fn timer_absolute() {
    handle(SIGALRM, 0);
    let before = block(SIGALRM);
    let timer = new_timer(libc::CLOCK_REALTIME, None);
    let mut then = span(0);
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut then) };
    then.tv_sec += 1;
    set_timer(timer, libc::TIMER_ABSTIME, then, span(0));
    suspend(&before);
    let mut now = span(0);
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    say(&format!("{}", (now.tv_sec, now.tv_nsec) >= (then.tv_sec, then.tv_nsec)));
}

fn timer_by_callback() {
    extern "C" fn called(value: libc::sigval) {
        SEEN.store(i32::try_from(value.sival_ptr as usize).unwrap_or(0), Ordering::SeqCst);
    }
    // `struct sigevent` has a union where libc has the thread's number: function, attributes.
    #[repr(C)]
    struct Event {
        value: usize,
        signal: c_int,
        how: c_int,
        function: extern "C" fn(libc::sigval),
        attributes: usize,
        rest: [u64; 4],
    }
    let mut event =
        Event { value: 42, signal: 0, how: 2, function: called, attributes: 0, rest: [0; 4] };
    let mut timer: libc::timer_t = ptr::null_mut();
    unsafe {
        libc::timer_create(libc::CLOCK_MONOTONIC, (&raw mut event).cast(), &raw mut timer);
    }
    set_timer(timer, 0, span(100), span(0));
    while SEEN.load(Ordering::SeqCst) == 0 {
        nap(20);
    }
    say(&format!("{}", SEEN.load(Ordering::SeqCst)));
}

fn itimer() {
    handle(SIGALRM, 0);
    let part = libc::timeval { tv_sec: 0, tv_usec: 50_000 };
    let new = libc::itimerval { it_interval: part, it_value: part };
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const new, ptr::null_mut()) };
    while SEEN.load(Ordering::SeqCst) < 3 {
        unsafe { libc::pause() };
    }
    say("three");
}

fn alarm_replaced() {
    handle(SIGALRM, 0);
    let before = block(SIGALRM);
    unsafe { libc::alarm(100) };
    let left = unsafe { libc::alarm(1) };
    suspend(&before);
    say(&format!("{left} {}", unsafe { libc::alarm(0) }));
}

fn alarm_kills() {
    unsafe { libc::alarm(1) };
    loop {
        unsafe { libc::pause() };
    }
}

fn alarm_while_polling() {
    handle(SIGALRM, 0);
    unsafe { libc::alarm(1) };
    while SEEN.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    say("rang");
}

fn alarm_not_inherited() {
    handle(SIGALRM, 0);
    let before = block(SIGALRM);
    unsafe { libc::alarm(1) };
    child(|| {
        nap(1500);
        SEEN.load(Ordering::SeqCst)
    });
    suspend(&before);
    say(&format!("{}", SEEN.load(Ordering::SeqCst) + 10 * reap_all()));
}

fn alarm_survives_exec() {
    let pid = child(|| {
        unsafe { libc::alarm(1) };
        let arguments = [c"cat".as_ptr(), ptr::null()];
        let (_read, write) = pipe();
        unsafe { libc::dup2(_read, 0) };
        let _open = write;
        unsafe { libc::execv(c"/bin/cat".as_ptr(), arguments.as_ptr()) };
        1
    });
    say(&format!("{:x}", wait(pid, 0).1));
}

fn sigtimedwait_times_out() {
    block(SIGUSR1);
    let (set, time, begin) = (only(SIGUSR1), span(250), Instant::now());
    let got = unsafe { libc::sigtimedwait(&raw const set, ptr::null_mut(), &raw const time) };
    say(&format!("{got} {:?} {}", errno(), begin.elapsed() >= Duration::from_millis(250)));
}

fn sigtimedwait_other() {
    block(SIGUSR1);
    handle(SIGALRM, libc::SA_RESTART);
    unsafe { libc::alarm(1) };
    let (set, time) = (only(SIGUSR1), span(5000));
    let got = unsafe { libc::sigtimedwait(&raw const set, ptr::null_mut(), &raw const time) };
    say(&format!("{got} {:?}", errno()));
}

fn sleeps_until() {
    for clock in [libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC, libc::CLOCK_BOOTTIME] {
        let (mut then, mut now) = (span(0), span(0));
        unsafe { libc::clock_gettime(clock, &raw mut then) };
        then.tv_nsec += 400_000_000;
        then.tv_sec += then.tv_nsec / 1_000_000_000;
        then.tv_nsec %= 1_000_000_000;
        let absolute = libc::TIMER_ABSTIME;
        let got =
            unsafe { libc::clock_nanosleep(clock, absolute, &raw const then, ptr::null_mut()) };
        unsafe { libc::clock_gettime(clock, &raw mut now) };
        let after = (now.tv_sec, now.tv_nsec) >= (then.tv_sec, then.tv_nsec);
        say(&format!("{got} {after}"));
        // Long past: no wait at all.
        unsafe { libc::clock_nanosleep(clock, absolute, &raw const then, ptr::null_mut()) };
    }
}

fn sleep_interrupted() {
    handle(SIGALRM, 0);
    unsafe { libc::alarm(1) };
    let (time, mut left) = (span(3000), span(0));
    let got = unsafe { libc::nanosleep(&raw const time, &raw mut left) };
    say(&format!("{got} {:?} {}", errno(), (1..=2).contains(&left.tv_sec)));
}

fn ticks() {
    let mut spent: libc::tms = unsafe { mem::zeroed() };
    let before = unsafe { libc::times(&raw mut spent) };
    nap(500);
    let passed = unsafe { libc::times(&raw mut spent) } - before;
    say(&format!("{}", passed >= 49));
}

fn time_after_exec() {
    let own = std::env::current_exe().unwrap_or_default();
    let output = process::Command::new(own).arg("waits-for-time").output();
    say(&String::from_utf8_lossy(&output.map(|o| o.stdout).unwrap_or_default()));
}

fn signal_order() {
    // Real-time signals queue, and are delivered lowest first.
    static ORDER: Mutex<Vec<i32>> = Mutex::new(Vec::new());
    let first = libc::SIGRTMIN();
    let me = unsafe { libc::getpid() };
    for n in [2, 1, 1] {
        block(first + n);
        let value = libc::sigval { sival_ptr: ptr::null_mut() };
        unsafe { libc::sigqueue(me, first + n, value) };
    }
    for n in [1, 1, 2] {
        let signal = await_signal(first + n).si_signo;
        if let Ok(mut order) = ORDER.lock() {
            order.push(signal - first);
        }
    }
    say(&format!("{:?}", ORDER.lock().map(|order| order.clone()).ok()));
}

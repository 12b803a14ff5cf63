//! The dead must be buried.

use nix::unistd::Pid;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(i32),
    Killed(i32),
}

fn ended(status: i32) -> Ended {
    if libc::WIFSIGNALED(status) {
        Ended::Killed(libc::WTERMSIG(status))
    } else {
        Ended::Exited(libc::WEXITSTATUS(status))
    }
}

/// Repeats a call that a signal interrupted.
fn again(mut call: impl FnMut() -> i64) -> io::Result<i64> {
    loop {
        let result = call();
        if result >= 0 {
            return Ok(result);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINTR) {
            return Err(error);
        }
    }
}

pub fn reap_one(child: Pid) -> io::Result<Ended> {
    let mut status = 0;
    again(|| i64::from(unsafe { libc::waitpid(child.as_raw(), &mut status, 0) }))?;
    Ok(ended(status))
}

pub fn reap_all(children: &[Pid]) -> io::Result<Vec<(Pid, Ended)>> {
    // Last first: any order will do.
    let results: Vec<_> = children.iter().rev().map(|&c| (c, reap_one(c))).collect();
    results.into_iter().map(|(child, result)| result.map(|ended| (child, ended))).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remains {
    pub state: char,
    pub resident_pages: u64,
    pub kill_succeeded: bool,
    pub ended: Ended,
    pub peak_kib: i64,
}

pub fn remains(child: Pid) -> io::Result<Remains> {
    let pid = child.as_raw();
    let id = libc::id_t::try_from(pid).map_err(io::Error::other)?;
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let look = libc::WEXITED | libc::WNOWAIT;
    again(|| i64::from(unsafe { libc::waitid(libc::P_PID, id, &mut info, look) }))?;
    let status_file = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let state = status_file.lines().find_map(|line| line.strip_prefix("State:\t"));
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let killed = unsafe { libc::kill(pid, libc::SIGKILL) };
    let mut status = 0;
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    again(|| i64::from(unsafe { libc::wait4(pid, &mut status, 0, &mut usage) }))?;
    Ok(Remains {
        state: state.and_then(|s| s.chars().next()).unwrap_or('?'),
        resident_pages: statm.split_whitespace().nth(1).map_or(1, |n| n.parse().unwrap_or(1)),
        kill_succeeded: killed == 0,
        ended: ended(status),
        peak_kib: usage.ru_maxrss,
    })
}

pub type Job = Box<dyn Fn() -> i32>;

pub fn limited(k: usize, jobs: &[Job]) -> io::Result<Vec<Ended>> {
    let mut pids = vec![0; jobs.len()];
    let mut codes = vec![Ended::Exited(-1); jobs.len()];
    let mut alive = 0;
    let mut begun = 0;
    let mut failure = None;
    while alive > 0 || (begun < jobs.len() && failure.is_none()) {
        if alive < k && begun < jobs.len() && failure.is_none() {
            match unsafe { libc::fork() } {
                0 => {
                    let code = jobs[begun]();
                    unsafe { libc::_exit(code) };
                }
                -1 => failure = Some(io::Error::last_os_error()),
                pid => {
                    pids[begun] = pid;
                    begun += 1;
                    alive += 1;
                }
            }
            continue;
        }
        let mut status = 0;
        let pid = again(|| i64::from(unsafe { libc::wait(&mut status) }))?;
        alive -= 1;
        for i in 0..begun {
            if i64::from(pids[i]) == pid {
                codes[i] = ended(status);
            }
        }
    }
    failure.map_or(Ok(codes), Err)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Died(Pid, Ended),
    Stop,
}

pub struct Reaper {
    ears: i32,
    mouth: i32,
    stopping: bool,
}

static MOUTH: AtomicI32 = AtomicI32::new(-1);
static TERM: AtomicBool = AtomicBool::new(false);

extern "C" fn heard(signal: libc::c_int) {
    unsafe {
        let errno = *libc::__errno_location();
        if signal == libc::SIGTERM {
            TERM.store(true, Ordering::SeqCst);
        }
        libc::write(MOUTH.load(Ordering::SeqCst), c"x".as_ptr().cast(), 1);
        *libc::__errno_location() = errno;
    }
}

impl Reaper {
    pub fn new() -> io::Result<Self> {
        let mut ends = [0; 2];
        again(|| i64::from(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }))?;
        // The handler must never sleep, however many signals come before they are read.
        again(|| i64::from(unsafe { libc::fcntl(ends[1], libc::F_SETFL, libc::O_NONBLOCK) }))?;
        MOUTH.store(ends[1], Ordering::SeqCst);
        for signal in [libc::SIGCHLD, libc::SIGTERM] {
            let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
            action.sa_sigaction = heard as extern "C" fn(libc::c_int) as usize;
            action.sa_flags = libc::SA_RESTART | libc::SA_NOCLDSTOP;
            let old = std::ptr::null_mut();
            again(|| i64::from(unsafe { libc::sigaction(signal, &action, old) }))?;
        }
        Ok(Self { ears: ends[0], mouth: ends[1], stopping: false })
    }

    #[expect(clippy::should_implement_trait, reason = "the contract's name")]
    pub fn next(&mut self) -> io::Result<News> {
        loop {
            // The flag first: who had ended before SIGTERM is then found below.
            self.stopping |= TERM.swap(false, Ordering::SeqCst);
            let mut status = 0;
            let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) };
            if pid > 0 {
                return Ok(News::Died(Pid::from_raw(pid), ended(status)));
            }
            if self.stopping {
                self.stopping = false;
                return Ok(News::Stop);
            }
            let mut byte = 0_u8;
            again(|| unsafe { libc::read(self.ears, (&raw mut byte).cast(), 1) as i64 })?;
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        MOUTH.store(-1, Ordering::SeqCst);
        unsafe { libc::close(self.mouth) };
        unsafe { libc::close(self.ears) };
    }
}

pub fn daemonise(f: impl FnOnce() -> i32) -> io::Result<()> {
    // The errno of a failed second fork comes through a pipe that closes by itself.
    let mut ends = [0; 2];
    again(|| i64::from(unsafe { libc::pipe(ends.as_mut_ptr()) }))?;
    let between = unsafe { libc::fork() };
    if between == -1 {
        let error = io::Error::last_os_error();
        unsafe { libc::close(ends[0]) };
        unsafe { libc::close(ends[1]) };
        return Err(error);
    }
    if between == 0 {
        unsafe { libc::close(ends[0]) };
        unsafe { libc::setsid() };
        let daemon = unsafe { libc::fork() };
        if daemon == 0 {
            unsafe { libc::close(ends[1]) };
            let code = f();
            unsafe { libc::_exit(code) };
        }
        if daemon == -1 {
            let errno = io::Error::last_os_error().raw_os_error().unwrap_or(0).to_ne_bytes();
            unsafe { libc::write(ends[1], errno.as_ptr().cast(), 4) };
        }
        unsafe { libc::_exit(0) };
    }
    unsafe { libc::close(ends[1]) };
    let mut errno = [0_u8; 4];
    let got = again(|| unsafe { libc::read(ends[0], errno.as_mut_ptr().cast(), 4) as i64 });
    unsafe { libc::close(ends[0]) };
    reap_one(Pid::from_raw(between))?;
    if got? == 4 {
        return Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)));
    }
    Ok(())
}

pub fn new_parent() -> io::Result<Pid> {
    // One socket pair does for both directions.
    let mut ends = [0; 2];
    let (domain, kind) = (libc::AF_UNIX, libc::SOCK_STREAM);
    again(|| i64::from(unsafe { libc::socketpair(domain, kind, 0, ends.as_mut_ptr()) }))?;
    let [mine, theirs] = ends;
    let child = unsafe { libc::fork() };
    if child == 0 {
        unsafe { libc::close(mine) };
        if unsafe { libc::fork() } == 0 {
            let mut pid = 0;
            unsafe { libc::read(theirs, (&raw mut pid).cast(), 1) };
            pid = unsafe { libc::getppid() };
            unsafe { libc::write(theirs, (&raw const pid).cast(), 4) };
        }
        unsafe { libc::_exit(0) };
    }
    let failed = io::Error::last_os_error();
    unsafe { libc::close(theirs) };
    if child == -1 {
        unsafe { libc::close(mine) };
        return Err(failed);
    }
    let reaped = reap_one(Pid::from_raw(child));
    let mut pid = 0_i32;
    let flags = libc::MSG_NOSIGNAL;
    unsafe { libc::send(mine, c"x".as_ptr().cast(), 1, flags) };
    let got = again(|| unsafe { libc::read(mine, (&raw mut pid).cast(), 4) as i64 });
    unsafe { libc::close(mine) };
    reaped?;
    match got? {
        4 => Ok(Pid::from_raw(pid)),
        _ => Err(io::Error::other("no answer")),
    }
}

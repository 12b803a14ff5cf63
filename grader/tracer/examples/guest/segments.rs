//! Shared memory of System V, and what the kernel says of it.

use crate::kernel::*;
use libc::{IPC_PRIVATE, IPC_RMID, IPC_STAT};
use std::sync::atomic::AtomicU32;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("attaches-twice", attaches_twice),
    ("attaches-for-reading", attaches_for_reading),
    ("detaches", detaches),
    ("detaches-one-of-two", detaches_one_of_two),
    ("removes-what-is-attached", removes_attached),
    ("removes-what-nobody-has", removes_unused),
    ("executes-with-a-segment", executes),
    ("segment-in-calls", in_calls),
    ("looks-until-all-have-detached", looks),
    ("attaches-over-what-is-attached", attaches_over),
    ("segment-too-large-to-follow", too_large),
    ("enters-by-a-swap", enters_by_swap),
    ("enters-when-it-looks-free", enters_when_free),
];

fn make() -> i32 {
    unsafe { libc::shmget(IPC_PRIVATE, 8192, 0o600) }
}

fn attach(id: i32, flags: c_int) -> *mut u32 {
    unsafe { libc::shmat(id, ptr::null(), flags).cast() }
}

fn detach(at: *mut u32) -> i32 {
    unsafe { libc::shmdt(at.cast()) }
}

fn remove(id: i32) -> i32 {
    unsafe { libc::shmctl(id, IPC_RMID, ptr::null_mut()) }
}

/// How many have it, and whether the caller was the last to attach or detach it.
fn attached(id: i32) -> Option<(u64, bool)> {
    let mut told: libc::shmid_ds = unsafe { mem::zeroed() };
    let result = unsafe { libc::shmctl(id, IPC_STAT, &raw mut told) };
    (result == 0).then_some((told.shm_nattch, told.shm_lpid == unsafe { libc::getpid() }))
}

fn attaches_twice() {
    let id = make();
    let (one, other) = (attach(id, 0), attach(id, 0));
    say(&format!("{} {:?}", one == other, attached(id)));
    let add = |at: *mut u32, n| unsafe { AtomicU32::from_ptr(at) }.fetch_add(n, Ordering::SeqCst);
    for n in 1..3 {
        child(|| {
            add(other, n);
            add(one, 10 * n);
            0
        });
    }
    add(one, 100);
    reap_all();
    say(&format!("{} {:?} {}", add(other, 0), attached(id), remove(id)));
}

fn attaches_for_reading() {
    let id = make();
    let at = attach(id, 0);
    unsafe { *at = 7 };
    let reader = child(|| unsafe {
        let own = attach(id, libc::SHM_RDONLY);
        at.add(1).write_volatile(2);
        let sum = own.read_volatile() + own.add(1).read_volatile();
        i32::try_from(sum).unwrap_or(0)
    });
    let writer = child(|| unsafe {
        attach(id, libc::SHM_RDONLY).write_volatile(1);
        0
    });
    say(&format!("{} {} {}", wait(reader, 0).1 >> 8, wait(writer, 0).1, unsafe { *at }));
    remove(id);
}

fn detaches() {
    let id = make();
    let at = attach(id, 0);
    let user = child(|| unsafe {
        at.write_volatile(1);
        at.write_volatile(u32::from(detach(at) == 0));
        0
    });
    let careless = child(|| i32::from(detach(at) == 0 && detach(at) == -1));
    say(&format!("{} {}", wait(user, 0).1, wait(careless, 0).1 >> 8));
    say(&format!("{} {:?}", unsafe { *at }, attached(id).map(|(all, _)| all)));
    remove(id);
}

fn detaches_one_of_two() {
    let id = make();
    let (one, other) = (attach(id, 0), attach(id, 0));
    for n in 0..2 {
        child(|| unsafe {
            AtomicU32::from_ptr(one).fetch_add(1, Ordering::SeqCst);
            detach(if n == 0 { one } else { other });
            let left = if n == 0 { other } else { one };
            AtomicU32::from_ptr(left).fetch_add(1, Ordering::SeqCst);
            0
        });
    }
    let reaped = reap_all();
    say(&format!("{reaped} {} {:?}", unsafe { *one }, attached(id).map(|(all, _)| all)));
    remove(id);
}

fn removes_attached() {
    let id = make();
    let at = attach(id, 0);
    say(&format!("{} {:?}", remove(id), attached(id)));
    let user = child(|| unsafe {
        let again = attach(id, 0);
        AtomicU32::from_ptr(again).fetch_add(3, Ordering::SeqCst);
        i32::from(again == at)
    });
    unsafe { AtomicU32::from_ptr(at) }.fetch_add(4, Ordering::SeqCst);
    say(&format!("{} {}", wait(user, 0).1, unsafe { *at }));
    say(&format!("{} {:?}", detach(at), attached(id)));
    say(&format!("{} {:?}", attach(id, 0) as isize, errno()));
    say(&format!("{} {:?}", remove(id), errno()));
}

fn removes_unused() {
    let id = make();
    let at = attach(id, 0);
    detach(at);
    say(&format!("{:?} {} {:?} {:?}", attached(id), remove(id), attached(id), errno()));
}

/// A program that is executed has no segment.
fn executes() {
    let id = make();
    let at = attach(id, 0);
    let (read, to) = pipe();
    let (from, write) = pipe();
    let cat = child(|| unsafe {
        AtomicU32::from_ptr(at).fetch_add(1, Ordering::SeqCst);
        libc::dup2(read, 0);
        libc::dup2(write, 1);
        [read, to, from, write].into_iter().for_each(close);
        let arguments = [c"cat".as_ptr(), ptr::null()];
        libc::execv(c"/bin/cat".as_ptr(), arguments.as_ptr())
    });
    [read, write].into_iter().for_each(close);
    put(to, "x");
    let said = get(from);
    unsafe { AtomicU32::from_ptr(at) }.fetch_add(1, Ordering::SeqCst);
    say(&format!("{said} {:?} {}", attached(id).map(|(all, _)| all), unsafe { *at }));
    close(to);
    say(&format!("{}", wait(cat, 0).1));
    remove(id);
}

/// The kernel reads and writes there, and tells there what it knows of the segment itself.
fn in_calls() {
    let id = make();
    let at = attach(id, 0);
    let (hold, held) = pipe();
    child(|| {
        close(held);
        i32::from(!get(hold).is_empty())
    });
    let (read, write) = pipe();
    unsafe {
        at.cast::<u8>().copy_from(c"hello".as_ptr().cast(), 5);
        let wrote = libc::write(write, at.cast(), 5);
        let got = libc::read(read, at.add(16).cast(), 5);
        let told = at.add(64).cast::<libc::shmid_ds>();
        let asked = libc::shmctl(id, IPC_STAT, told);
        let nattch = (*told).shm_nattch;
        say(&format!("{wrote} {got} {} {asked} {nattch}", *at.add(16) == *at));
    }
    close(held);
    say(&format!("{}", reap_all()));
    remove(id);
}

/// Waits for others by asking how many have it.
fn looks() {
    let id = make();
    let at = attach(id, 0);
    for n in 1..3 {
        child(|| {
            unsafe { AtomicU32::from_ptr(at) }.fetch_add(n, Ordering::SeqCst);
            detach(at)
        });
    }
    while attached(id).is_some_and(|(all, _)| all > 1) {}
    say(&format!("{}", unsafe { *at }));
    reap_all();
    remove(id);
}

/// One segment takes the place of another.
fn attaches_over() {
    let (first, second) = (make(), make());
    let at = attach(first, 0);
    unsafe { *at = 1 };
    for n in 1..3 {
        child(|| unsafe {
            libc::shmat(second, at.cast(), libc::SHM_REMAP);
            AtomicU32::from_ptr(at).fetch_add(10 * n, Ordering::SeqCst);
            0
        });
    }
    let reaped = reap_all();
    let other = attach(second, 0);
    say(&format!("{reaped} {} {}", unsafe { *at }, unsafe { *other }));
    remove(first);
    remove(second);
}

fn too_large() {
    let id = unsafe { libc::shmget(IPC_PRIVATE, 257 << 20, 0o600) };
    let at = attach(id, 0);
    child(|| {
        unsafe { AtomicU32::from_ptr(at) }.fetch_add(1, Ordering::SeqCst);
        0
    });
    reap_all();
    say(&format!("{} {:?}", unsafe { *at }, attached(id).map(|(all, _)| all)));
    remove(id);
}

fn enters_by_swap() {
    enters(|taken| taken.swap(1, Ordering::Acquire) == 0);
}

/// Looks and takes in two steps.
fn enters_when_free() {
    enters(|taken| {
        let free = taken.load(Ordering::Acquire) == 0;
        if free {
            taken.store(1, Ordering::Release);
        }
        free
    });
}

/// Two processes enter a section, each twice, and say so, once they have taken the lock in a segment.
fn enters(takes: impl Fn(&AtomicU32) -> bool) {
    let id = make();
    let taken = unsafe { AtomicU32::from_ptr(attach(id, 0)) };
    unsafe { libc::shmctl(id, IPC_RMID, ptr::null_mut()) };
    let work = || {
        for _ in 0..2 {
            while !takes(taken) {}
            say("in");
            say("out");
            taken.store(0, Ordering::Release);
        }
        0
    };
    child(work);
    work();
    reap_all();
}

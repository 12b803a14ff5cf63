//! Memory that processes share: how it comes and goes, and what the kernel does there.

use crate::kernel::*;
use std::arch::asm;
use std::sync::atomic::AtomicU32;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("shared-memory-in-calls", in_calls),
    ("shared-memory-moves", moves),
    ("uses-what-is-unmapped", uses_unmapped),
    ("reuses-what-is-unmapped", reuses_unmapped),
    ("writes-where-it-may-read", writes_read_only),
    ("counts-in-turn", counts_in_turn),
    ("threads-count-in-turn", threads_count_in_turn),
    ("threads-add-right-behind-a-call", threads_add_behind_call),
    ("reads-between-accesses", reads_between_accesses),
    ("dies-with-a-robust-mutex", dies_with_robust_mutex),
    ("shares-a-file-after-exec", shares_file),
    ("maps-a-file-over-itself", maps_over_itself),
    ("maps-more-when-it-is-alone", maps_more_alone),
    ("shares-too-much-to-be-followed", shares_too_much),
    ("shares-a-device", shares_device),
];

/// Runs `work` while a child is there who has the memory too.
pub(crate) fn beside_a_child(work: impl FnOnce(*mut u8)) {
    let memory = shared().cast::<u8>();
    let (read, write) = pipe();
    child(|| {
        close(write);
        i32::from(!get(read).is_empty())
    });
    close(read);
    work(memory);
    close(write);
    say(&format!("reaped {}", reap_all()));
}

/// The kernel reads and writes there on the program's behalf.
fn in_calls() {
    beside_a_child(|memory| {
        let (read, write) = pipe();
        unsafe {
            memory.copy_from(c"hello".as_ptr().cast(), 5);
            let wrote = libc::write(write, memory.cast(), 5);
            let got = libc::read(read, memory.add(64).cast(), 5);
            let place = libc::iovec { iov_base: memory.add(128).cast(), iov_len: 3 };
            let again = libc::write(write, memory.cast(), 3);
            let vector = libc::readv(read, &raw const place, 1);
            let mut stat = memory.add(256).cast::<libc::timespec>();
            let clock = libc::clock_getres(libc::CLOCK_MONOTONIC, stat);
            stat = memory.add(512).cast();
            let seconds = (*stat).tv_sec;
            let text = std::slice::from_raw_parts(memory.add(64), 5);
            let text = String::from_utf8_lossy(text);
            say(&format!("{wrote} {got} {text} {again} {vector} {clock} {seconds}"));
        }
    });
}

fn moves() {
    beside_a_child(|memory| unsafe {
        *memory = 7;
        let to = libc::mremap(memory.cast(), 4096, 8192, libc::MREMAP_MAYMOVE).cast::<u8>();
        say(&format!("{} {}", to.is_null(), *to));
    });
}

fn uses_unmapped() {
    beside_a_child(|memory| {
        let dead = child(|| unsafe {
            *memory = 1;
            libc::munmap(memory.cast(), 4096);
            i32::from(memory.read_volatile())
        });
        say(&format!("{}", wait(dead, 0).1));
    });
}

/// Private memory comes to stand where shared memory stood, and stays when the pages of other shared
/// memory are given back and taken away.
fn reuses_unmapped() {
    beside_a_child(|memory| {
        let other = shared().cast::<u8>();
        let user = child(|| unsafe {
            memory.write_volatile(1);
            other.write_volatile(2);
            libc::munmap(memory.cast(), 4096);
            let own = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
            let access = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(memory.cast(), 4096, access, own, -1, 0);
            memory.write_volatile(7);
            let (read, write) = pipe();
            libc::write(write, other.cast(), 1);
            libc::read(read, other.add(1).cast(), 1);
            let copied = other.add(1).read_volatile();
            i32::from(memory.read_volatile() * 10 + copied)
        });
        say(&format!("{} {}", wait(user, 0).1 >> 8, unsafe { memory.read_volatile() }));
    });
}

fn writes_read_only() {
    beside_a_child(|memory| {
        let dead = child(|| unsafe {
            let all = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
            let there =
                libc::mmap(memory.cast(), 4096, libc::PROT_READ, all | libc::MAP_FIXED, -1, 0);
            let there = there.cast::<u8>();
            there.write_volatile(there.read_volatile() + 1);
            0
        });
        say(&format!("{}", wait(dead, 0).1));
    });
}

/// Two processes take turns at a counter that both of them write.
fn counts_in_turn() {
    let turn = unsafe { AtomicU32::from_ptr(shared()) };
    let counter = unsafe { shared().add(8) };
    let count = |mine: u32| {
        for _ in 0..10 {
            while turn.load(Ordering::Acquire) % 2 != mine {
                std::hint::spin_loop();
            }
            unsafe { *counter += 1 };
            turn.fetch_add(1, Ordering::Release);
        }
        0
    };
    for mine in 0..2 {
        child(|| count(mine));
    }
    reap_all();
    say(&format!("{}", unsafe { *counter }));
}

/// Two threads take turns, by a word that another process has too, at a counter that only they have.
fn threads_count_in_turn() {
    beside_a_child(|memory| {
        let turn = unsafe { AtomicU32::from_ptr(memory.cast()) };
        let counter = std::cell::UnsafeCell::new(0_u64);
        let place = counter.get() as usize;
        std::thread::scope(|scope| {
            for mine in 0..2 {
                scope.spawn(move || {
                    for _ in 0..10 {
                        while turn.load(Ordering::Acquire) % 2 != mine {
                            std::hint::spin_loop();
                        }
                        let counter = place as *mut u64;
                        unsafe { counter.write_volatile(counter.read_volatile() + 1) };
                        turn.fetch_add(1, Ordering::Release);
                    }
                });
            }
        });
        say(&format!("{}", counter.into_inner()));
    });
}

/// Two threads add to shared memory by the instruction behind the call that lets them in: one may stand
/// there while the other is still inside of the call, which returns to the same place.
fn threads_add_behind_call() {
    /// Waits for its turn and adds.
    #[inline(never)]
    unsafe fn add(turn: *mut libc::sem_t, counter: *mut u32) {
        unsafe {
            asm!(
                "call {wait}",
                // What the processor has to do itself.
                "movd xmm0, dword ptr [r12]",
                "mov eax, 1",
                "movd xmm1, eax",
                "paddd xmm0, xmm1",
                "movd dword ptr [r12], xmm0",
                wait = in(reg) libc::sem_wait as *const () as usize,
                in("rdi") turn,
                in("r12") counter,
                clobber_abi("C"),
            );
        }
    }
    beside_a_child(|memory| {
        let mut turn = unsafe { mem::zeroed::<libc::sem_t>() };
        unsafe { libc::sem_init(&raw mut turn, 0, 1) };
        let (counter, place) = (memory as usize, &raw mut turn as usize);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(move || {
                    for _ in 0..3 {
                        let turn = place as *mut libc::sem_t;
                        unsafe {
                            add(turn, counter as *mut u32);
                            libc::sem_post(turn);
                        }
                    }
                });
            }
        });
        say(&format!("{}", unsafe { memory.cast::<u32>().read_volatile() }));
    });
}

/// The kernel, and a handler, write to memory of the process's own between its accesses.
fn reads_between_accesses() {
    static HANDLED: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handler(_: i32) {
        HANDLED.fetch_add(1, Ordering::Relaxed);
    }
    unsafe { libc::signal(libc::SIGUSR1, handler as *const () as usize) };
    beside_a_child(|memory| {
        let word = unsafe { AtomicU32::from_ptr(memory.cast()) };
        let (read, write) = pipe();
        let (mut byte, mut sum) = (0_u8, 0);
        let place = &raw mut byte;
        for n in 1..=10_u8 {
            unsafe {
                libc::write(write, (&raw const n).cast(), 1);
                word.fetch_add(1, Ordering::Relaxed);
                sum += u32::from(place.read_volatile());
                libc::read(read, place.cast(), 1);
                word.fetch_add(1, Ordering::Relaxed);
                sum += u32::from(place.read_volatile());
                libc::raise(libc::SIGUSR1);
            }
            word.fetch_add(HANDLED.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        say(&format!("{sum} {}", word.load(Ordering::Relaxed)));
    });
}

/// The kernel hands the mutex of who is killed to the next one.
fn dies_with_robust_mutex() {
    let mutex = shared().cast::<libc::pthread_mutex_t>();
    unsafe {
        let mut kind = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut kind);
        libc::pthread_mutexattr_setpshared(&raw mut kind, libc::PTHREAD_PROCESS_SHARED);
        libc::pthread_mutexattr_setrobust(&raw mut kind, libc::PTHREAD_MUTEX_ROBUST);
        libc::pthread_mutex_init(mutex, &raw const kind);
    }
    let (read, write) = pipe();
    let holder = child(|| unsafe {
        libc::pthread_mutex_lock(mutex);
        put(write, "x");
        libc::pause()
    });
    close(write);
    get(read);
    let taken = unsafe { libc::pthread_mutex_trylock(mutex) };
    unsafe { libc::kill(holder, libc::SIGKILL) };
    let ended = wait(holder, 0).1;
    let locked = unsafe { libc::pthread_mutex_lock(mutex) };
    say(&format!("{} {ended} {}", taken == libc::EBUSY, locked == libc::EOWNERDEAD));
}

/// A file that each of two processes maps for itself.
fn shares_file() {
    let path = path("mapped");
    let fd = file(&path);
    let map = |fd: c_int| unsafe {
        libc::ftruncate(fd, 4096);
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let at = libc::mmap(ptr::null_mut(), 4096, access, libc::MAP_SHARED, fd, 0);
        AtomicU32::from_ptr(at.cast())
    };
    child(|| {
        let word = map(open(&path, libc::O_RDWR));
        word.fetch_add(5, Ordering::SeqCst);
        0
    });
    let word = map(fd);
    word.fetch_add(7, Ordering::SeqCst);
    let reaped = reap_all();
    say(&format!("{} {reaped}", word.load(Ordering::SeqCst)));
    unsafe { libc::unlink(path.as_ptr()) };
}

/// A file is mapped over a part of its own mapping, and then moved over another, from another place
/// in the file each time.
fn maps_over_itself() {
    const PAGE: usize = 4096;
    let path = path("over");
    let fd = file(&path);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let map = |at: *mut u8, pages, how, from: i64| unsafe {
        libc::mmap(at.cast(), pages * PAGE, access, libc::MAP_SHARED | how, fd, from * 4096)
            .cast::<u8>()
    };
    unsafe { libc::ftruncate(fd, 4 * 4096) };
    let all = map(ptr::null_mut(), 4, 0, 0);
    let again = map(ptr::null_mut(), 1, 0, 2);
    for page in 0..4 {
        unsafe { all.add(page * PAGE).write_volatile(b"abcd"[page]) };
    }
    beside_a_child(|_| unsafe {
        let first = |pages: std::ops::Range<usize>| -> String {
            pages.map(|page| char::from(all.add(page * PAGE).read_volatile())).collect()
        };
        let mut said = first(0..4);
        map(all.add(PAGE), 1, libc::MAP_FIXED, 3);
        said = format!("{said} {}", first(0..4));
        all.add(PAGE).write_volatile(b'x');
        said = format!("{said} {}", first(0..4));
        let how = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        libc::mremap(again.cast(), PAGE, PAGE, how, all.cast::<c_void>());
        all.write_volatile(b'y');
        say(&format!("{said} {}", first(0..4)));
        let mut bytes = [0; 4 * PAGE];
        libc::pread(fd, bytes.as_mut_ptr().cast(), bytes.len(), 0);
        let firsts = [0, 1, 2, 3].map(|page| bytes[page * PAGE]);
        say(&String::from_utf8_lossy(&firsts));
    });
    unsafe { libc::unlink(path.as_ptr()) };
}

/// Who has shared memory with somebody gets more of it when nobody else is left.
fn maps_more_alone() {
    let first = shared();
    child(|| {
        unsafe { AtomicU32::from_ptr(first) }.fetch_add(1, Ordering::SeqCst);
        0
    });
    unsafe { AtomicU32::from_ptr(first) }.fetch_add(1, Ordering::SeqCst);
    reap_all();
    let more = shared();
    unsafe { *more = *first + 1 };
    say(&format!("{} {}", unsafe { *first }, unsafe { *more }));
}

/// One tells the other in memory that nobody follows.
fn tells_in(memory: *mut u32) {
    let flag = unsafe { AtomicU32::from_ptr(memory) };
    child(|| {
        unsafe { memory.add(1).write_volatile(7) };
        flag.store(1, Ordering::Release);
        0
    });
    while flag.load(Ordering::Acquire) == 0 {
        std::hint::spin_loop();
    }
    say(&format!("{} {}", unsafe { memory.add(1).read_volatile() }, reap_all()));
}

fn shares_too_much() {
    let (access, all) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
    let how = all | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    tells_in(unsafe { libc::mmap(ptr::null_mut(), 300 << 20, access, how, -1, 0).cast() });
}

fn shares_device() {
    let zero = open(&c"/dev/zero".to_owned(), libc::O_RDWR);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let at = unsafe { libc::mmap(ptr::null_mut(), 4096, access, libc::MAP_SHARED, zero, 0) };
    tells_in(at.cast());
}

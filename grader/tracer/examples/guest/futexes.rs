//! Futexes, and the locks that are built on them, between threads and between processes.

use crate::kernel::*;
use std::arch::asm;
use std::sync::atomic::AtomicU32;
use std::sync::{Barrier, RwLock};

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("barrier", barrier),
    ("rwlock", rwlock),
    ("shared-mutex", shared_mutex),
    ("shared-condvar", shared_condvar),
    ("shared-condvar-and-a-handler", shared_condvar_and_handler),
    ("locks-after-an-access", locks_after_access),
    ("shared-semaphore", shared_semaphore),
    ("semaphore-open", semaphore_open),
    ("semaphore-timed", semaphore_timed),
    ("mapped-elsewhere", mapped_elsewhere),
    ("robust-mutex", robust_mutex),
    ("robust-thread", robust_thread),
    ("pi-mutex", pi_mutex),
    ("looks-into-its-mutex", looks_into_its_mutex),
    ("increments", increments),
    ("futex-bits", futex_bits),
    ("futex-requeues", futex_requeues),
    ("futex-wake-op", futex_wake_op),
    ("futex-changed", futex_changed),
    ("futex-times-out", futex_times_out),
    ("futex-interrupted", futex_interrupted),
    ("joins-in-any-order", joins_in_any_order),
    ("mutex-between-threads", mutex_between_threads),
    ("forgets-to-wake", forgets_to_wake),
    ("frees-and-ends", frees_and_ends),
    ("sleeps-in-turn", sleeps_in_turn),
];

/// Two processes take turns, and each sleeps until it is its own.
fn sleeps_in_turn() {
    let word = shared();
    let turn = unsafe { std::sync::atomic::AtomicU32::from_ptr(word) };
    let take = |mine: u32| {
        for _ in 0..12 {
            loop {
                let now = turn.load(Ordering::SeqCst);
                if now % 2 == mine {
                    break;
                }
                futex(word, WAIT, now, ptr::null());
            }
            turn.fetch_add(1, Ordering::SeqCst);
            futex(word, WAKE, 1, ptr::null());
        }
        0
    };
    child(|| take(1));
    take(0);
    let reaped = reap_all();
    say(&format!("{} {reaped}", turn.load(Ordering::SeqCst)));
}

const WAIT: c_int = libc::FUTEX_WAIT;
const WAKE: c_int = libc::FUTEX_WAKE;

fn futex(word: *mut u32, operation: c_int, value: u32, time: *const libc::timespec) -> i64 {
    let none = ptr::null_mut::<u32>();
    unsafe { libc::syscall(libc::SYS_futex, word, operation, value, time, none, 0) }
}

fn atomic(word: *mut u32) -> &'static AtomicU32 {
    unsafe { AtomicU32::from_ptr(word) }
}

fn barrier() {
    let barrier = Arc::new(Barrier::new(3));
    let leaders: usize = (0..3)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || usize::from(barrier.wait().is_leader()))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap_or(9))
        .sum();
    say(&format!("{leaders}"));
}

fn rwlock() {
    let lock = Arc::new(RwLock::new(0));
    let threads: Vec<_> = (0..3)
        .map(|n| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                if n == 0 {
                    return lock.read().map_or(-1, |seen| i32::from(*seen > 2));
                }
                lock.write().map_or(-1, |mut value| {
                    *value += 1;
                    0
                })
            })
        })
        .collect();
    let sum: i32 = threads.into_iter().map(|thread| thread.join().unwrap_or(-9)).sum();
    say(&format!("{sum} {:?}", lock.read().map(|value| *value).ok()));
}

/// A mutex in memory that children share.
fn new_mutex(robust: bool, inherits: bool) -> *mut libc::pthread_mutex_t {
    let mutex: *mut libc::pthread_mutex_t = shared().cast();
    unsafe {
        let mut kind: libc::pthread_mutexattr_t = mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut kind);
        libc::pthread_mutexattr_setpshared(&raw mut kind, libc::PTHREAD_PROCESS_SHARED);
        if robust {
            libc::pthread_mutexattr_setrobust(&raw mut kind, libc::PTHREAD_MUTEX_ROBUST);
        }
        if inherits {
            libc::pthread_mutexattr_setprotocol(&raw mut kind, libc::PTHREAD_PRIO_INHERIT);
        }
        libc::pthread_mutex_init(mutex, &raw const kind);
    }
    mutex
}

/// Three children add to a number, each twice, naps inside the lock.
fn counts_with(mutex: *mut libc::pthread_mutex_t) {
    let counter = shared();
    for _ in 0..3 {
        child(|| {
            for _ in 0..2 {
                unsafe { libc::pthread_mutex_lock(mutex) };
                let seen = unsafe { counter.read_volatile() };
                nap(1);
                unsafe { counter.write_volatile(seen + 1) };
                unsafe { libc::pthread_mutex_unlock(mutex) };
            }
            0
        });
    }
    reap_all();
    say(&format!("{}", unsafe { counter.read_volatile() }));
}

fn shared_mutex() {
    counts_with(new_mutex(false, false));
}

/// What stands in a mutex after each call, while another process has it too.
fn looks_into_its_mutex() {
    let mutex = new_mutex(false, false);
    let (read, write) = pipe();
    child(|| {
        close(write);
        i32::from(!get(read).is_empty())
    });
    close(read);
    let words = |when: &str| {
        let own = std::process::id();
        let word = |n| unsafe { mutex.cast::<u32>().add(n).read_volatile() };
        let words = (0..10).map(word).map(|word| if word == own { -1 } else { i64::from(word) });
        say(&format!("{when}: {:?}", words.collect::<Vec<_>>()));
    };
    words("new");
    for _ in 0..2 {
        say(&format!("{}", unsafe { libc::pthread_mutex_lock(mutex) }));
        words("locked");
        say(&format!("{}", unsafe { libc::pthread_mutex_trylock(mutex) }));
        say(&format!("{}", unsafe { libc::pthread_mutex_unlock(mutex) }));
        words("unlocked");
    }
    // Nobody holds it.
    unsafe { libc::pthread_mutex_unlock(mutex) };
    words("unlocked once more");
    close(write);
    reap_all();
}

/// Two processes count to a number: `increments <how> <times>`, in memory that they share or, when
/// `private`, each in its own.
fn increments() {
    let argument = |n| std::env::args().nth(n).unwrap_or_default();
    let times: u32 = argument(3).parse().unwrap_or(1);
    let mutex = new_mutex(false, false);
    let mut own = Box::new(0_u32);
    let counter = if argument(2) == "private" { &raw mut *own } else { shared() };
    let atomic = unsafe { AtomicU32::from_ptr(counter) };
    let how = argument(2);
    for _ in 0..2 {
        child(|| {
            for _ in 0..times {
                match how.as_str() {
                    "locked" => {
                        atomic.fetch_add(1, Ordering::SeqCst);
                    }
                    "mutex" => unsafe {
                        libc::pthread_mutex_lock(mutex);
                        counter.write_volatile(counter.read_volatile() + 1);
                        libc::pthread_mutex_unlock(mutex);
                    },
                    _ => unsafe { asm!("add dword ptr [{}], 1", in(reg) counter) },
                }
            }
            0
        });
    }
    reap_all();
    say("done");
}

fn pi_mutex() {
    counts_with(new_mutex(false, true));
}

fn shared_condvar() {
    let (mutex, ready) = (new_mutex(false, false), shared());
    let condition: *mut libc::pthread_cond_t = shared().cast();
    unsafe {
        let mut kind: libc::pthread_condattr_t = mem::zeroed();
        libc::pthread_condattr_init(&raw mut kind);
        libc::pthread_condattr_setpshared(&raw mut kind, libc::PTHREAD_PROCESS_SHARED);
        libc::pthread_cond_init(condition, &raw const kind);
    }
    for _ in 0..2 {
        child(|| unsafe {
            libc::pthread_mutex_lock(mutex);
            while ready.read_volatile() == 0 {
                libc::pthread_cond_wait(condition, mutex);
            }
            libc::pthread_mutex_unlock(mutex);
            1
        });
    }
    nap(10);
    unsafe {
        libc::pthread_mutex_lock(mutex);
        ready.write_volatile(1);
        libc::pthread_cond_broadcast(condition);
        libc::pthread_mutex_unlock(mutex);
    }
    say(&format!("{}", reap_all()));
}

/// The first process holds and waits with a handler, so that a signal may strike it there.
fn shared_condvar_and_handler() {
    handle(SIGALRM, 0);
    let (mutex, turn) = (new_mutex(false, false), shared());
    let condition: *mut libc::pthread_cond_t = shared().cast();
    unsafe {
        let mut kind: libc::pthread_condattr_t = mem::zeroed();
        libc::pthread_condattr_init(&raw mut kind);
        libc::pthread_condattr_setpshared(&raw mut kind, libc::PTHREAD_PROCESS_SHARED);
        libc::pthread_cond_init(condition, &raw const kind);
    }
    let takes_turns = |mine: u32| unsafe {
        for _ in 0..2 {
            libc::pthread_mutex_lock(mutex);
            while turn.read_volatile() % 2 != mine {
                libc::pthread_cond_wait(condition, mutex);
            }
            *turn += 1;
            libc::pthread_cond_signal(condition);
            libc::pthread_mutex_unlock(mutex);
        }
        0
    };
    let other = child(|| takes_turns(0));
    takes_turns(1);
    // A wait may be struck, too, and is made again.
    while wait(other, 0).0 != other {}
    say(&format!("{}", unsafe { *turn }));
}

/// Between an access and the call of a mutex's function there is only computation.
fn locks_after_access() {
    let (mutex, words) = (new_mutex(false, false), shared());
    let count = || unsafe {
        for _ in 0..3 {
            words.read_volatile();
            libc::pthread_mutex_lock(mutex);
            *words.add(1) += 1;
            libc::pthread_mutex_unlock(mutex);
        }
        0
    };
    child(count);
    count();
    reap_all();
    say(&format!("{}", unsafe { *words.add(1) }));
}

fn shared_semaphore() {
    let semaphore: *mut libc::sem_t = shared().cast();
    unsafe { libc::sem_init(semaphore, 1, 0) };
    for _ in 0..3 {
        child(|| unsafe { libc::sem_wait(semaphore) } + 1);
    }
    for _ in 0..3 {
        unsafe { libc::sem_post(semaphore) };
    }
    say(&format!("{}", reap_all()));
}

fn semaphore_open() {
    let name = CString::new(format!("/forklings-{}", unsafe { libc::getpid() }));
    let name = name.unwrap_or_default();
    let open = |value: u32| unsafe { libc::sem_open(name.as_ptr(), libc::O_CREAT, 0o600, value) };
    // Each process opens it by its name, so it stands at another address.
    let mine = open(0);
    child(|| {
        let _elsewhere = (shared(), shared());
        let theirs = open(0);
        2 + unsafe { libc::sem_wait(theirs) }
    });
    nap(5);
    unsafe { libc::sem_post(mine) };
    say(&format!("{}", reap_all()));
    unsafe { libc::sem_unlink(name.as_ptr()) };
}

fn semaphore_timed() {
    let semaphore: *mut libc::sem_t = shared().cast();
    unsafe { libc::sem_init(semaphore, 1, 0) };
    let mut until = span(0);
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut until) };
    until.tv_sec += 1;
    let got = unsafe { libc::sem_timedwait(semaphore, &raw const until) };
    say(&format!("{got} {:?}", errno()));
}

fn mapped_elsewhere() {
    let fd = unsafe { libc::memfd_create(c"word".as_ptr(), 0) };
    unsafe { libc::ftruncate(fd, 8192) };
    let map = || {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        unsafe {
            libc::mmap(ptr::null_mut(), 4096, access, libc::MAP_SHARED, fd, 4096).cast::<u32>()
        }
    };
    let mine = map();
    child(|| {
        let theirs = map();
        while atomic(theirs).load(Ordering::SeqCst) == 0 {
            futex(theirs, WAIT, 0, ptr::null());
        }
        i32::from(theirs != mine) * 3
    });
    nap(10);
    atomic(mine).store(1, Ordering::SeqCst);
    futex(mine, WAKE, 1, ptr::null());
    say(&format!("{}", reap_all()));
}

fn robust_mutex() {
    let mutex = new_mutex(true, false);
    let (read, write) = pipe();
    child(|| {
        unsafe { libc::pthread_mutex_lock(mutex) };
        put(write, "x");
        nap(10);
        1
    });
    get(read);
    let got = unsafe { libc::pthread_mutex_lock(mutex) };
    say(&format!("{} {}", got == libc::EOWNERDEAD, reap_all()));
}

fn robust_thread() {
    let mutex = new_mutex(true, false) as usize;
    let (read, write) = pipe();
    let holder = thread::spawn(move || {
        unsafe { libc::pthread_mutex_lock(mutex as *mut libc::pthread_mutex_t) };
        put(write, "x");
        nap(10);
    });
    get(read);
    let got = unsafe { libc::pthread_mutex_lock(mutex as *mut libc::pthread_mutex_t) };
    let _joined = holder.join();
    say(&format!("{}", got == libc::EOWNERDEAD));
}

fn futex_bits() {
    let word = shared();
    for bit in [1u32, 2] {
        child(|| {
            let none = ptr::null::<u32>();
            let operation = libc::FUTEX_WAIT_BITSET;
            unsafe { libc::syscall(libc::SYS_futex, word, operation, 0, none, none, bit) };
            i32::try_from(bit).unwrap_or(0)
        });
    }
    let wake = |bits: u32| {
        let none = ptr::null::<u32>();
        let operation = libc::FUTEX_WAKE_BITSET;
        // Until it sleeps there is nobody to wake.
        while unsafe { libc::syscall(libc::SYS_futex, word, operation, 1, none, none, bits) } != 1 {
            nap(1);
        }
    };
    wake(2);
    say(&format!("{:x}", wait(-1, 0).1 >> 8));
    wake(1);
    say(&format!("{:x}", wait(-1, 0).1 >> 8));
}

fn futex_requeues() {
    let first = shared();
    let second = shared();
    for _ in 0..3 {
        child(|| i32::from(futex(first, WAIT, 0, ptr::null()) == 0));
    }
    let operation = libc::FUTEX_CMP_REQUEUE;
    let mut moved = 0;
    while moved < 3 {
        let most = 9usize;
        let got = unsafe { libc::syscall(libc::SYS_futex, first, operation, 0, most, second, 0) };
        moved += got;
        nap(1);
    }
    say(&format!("{moved} {}", futex(first, WAKE, 9, ptr::null())));
    say(&format!("{} {}", futex(second, WAKE, 9, ptr::null()), reap_all()));
}

fn futex_wake_op() {
    let (first, second) = (shared(), shared());
    for word in [first, second] {
        child(|| i32::from(futex(word, WAIT, 0, ptr::null()) == 0));
    }
    let (operation, most) = (libc::FUTEX_WAKE_OP, 9usize);
    let change = |code: u32| unsafe {
        libc::syscall(libc::SYS_futex, first, operation, 9, most, second, code)
    };
    let mut woken = 0;
    while woken < 2 {
        // Adds nothing; the old value is 0, so sleepers at the second word are woken too.
        woken += change(1 << 28);
        nap(1);
    }
    let sum = reap_all();
    // Adds 5, and compares the old value for being 1.
    let none = change(1 << 28 | 5 << 12 | 1);
    say(&format!("{woken} {sum} {none} {}", atomic(second).load(Ordering::SeqCst)));
}

fn futex_changed() {
    let word = shared();
    atomic(word).store(7, Ordering::SeqCst);
    say(&format!("{} {:?}", futex(word, WAIT, 6, ptr::null()), errno()));
}

fn futex_times_out() {
    let (word, begin, time) = (shared(), Instant::now(), span(200));
    let got = futex(word, WAIT, 0, &raw const time);
    say(&format!("{got} {:?} {}", errno(), begin.elapsed() >= Duration::from_millis(200)));
}

fn futex_interrupted() {
    let word = shared();
    handle(SIGALRM, 0);
    unsafe { libc::alarm(1) };
    let got = futex(word, WAIT, 0, ptr::null());
    say(&format!("{got} {:?} {}", errno(), SEEN.load(Ordering::SeqCst)));
}

fn joins_in_any_order() {
    let threads: Vec<_> = (0..4).map(|n| thread::spawn(move || n * n)).collect();
    let all: Vec<i32> = threads.into_iter().rev().map(|t| t.join().unwrap_or(-1)).collect();
    say(&format!("{all:?}"));
}

fn mutex_between_threads() {
    let total = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let total = Arc::clone(&total);
            thread::spawn(move || {
                for _ in 0..2 {
                    if let Ok(mut total) = total.lock() {
                        let seen = *total;
                        nap(1);
                        *total = seen + 1;
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        let _joined = thread.join();
    }
    say(&format!("{:?}", total.lock().map(|total| *total).ok()));
}

/// Waits for a word that is changed without a wake: right only when the change comes first.
/// The word of a lock becomes free, nobody is woken, and the process that freed it ends.
fn frees_and_ends() {
    let word = shared();
    atomic(word).store(2, Ordering::SeqCst);
    child(|| {
        atomic(word).store(0, Ordering::SeqCst);
        0
    });
    futex(word, WAIT, 2, ptr::null());
    reap_all();
}

fn forgets_to_wake() {
    let word = shared();
    child(|| {
        atomic(word).store(1, Ordering::SeqCst);
        0
    });
    futex(word, WAIT, 0, ptr::null());
    reap_all();
}

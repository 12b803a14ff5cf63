//! Which functions of a program use mutexes and the like: those of the C library, and those of
//! Rust's standard library as far as the compiler did not inline them, as in a debug build.

use forklings_symbols::{Mapping, callable, demangle, entry_points, is_made_by_std, without_types};

/// Such a function of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MutexFunction {
    /// Where it begins.
    pub(super) address: u64,
    /// Whether it is glibc's.
    pub(super) of_glibc: bool,
    pub(super) what: &'static Known,
}

/// What is known about such a function.
#[derive(Debug)]
pub(super) struct Known {
    /// Its name in the symbol table; Rust's demangled and without what its types are.
    symbol: &'static str,
    /// What it is called in a message.
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) of: Argument,
}

impl Known {
    /// What it is about: `pthread_mutex`, `sem`, `Mutex`.
    pub(super) fn kind(&self) -> &'static str {
        let name = self.name;
        let (kind, _) =
            name.split_once("::").or_else(|| name.rsplit_once('_')).unwrap_or((name, ""));
        kind.trim_end_matches("Guard")
    }
}

/// What others notice of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What it does to the mutex.
    Uses,
    /// The same, and it may answer "not now".
    Asks,
    /// Only the system calls that it makes.
    Waits,
}

/// Where the address of the mutex, semaphore or condition stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Argument {
    First,
    /// Rust's functions with a large result are given its place first.
    Second,
    /// Where the first argument points: a guard begins with its lock.
    BehindFirst,
}

const fn c(name: &'static str, role: Role) -> Known {
    Known { symbol: name, name, role, of: Argument::First }
}

const fn rust(symbol: &'static str, name: &'static str, role: Role, of: Argument) -> Known {
    Known { symbol, name, role, of }
}

pub(super) const LOCK: &str = "pthread_mutex_lock";
pub(super) const UNLOCK: &str = "pthread_mutex_unlock";
/// A function that no other C library has.
const OF_GLIBC: &str = "gnu_get_libc_version";

static C: [Known; 19] = [
    c("pthread_cond_broadcast", Role::Uses),
    c("pthread_cond_clockwait", Role::Uses),
    c("pthread_cond_signal", Role::Uses),
    c("pthread_cond_timedwait", Role::Uses),
    c("pthread_cond_wait", Role::Uses),
    c(LOCK, Role::Uses),
    c("pthread_mutex_trylock", Role::Asks),
    c(UNLOCK, Role::Uses),
    c("pthread_rwlock_rdlock", Role::Uses),
    c("pthread_rwlock_unlock", Role::Uses),
    c("pthread_rwlock_wrlock", Role::Uses),
    c("sem_getvalue", Role::Uses),
    c("sem_post", Role::Uses),
    c("sem_trywait", Role::Asks),
    c("sem_wait", Role::Uses),
    c("pthread_barrier_wait", Role::Waits),
    c("pthread_join", Role::Waits),
    c("pthread_mutex_timedlock", Role::Waits),
    c("sem_timedwait", Role::Waits),
];

/// Whether a lock was free the results of Rust's functions say in memory: who asks in a loop is known
/// by using the same lock again and again.
static RUST: [Known; 11] = [
    rust("mutex::Mutex::lock", "Mutex::lock", Role::Uses, Argument::Second),
    rust("mutex::Mutex::try_lock", "Mutex::try_lock", Role::Uses, Argument::Second),
    rust("mutex::MutexGuard::drop", "MutexGuard::drop", Role::Uses, Argument::BehindFirst),
    rust("rwlock::RwLock::read", "RwLock::read", Role::Uses, Argument::Second),
    rust("rwlock::RwLock::write", "RwLock::write", Role::Uses, Argument::Second),
    rust(
        "rwlock::RwLockReadGuard::drop",
        "RwLockReadGuard::drop",
        Role::Uses,
        Argument::BehindFirst,
    ),
    rust(
        "rwlock::RwLockWriteGuard::drop",
        "RwLockWriteGuard::drop",
        Role::Uses,
        Argument::BehindFirst,
    ),
    rust("condvar::Condvar::notify_one", "Condvar::notify_one", Role::Uses, Argument::First),
    rust("condvar::Condvar::notify_all", "Condvar::notify_all", Role::Uses, Argument::First),
    rust("condvar::Condvar::wait", "Condvar::wait", Role::Uses, Argument::Second),
    rust("condvar::Condvar::wait_timeout", "Condvar::wait_timeout", Role::Uses, Argument::Second),
];

/// The functions of these that a program can call; none where it can call none that others notice.
pub(crate) fn functions(maps: &[Mapping]) -> Vec<MutexFunction> {
    // The locks of the compiler's own library guard what each process has for itself.
    let own = |mapping: &&Mapping| {
        let name = mapping.path.file_name().unwrap_or_default();
        !name.to_string_lossy().starts_with("libgcc_s.")
    };
    let callers: Vec<Mapping> = maps.iter().filter(own).cloned().collect();
    let names: Vec<&'static str> = C.iter().map(|known| known.symbol).collect();
    let called = callable(&callers, &names);
    let wanted = |symbol: &str| {
        let known = called.contains(symbol) || symbol == OF_GLIBC || of_rust(symbol).is_some();
        known.then(|| symbol.to_owned())
    };
    let entries = entry_points(maps, wanted);
    let file = |address: u64| maps.iter().find(|m| m.start <= address && address < m.end);
    let glibc = entries.iter().find(|(_, symbol)| symbol == OF_GLIBC);
    let glibc = glibc.and_then(|(address, _)| file(*address)).map(|mapping| &mapping.path);
    let function = |(address, symbol): (u64, String)| {
        let known = C.iter().find(|known| known.symbol == symbol).or_else(|| of_rust(&symbol));
        let of_glibc = glibc.is_some() && file(address).map(|mapping| &mapping.path) == glibc;
        Some(MutexFunction { address, of_glibc, what: known? })
    };
    let found: Vec<_> = entries.into_iter().filter_map(function).collect();
    let noticed = found.iter().any(|function| function.what.role != Role::Waits);
    if noticed { found } else { Vec::new() }
}

/// Which of Rust's functions a symbol is.
fn of_rust(symbol: &str) -> Option<&'static Known> {
    // Most symbols need not be demangled to see that they are none of these.
    if !symbol.starts_with('_') || !symbol.contains("sync") || is_made_by_std(symbol) {
        return None;
    }
    let name = plain(&demangle(symbol));
    RUST.iter().find(|known| name == known.symbol)
}

/// `mutex::Mutex::lock` of `std::sync::poison::mutex::Mutex<T>::lock`, and `mutex::MutexGuard::drop`
/// of `<std::sync::poison::mutex::MutexGuard<T> as core::ops::drop::Drop>::drop`. The standard
/// library's own instances are not meant: nobody else can reach their locks.
fn plain(name: &str) -> String {
    let name = without_types(name).replace(" as core::ops::drop::Drop", "");
    let name = name.replace(['<', '>'], "");
    let name = name.strip_prefix("std::sync::").unwrap_or_default();
    let without = |variant| name.strip_prefix(variant);
    without("poison::").or_else(|| without("nonpoison::")).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_symbols::parse_maps;

    #[test]
    fn what_only_the_compilers_library_calls_does_not_count() {
        let maps = parse_maps(&std::fs::read_to_string("/proc/self/maps").expect("maps"));
        assert!(maps.iter().any(|mapping| mapping.path.ends_with("libgcc_s.so.1")));
        let found = functions(&maps);
        assert!(!found.iter().any(|function| function.what.name == LOCK), "{found:?}");
    }

    #[test]
    fn rusts_functions_are_known_by_their_names() {
        for (symbol, name) in [
            ("_ZN3std4sync6poison5mutex14Mutex$LT$T$GT$4lock17h0123456789abcdefE", "Mutex::lock"),
            (
                "_ZN87_$LT$std..sync..poison..mutex..MutexGuard$LT$T$GT$$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE",
                "MutexGuard::drop",
            ),
            ("_ZN3std4sync6poison7condvar7Condvar4wait17h0123456789abcdefE", "Condvar::wait"),
            (
                "_RNvMs5_NtNtNtCsjrHSEGnQ3l9_3std4sync6poison5mutexINtB5_5MutexuE4lockCs8mTtIl9CexH_9lockorder",
                "Mutex::lock",
            ),
            (
                "_RNvXsc_NtNtNtCsjrHSEGnQ3l9_3std4sync6poison5mutexINtB5_10MutexGuarduENtNtNtCsgEmfK2I1SDS_4core3ops4drop4Drop4dropCs8mTtIl9CexH_9lockorder",
                "MutexGuard::drop",
            ),
        ] {
            assert_eq!(of_rust(symbol).map(|known| known.name), Some(name), "{symbol}");
        }
        assert!(of_rust("_ZN3std4sync4mpsc15Sender$LT$T$GT$4send17h0123456789abcdefE").is_none());
    }
}

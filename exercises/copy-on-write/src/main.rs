//! The driver of `copy-on-write`: turns a scenario's name and arguments into calls of the student's
//! functions, and prints what came of them. Given; not to be edited.
//!
//! `cargo run -p copy-on-write -- dirty 64 10` runs one scenario. Add `strace -f` to see its calls.

use copy_on_write::region::Region;
use copy_on_write::table::{ROW, Table};
use copy_on_write::{Snapshot, contain, dirty, private_pages, read_only, snapshot};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicUsize, Ordering};

#[expect(clippy::undocumented_unsafe_blocks, reason = "a drill is read as it stands")]
mod drills;

const USAGE: &str = "\
usage: cargo run -p copy-on-write -- reveal [N]
       cargo run -p copy-on-write -- SCENARIO ARGUMENTS
  private_pages PAGES           a region of so many pages that nobody else has
  private_pages_split PAGES     the same, where the kernel keeps it as three mappings
  private_pages_forked PAGES W  the same, while a child has it too, and W pages are written
  dirty PAGES K                 a child writes to K pages
  dirty_after PAGES K J         the same; J pages were written to in the child before
  dirty_or_error PAGES K        the right figure will do, and so will an error
  read_only PAGES               a child reads all pages
  read_only_after PAGES J       the same; J pages were written to in the child before
  read_only_or_error PAGES      the right figure will do, and so will an error
  read_only_fresh PAGES         as read_only, where nobody has ever written to the region
  contain LENGTH MIB            what is run answers with so many bytes, and leaks so many MiB
  contain_ending HOW            it does not answer: panic, exit, _exit or kill
  contain_or_error LENGTH       the right answer will do, and so will an error
  snapshot ROWS TRANSFERS       a copy of ROWS rows, while the caller makes so many transfers
  snapshot_late ROWS TRANSFERS  the same, to a file, which is read when the copy is complete
  snapshot_twice ROWS           two copies at once; the later one is finished first
  snapshot_in_turn ROWS         the same, where the earlier one is finished first
  snapshot_refused ROWS         to a descriptor that cannot be written to
  snapshot_or_error ROWS        a right copy will do, and so will an error
With --beside as the last word the program has another child, which has ended already.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Some(code) = drills::DRILLS.answer(&words) {
        return code;
    }
    let outcome = match words.as_slice() {
        [words @ .., "--beside"] => beside(words),
        words => run(words),
    };
    match outcome {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            println!("{}: error", words[0]);
            eprintln!("error: {}", errno(&error));
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Runs the scenario that the words name; `None` when they name none.
fn run(words: &[&str]) -> Option<io::Result<()>> {
    tell_of_exits();
    if let Err(error) = catch_alarms() {
        return Some(Err(error));
    }
    match words {
        ["contain_ending", how] => Some(contain_ending(How::read(how)?)),
        [scenario, numbers @ ..] => {
            let numbers: Option<Vec<usize>> = numbers.iter().map(|n| n.parse().ok()).collect();
            run_numbers(scenario, &numbers?)
        }
        [] => None,
    }
}

fn run_numbers(scenario: &str, numbers: &[usize]) -> Option<io::Result<()>> {
    Some(match (scenario, numbers) {
        ("private_pages", &[pages]) => private_alone(pages),
        ("private_pages_split", &[pages]) => private_split(pages),
        ("private_pages_forked", &[pages, writes]) => private_forked(pages, writes.min(pages)),
        ("dirty", &[pages, k]) => run_dirty(pages, k.min(pages), 0),
        ("dirty_after", &[pages, k, j]) => run_dirty(pages, k.min(pages), j.min(pages)),
        ("dirty_or_error", &[pages, k]) => {
            let k = k.min(pages);
            figure_or_error(pages, k, |region| dirty(region, k))
        }
        ("read_only", &[pages]) => run_read_only(pages, 0),
        ("read_only_after", &[pages, j]) => run_read_only(pages, j.min(pages)),
        ("read_only_or_error", &[pages]) => figure_or_error(pages, 0, read_only),
        ("read_only_fresh", &[pages]) => run_read_only_fresh(pages),
        ("contain", &[length, mib]) => run_contain(length, mib),
        ("contain_or_error", &[length]) => contain_or_error(length),
        ("snapshot", &[rows, transfers]) => snapshot_to_pipe(rows, transfers),
        ("snapshot_late", &[rows, transfers]) => snapshot_to_file(rows, transfers),
        ("snapshot_twice", &[rows]) => snapshot_twice(rows, Order::LaterFirst),
        ("snapshot_in_turn", &[rows]) => snapshot_twice(rows, Order::InTurn),
        ("snapshot_refused", &[rows]) => snapshot_refused(rows),
        ("snapshot_or_error", &[rows]) => snapshot_or_error(rows),
        _ => return None,
    })
}

// ---- private_pages -----------------------------------------------------------------------------

fn private_alone(pages: usize) -> io::Result<()> {
    let region = Region::filled(pages)?;
    println!("alone: {} pages", private_pages(&region)?);
    Ok(())
}

/// Advice for a part of the region: from then on the kernel keeps the parts as mappings of their own.
fn private_split(pages: usize) -> io::Result<()> {
    let region = Region::filled(pages)?;
    let part = pages / 3 * region.page_size();
    let start = region.addresses().start + part;
    // SAFETY: the range lies in the region, and this advice changes no byte.
    Errno::result(unsafe {
        libc::madvise(std::ptr::without_provenance_mut(start), part, libc::MADV_DONTDUMP)
    })?;
    println!("in three mappings: {} pages", private_pages(&region)?);
    Ok(())
}

/// While the child is there it has every page too; what the caller writes to, it has for itself.
fn private_forked(pages: usize, writes: usize) -> io::Result<()> {
    let region = Region::filled(pages)?;
    println!("alone: {} pages", private_pages(&region)?);
    let (mut end, alive) = io::pipe()?;
    // SAFETY: the driver has one thread, so the child may do whatever the parent could.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(alive);
            let _ = end.read(&mut [0]);
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(0) }
        }
    };
    let with_child = private_pages(&region);
    for page in 0..writes {
        region.write(page, b'!');
    }
    let after_writes = private_pages(&region);
    drop(alive);
    own_wait(child)?;
    println!("with a child: {} pages", with_child?);
    println!("after {writes} writes: {} pages", after_writes?);
    println!("alone again: {} pages", private_pages(&region)?);
    Ok(())
}

// ---- dirty, read_only --------------------------------------------------------------------------

fn run_dirty(pages: usize, k: usize, j: usize) -> io::Result<()> {
    let region = Region::filled(pages)?;
    write_in_children(&region, j)?;
    watch(&region, k, || dirty(&region, k))?;
    let changed = if region.is_as_filled() { "as before" } else { "changed" };
    println!("the caller's pages: {changed}");
    Ok(())
}

/// Of a child that may fail: it is enough that no wrong figure comes.
fn figure_or_error(
    pages: usize,
    right: usize,
    measure: impl Fn(&Region) -> io::Result<usize>,
) -> io::Result<()> {
    let region = Region::filled(pages)?;
    let figure = measure(&region);
    settle()?;
    match figure {
        Ok(figure) if figure != right => println!("made its own: {figure} pages"),
        figure => {
            println!("right figure or error");
            tell(figure.is_ok());
        }
    }
    Ok(())
}

fn run_read_only(pages: usize, j: usize) -> io::Result<()> {
    let region = Region::filled(pages)?;
    write_in_children(&region, j)?;
    // The child shares all pages from its start, so that to read one is no page fault.
    watch(&region, 0, || read_only(&region))
}

/// Who reads a page for the first time has a page fault too; but then all see the same zeros.
fn run_read_only_fresh(pages: usize) -> io::Result<()> {
    let region = Region::fresh(pages)?;
    watch(&region, pages, || read_only(&region))
}

/// Tells the figure, and whether the page faults of the children are at least `faults`: every page
/// that a child makes its own is one, and there are others.
fn watch(
    region: &Region,
    faults: usize,
    measure: impl FnOnce() -> io::Result<usize>,
) -> io::Result<()> {
    let writes = region.writes();
    let faults_before = faults_of_children()?;
    let figure = measure();
    settle()?;
    println!("made its own: {} pages", figure?);
    let came = faults_of_children()? - faults_before;
    if came < faults {
        println!("page faults: {came}, too few for {faults} pages");
    } else if faults > 0 {
        println!("page faults: enough for {faults} pages");
    }
    println!("the caller: wrote to {} pages", region.writes() - writes);
    Ok(())
}

/// Page faults, without disk, of all children that have been reaped. Source: `getrusage(2)`.
fn faults_of_children() -> io::Result<usize> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    usize::try_from(usage.minor_page_faults()).map_err(io::Error::other)
}

/// From here on every child begins by writing to the first `pages` pages.
fn write_in_children(region: &Region, pages: usize) -> io::Result<()> {
    static START: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
    static PAGES: AtomicUsize = AtomicUsize::new(0);
    static PAGE_SIZE: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn write() {
        let start = START.load(Ordering::Relaxed);
        for page in 0..PAGES.load(Ordering::Relaxed) {
            let place = start.wrapping_add(page * PAGE_SIZE.load(Ordering::Relaxed));
            // SAFETY: the region is mapped as long as the scenario runs, and it has this page.
            unsafe { place.write_volatile(b'?') };
        }
    }
    if pages == 0 {
        return Ok(());
    }
    START.store(std::ptr::with_exposed_provenance_mut(region.addresses().start), Ordering::Relaxed);
    PAGES.store(pages, Ordering::Relaxed);
    PAGE_SIZE.store(region.page_size(), Ordering::Relaxed);
    // SAFETY: the function only writes to memory, which is safe in a child that was just forked.
    match unsafe { libc::pthread_atfork(None, None, Some(write)) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

// ---- contain -----------------------------------------------------------------------------------

fn run_contain(length: usize, mib: usize) -> io::Result<()> {
    let caller = Pid::this();
    let before = Memory::now()?;
    let answer = contain(|| {
        let place = if Pid::this() == caller { "the caller" } else { "a child" };
        println!("work: in {place}");
        leak(mib);
        pattern(length)
    });
    settle()?;
    println!("answer: {}", compare(&answer?, length));
    let after = Memory::now()?;
    println!("footprint: {} MiB more", after.footprint.saturating_sub(before.footprint) >> 20);
    println!(
        "program break: {} MiB further",
        after.program_break.saturating_sub(before.program_break) >> 20
    );
    Ok(())
}

/// How what is run in the child ends without an answer.
#[derive(Clone, Copy)]
enum How {
    Panic,
    Exit,
    Kill,
}

impl How {
    fn read(word: &str) -> Option<Self> {
        match word {
            "panic" => Some(Self::Panic),
            "exit" => Some(Self::Exit),
            "kill" => Some(Self::Kill),
            _ => None,
        }
    }
}

fn contain_ending(how: How) -> io::Result<()> {
    let answer = contain(|| {
        match how {
            How::Panic => panic!("on purpose"),
            // SAFETY: ends the child at once; that is the scenario.
            How::Exit => unsafe { libc::_exit(3) },
            How::Kill => raise(Signal::SIGKILL).map_or_else(|_| Vec::new(), |()| Vec::new()),
        }
    });
    settle()?;
    println!("answer: {} bytes, though there was none", answer?.len());
    Ok(())
}

fn contain_or_error(length: usize) -> io::Result<()> {
    let answer = contain(|| pattern(length));
    settle()?;
    match answer {
        Ok(answer) if answer != pattern(length) => {
            println!("answer: {}", compare(&answer, length));
        }
        answer => {
            println!("right answer or error");
            tell(answer.is_ok());
        }
    }
    Ok(())
}

/// Which of the two it was. There is no answer of a child that did not end with status 0.
fn tell(answered: bool) {
    println!("gave {}", if answered { "an answer" } else { "an error" });
}

/// Takes memory in small pieces and keeps every other one, so that the holes cannot be given back.
fn leak(mib: usize) {
    const PIECE: usize = 8 << 10;
    let pieces = mib * (1 << 20) / PIECE;
    let mut holes = Vec::new();
    for _ in 0..pieces {
        Box::leak(std::hint::black_box(vec![1_u8; PIECE]).into_boxed_slice());
        holes.push(vec![2_u8; PIECE / 4]);
    }
}

/// What a process has for itself, in bytes.
struct Memory {
    footprint: usize,
    /// Where the heap that grows by `brk` ends. Source: `sbrk(2)`.
    program_break: usize,
}

impl Memory {
    fn now() -> io::Result<Self> {
        let text = fs::read_to_string("/proc/self/smaps_rollup")?;
        let kib = |name| {
            let value = text.lines().find_map(|line| line.strip_prefix(name));
            value.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
        };
        let footprint: usize = kib("Anonymous:") + kib("Swap:");
        // SAFETY: an increment of 0 changes nothing.
        let program_break = unsafe { libc::sbrk(0) }.addr();
        Ok(Self { footprint: footprint << 10, program_break })
    }
}

fn pattern(length: usize) -> Vec<u8> {
    let piece: Vec<u8> = (1..=251).collect();
    let mut bytes = piece.repeat(length / piece.len() + 1);
    bytes.truncate(length);
    bytes
}

fn compare(answer: &[u8], length: usize) -> String {
    if answer == pattern(length) {
        format!("{length} bytes, right")
    } else if answer.len() != length {
        format!("{} bytes instead of {length}", answer.len())
    } else {
        format!("{length} bytes, but not those that were sent")
    }
}

// ---- snapshot ----------------------------------------------------------------------------------

/// The pipe takes less than the table has, so the child cannot end before the caller reads.
fn snapshot_to_pipe(rows: usize, transfers: usize) -> io::Result<()> {
    let table = Table::new(rows);
    let then = content(&table);
    let (mut copy, sink) = io::pipe()?;
    fcntl(&sink, FcntlArg::F_SETPIPE_SZ(1))?;
    let reads = table.reads();
    let shot = snapshot(&table, sink.into())?;
    println!("the caller: read {} rows", table.reads() - reads);
    transfer(&table, transfers);
    println!("the caller: made {transfers} transfers");
    let mut bytes = Vec::new();
    copy.read_to_end(&mut bytes)?;
    println!("copy: {}", judge(&bytes, &then));
    let finished = shot.finish();
    settle()?;
    finished
}

fn snapshot_to_file(rows: usize, transfers: usize) -> io::Result<()> {
    let table = Table::new(rows);
    let then = content(&table);
    let (mut copy, sink) = file()?;
    let reads = table.reads();
    let shot = snapshot(&table, sink)?;
    transfer(&table, transfers);
    let finished = shot.finish();
    settle()?;
    finished?;
    println!("the caller: read {} rows", table.reads() - reads);
    println!("copy: {}", judge(&read_whole(&mut copy)?, &then));
    Ok(())
}

/// Which of two copies is finished first.
#[derive(Clone, Copy)]
enum Order {
    InTurn,
    LaterFirst,
}

/// Each copy is read as soon as it is finished, while the child of the other may still be at work.
fn snapshot_twice(rows: usize, order: Order) -> io::Result<()> {
    let table = Table::new(rows);
    let (mut first_copy, first_sink) = file()?;
    let (mut second_copy, second_sink) = file()?;
    // The children have this end too, and as long as one is alive there is no end of file.
    let (mut ended, alive) = io::pipe()?;
    let at_first = content(&table);
    let first = snapshot(&table, first_sink)?;
    transfer(&table, 3);
    let at_second = content(&table);
    let second = snapshot(&table, second_sink);
    transfer(&table, 2);
    let finish_first = || first.finish().and_then(|()| read_whole(&mut first_copy));
    let finish_second =
        || second.and_then(Snapshot::finish).and_then(|()| read_whole(&mut second_copy));
    let (first, second) = match order {
        Order::InTurn => (finish_first(), finish_second()),
        Order::LaterFirst => {
            let second = finish_second();
            (finish_first(), second)
        }
    };
    drop(alive);
    ended.read_to_end(&mut Vec::new())?;
    let (first, second) = (first?, second?);
    println!("first copy: {}", judge(&first, &at_first));
    println!("second copy: {}", judge(&second, &at_second));
    Ok(())
}

/// A descriptor that is open, but only for reading: every write fails with EBADF.
fn snapshot_refused(rows: usize) -> io::Result<()> {
    let table = Table::new(rows);
    let sink = File::open("/dev/null")?;
    let finished = snapshot(&table, sink.into())?.finish();
    settle()?;
    println!("finish: {}", if finished.is_err() { "error" } else { "no error" });
    Ok(())
}

fn snapshot_or_error(rows: usize) -> io::Result<()> {
    let table = Table::new(rows);
    let then = content(&table);
    let (mut copy, sink) = file()?;
    let shot = snapshot(&table, sink);
    transfer(&table, 1);
    let finished = shot.and_then(|shot| shot.finish());
    settle()?;
    let bytes = read_whole(&mut copy)?;
    if finished.is_ok() && bytes != then {
        println!("copy: {}", judge(&bytes, &then));
    } else {
        println!("right copy or error");
        tell(finished.is_ok());
    }
    Ok(())
}

/// A file without a name, and a descriptor to write to it.
fn file() -> io::Result<(File, OwnedFd)> {
    let file = File::from(memfd_create("copy", MFdFlags::MFD_CLOEXEC)?);
    let sink = file.try_clone()?.into();
    Ok((file, sink))
}

fn read_whole(file: &mut File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn content(table: &Table) -> Vec<u8> {
    (0..table.rows()).map(|row| table.row(row)).collect::<Vec<_>>().concat()
}

/// So many transfers, round and round through the rows.
fn transfer(table: &Table, transfers: usize) {
    if table.rows() > 0 {
        for number in 0..transfers {
            table.transfer(number % table.rows(), (number + 1) % table.rows(), 7);
        }
    }
}

fn judge(copy: &[u8], then: &[u8]) -> String {
    if copy == then {
        format!("{} rows, as they were at the call", then.len() / ROW)
    } else if copy.len() != then.len() {
        format!("{} bytes instead of {}", copy.len(), then.len())
    } else {
        let differ = copy.chunks(ROW).zip(then.chunks(ROW)).filter(|(a, b)| a != b).count();
        format!("{differ} rows not as they were at the call")
    }
}

// ---- what all scenarios use --------------------------------------------------------------------

/// Runs a scenario while the driver has a child that is dead and not yet reaped.
fn beside(words: &[&str]) -> Option<io::Result<()>> {
    // SAFETY: the driver has one thread, so the child may do whatever the parent could.
    let other = match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => child,
        // SAFETY: `_exit` takes any code and does not return.
        Ok(ForkResult::Child) => unsafe { libc::_exit(77) },
        Err(error) => return Some(Err(error.into())),
    };
    let outcome = settle().and_then(|()| run(words).transpose());
    match own_wait(other) {
        Ok(said) => println!("other: {said}"),
        Err(error) => return Some(Err(error)),
    }
    outcome.transpose()
}

/// Waits until a child has ended and reaps nobody; returns at once when there is none. So whom the
/// student's function has not reaped is a zombie when the program ends, whatever the schedule.
fn settle() -> io::Result<()> {
    loop {
        match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Err(Errno::EINTR) => {}
            Ok(_) | Err(Errno::ECHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for a child that belongs to the driver.
fn own_wait(child: Pid) -> io::Result<&'static str> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok("somebody else has reaped it"),
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok("reaped by its owner"),
        }
    }
}

/// From here on SIGALRM runs a handler, without `SA_RESTART`: it interrupts the call that it meets.
fn catch_alarms() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, so it is safe at any moment.
    unsafe { sigaction(Signal::SIGALRM, &action) }?;
    Ok(())
}

/// Has a line printed when a child ends by `exit`: that runs what the program has registered for
/// its own end, once more, in the child. `_exit` does not.
fn tell_of_exits() {
    static CALLER: AtomicI32 = AtomicI32::new(0);
    extern "C" fn at_exit() {
        if Pid::this().as_raw() != CALLER.load(Ordering::SeqCst) {
            println!("a child ended by exit, not by _exit");
        }
    }
    CALLER.store(Pid::this().as_raw(), Ordering::SeqCst);
    // SAFETY: the function may be called at any time after this.
    unsafe { libc::atexit(at_exit) };
}

/// The name of the error in `errno(3)`, or its text when it came from elsewhere.
fn errno(error: &io::Error) -> String {
    error.raw_os_error().map_or(error.to_string(), |raw| format!("{:?}", Errno::from_raw(raw)))
}

//! The driver of the exercise: turns a scenario's name and arguments into calls of your functions.
//! It is given; edit `lib.rs` only.

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid, pipe};
use pipes::{Cmd, Ended, ask, gather, pipeline, send_until_gone, to_child, try_read};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, Ordering};

#[expect(clippy::undocumented_unsafe_blocks, reason = "a drill is read as it stands")]
mod drills;

const USAGE: &str = "\
usage: cargo run -p pipes -- reveal [N]
       cargo run -p pipes -- SCENARIO

  to_child MESSAGE                  a text, or a number: so many bytes
  to_child_failing MESSAGE          the child ends with status 3 while it shows
  try_read [nonblocking]            a pipe's life: filled, empty, closed
  send_until_gone TAKES LENGTH [default]
                                    the reader takes so many bytes, the record has so many;
                                    with SIGPIPE at its default
  send_until_gone_exactly TAKES LENGTH
                                    the reader goes when the writer waits, and counts too
  gather LENGTH...                  one worker for each record's length
  gather_failing WORKER LENGTH...   one worker ends with status 3
  gather_together LENGTH...         every worker waits until the last one works
  ask SERVICE MESSAGE               services: shout count greet first deaf fail fail_late
  ask_or_error SERVICE MESSAGE      the right answer will do, and so will an error
  pipeline COMMAND [ARG...] ['|' COMMAND [ARG...]]...

With --alarm as the last word SIGALRM is caught, and interrupts a blocking call.
With --alarms every fork is followed by a SIGALRM for all processes.
With --dying every child is killed when it has hardly been forked.
With --default the caller has SIGPIPE at its default.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let Some(code) = drills::DRILLS.answer(&args) {
        return code;
    }
    tell_of_exits();
    let (args, prepared) = match args.as_slice() {
        [args @ .., "--alarm"] => (args, catch_alarm()),
        [args @ .., "--alarms"] => (args, alarm_all()),
        [args @ .., "--dying"] => (args, kill_children()),
        [args @ .., "--default"] => (args, default_sigpipe()),
        args => (args, Ok(())),
    };
    let outcome = prepared.and_then(|()| match args {
        ["to_child", text] => run_to_child(&message(text)).map(Some),
        ["to_child_failing", text] => run_to_child_failing(&message(text)).map(Some),
        ["try_read"] => run_try_read(false).map(Some),
        ["try_read", "nonblocking"] => run_try_read(true).map(Some),
        ["send_until_gone", takes, length] => {
            numbers(&[takes, length]).map(|n| run_send_until_gone(n[0], n[1], false)).transpose()
        }
        ["send_until_gone", takes, length, "default"] => {
            numbers(&[takes, length]).map(|n| run_send_until_gone(n[0], n[1], true)).transpose()
        }
        ["send_until_gone_exactly", takes, length] => {
            numbers(&[takes, length]).map(|n| run_send_exactly(n[0], n[1])).transpose()
        }
        ["gather", lengths @ ..] => {
            numbers(lengths).map(|lengths| run_gather(&lengths, None)).transpose()
        }
        ["gather_together", lengths @ ..] => {
            numbers(lengths).map(|lengths| run_gather_together(&lengths)).transpose()
        }
        ["gather_failing", rest @ ..] => match numbers(rest).as_deref() {
            Some([failing, lengths @ ..]) => run_gather(lengths, Some(*failing)).map(Some),
            Some([]) | None => Ok(None),
        },
        ["ask", service, text] => run_ask(service, &message(text), false).transpose(),
        ["ask_or_error", service, text] => run_ask(service, &message(text), true).transpose(),
        ["pipeline", words @ ..] => run_pipeline(words).map(Some),
        _ => Ok(None),
    });
    match outcome {
        Ok(Some(())) => ExitCode::SUCCESS,
        Ok(None) => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            println!("{}: error", args[0]);
            eprintln!("{}: {error}", args[0]);
            ExitCode::FAILURE
        }
    }
}

/// Catches SIGALRM without `SA_RESTART`: whoever sends it interrupts a blocking call.
fn catch_alarm() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, so it is safe at any moment.
    unsafe { sigaction(Signal::SIGALRM, &action) }?;
    Ok(())
}

fn default_sigpipe() -> io::Result<()> {
    // SAFETY: no handler is installed, only the default effect.
    unsafe { nix::sys::signal::signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    Ok(())
}

/// SIGALRM is caught, and whoever forks sends it to all: so it meets children in their calls too.
fn alarm_all() -> io::Result<()> {
    extern "C" fn ring() {
        let _ = nix::sys::signal::kill(Pid::from_raw(0), Signal::SIGALRM);
    }
    catch_alarm()?;
    // SAFETY: the function only sends a signal.
    match unsafe { libc::pthread_atfork(None, Some(ring), None) } {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Every child dies before it can do anything: whoever forks must reckon with that.
fn kill_children() -> io::Result<()> {
    extern "C" fn die() {
        let _ = nix::sys::signal::raise(Signal::SIGKILL);
    }
    // SAFETY: the function only sends a signal, which is safe in a child that was just forked.
    match unsafe { libc::pthread_atfork(None, None, Some(die)) } {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Has a line printed when a child ends by `exit`: that runs what the program has registered for
/// its own end, once more, in the child. `_exit` does not.
fn tell_of_exits() {
    static CALLER: AtomicI32 = AtomicI32::new(0);
    extern "C" fn at_exit() {
        if getpid().as_raw() != CALLER.load(Ordering::SeqCst) {
            println!("a child ended by exit, not by _exit");
        }
    }
    CALLER.store(getpid().as_raw(), Ordering::SeqCst);
    // SAFETY: the function may be called at any time after this.
    unsafe { libc::atexit(at_exit) };
}

fn run_to_child(message: &[u8]) -> io::Result<()> {
    let caller = getpid();
    to_child(message, &|bytes| {
        let place = if getpid() == caller { "not a child" } else { "child" };
        println!("{place}: {}", compare(bytes, message));
    })?;
    println!("caller: the child is gone");
    Ok(())
}

fn run_to_child_failing(message: &[u8]) -> io::Result<()> {
    to_child(message, &|_| {
        // SAFETY: ends the child at once; that is the scenario.
        unsafe { libc::_exit(3) }
    })?;
    println!("caller: the child's failure went unnoticed");
    Ok(())
}

fn run_try_read(nonblocking: bool) -> io::Result<()> {
    let (reader, writer) = pipe()?;
    if nonblocking {
        fcntl(&reader, FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK))?;
    }
    let flags = fcntl(&reader, FcntlArg::F_GETFL)?;
    let show = |moment: &str| -> io::Result<()> {
        let mut bytes = Vec::new();
        let end = loop {
            match try_read(reader.as_fd())? {
                None => break "nothing yet",
                Some(part) if part.is_empty() => break "end of file",
                Some(part) => bytes.extend(part),
            }
        };
        match bytes.as_slice() {
            [] => println!("{moment}: {end}"),
            bytes => println!("{moment}: {}, then {end}", describe(bytes)),
        }
        Ok(())
    };
    nix::unistd::write(&writer, b"hello")?;
    show("after a write")?;
    show("empty pipe")?;
    nix::unistd::write(&writer, b"the last words")?;
    drop(writer);
    show("after the last close")?;
    let same = fcntl(&reader, FcntlArg::F_GETFL)? == flags;
    println!("status flags: {}", if same { "as before" } else { "changed" });
    Ok(())
}

fn run_send_until_gone(takes: usize, length: usize, default: bool) -> io::Result<()> {
    if default {
        default_sigpipe()?;
    }
    let record = pattern(length, 0);
    let (reader, writer) = pipe()?;
    // The smallest pipe there is: it is full soon, however small the writes are.
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(1))?;
    let capacity = usize::try_from(fcntl(&writer, FcntlArg::F_GETPIPE_SZ)?).unwrap_or(usize::MAX);
    let mut child: Option<Pid> = None;
    if takes > 0 {
        // SAFETY: the driver has one thread.
        match unsafe { fork() }? {
            ForkResult::Child => {
                drop(writer);
                let mut taken = vec![0; takes];
                let code = match File::from(reader).read_exact(&mut taken) {
                    Ok(()) => {
                        let mut sent = record.repeat(takes.div_ceil(length.max(1)));
                        sent.truncate(takes);
                        println!("reader: {}", compare(&taken, &sent));
                        0
                    }
                    Err(_) => 1,
                };
                // SAFETY: ends the child without running the parent's clean-up.
                unsafe { libc::_exit(code) }
            }
            ForkResult::Parent { child: pid } => {
                drop(reader);
                child = Some(pid);
            }
        }
    } else {
        drop(reader);
    }
    let sent = send_until_gone(writer.as_fd(), &record);
    drop(writer);
    if let Some(pid) = child {
        while waitpid(pid, None) == Err(nix::Error::EINTR) {}
    }
    let sent = sent?;
    match takes {
        0 => println!("caller: the pipe took {sent} bytes"),
        _ if sent < takes => println!("caller: counted less than the reader read"),
        _ if sent > takes + capacity => println!("caller: counted more than was read and fits"),
        _ => println!("caller: counted what can be"),
    }
    let now = read_disposition(libc::SIGPIPE);
    let before = if default { libc::SIG_DFL } else { libc::SIG_IGN };
    println!("SIGPIPE: {}", if now == before { "as before" } else { "changed" });
    Ok(())
}

/// The reader tells how many bytes there were in all: those that it took, and those that it leaves in
/// a pipe that is so full that the writer waits.
fn run_send_exactly(takes: usize, length: usize) -> io::Result<()> {
    let record = pattern(length, 0);
    let (reader, writer) = pipe()?;
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(1))?;
    let (mut heard, mut tell) = io::pipe()?;
    // SAFETY: the driver has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Child => {
            drop(writer);
            let mut reader = File::from(reader);
            let told = reader.read_exact(&mut vec![0; takes]).and_then(|()| {
                // Time enough for the writer: only its end, or the time, ends this.
                let mut asked = libc::pollfd { fd: reader.as_raw_fd(), events: 0, revents: 0 };
                // SAFETY: the pointer is to one pollfd.
                unsafe { libc::poll(&mut asked, 1, 1000) };
                let mut left: libc::c_int = 0;
                // SAFETY: the pointer is to a place of the right type.
                nix::Error::result(unsafe {
                    libc::ioctl(reader.as_raw_fd(), libc::FIONREAD, &mut left)
                })?;
                let sum = takes + usize::try_from(left).unwrap_or(0);
                tell.write_all(&sum.to_ne_bytes())
            });
            // SAFETY: ends the child without running the parent's clean-up.
            unsafe { libc::_exit(i32::from(told.is_err())) }
        }
        ForkResult::Parent { child } => child,
    };
    drop(reader);
    drop(tell);
    let sent = send_until_gone(writer.as_fd(), &record);
    drop(writer);
    while waitpid(child, None) == Err(nix::Error::EINTR) {}
    let mut sum = [0; size_of::<usize>()];
    heard.read_exact(&mut sum)?;
    match (sent?, usize::from_ne_bytes(sum)) {
        (sent, took) if sent == took => println!("caller: counted every byte"),
        (sent, took) => println!("caller: counted {sent} bytes, the pipe took {took}"),
    }
    Ok(())
}

/// What a signal does now: `SIG_DFL`, `SIG_IGN` or a handler's address.
fn read_disposition(signal: libc::c_int) -> libc::sighandler_t {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the third argument points to a sigaction, which the call fills.
    unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: all bytes zero is a valid sigaction, and the call has written over it.
    unsafe { action.assume_init() }.sa_sigaction
}

fn run_gather(lengths: &[usize], failing: Option<usize>) -> io::Result<()> {
    let records = gather(lengths.len(), &|worker| {
        if failing == Some(worker) {
            // SAFETY: ends the worker at once; that is the scenario.
            unsafe { libc::_exit(3) }
        }
        pattern(lengths[worker], worker)
    })?;
    show_records(&records, lengths);
    Ok(())
}

/// The last worker lets the others go on: whoever starts them one after another waits for ever.
fn run_gather_together(lengths: &[usize]) -> io::Result<()> {
    // No pipe: whoever hangs here hangs because of the order of the calls, not of an open end.
    // SAFETY: the call takes two numbers.
    let tokens = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_SEMAPHORE) };
    nix::Error::result(tokens)?;
    // SAFETY: the descriptor was just made, and nobody else knows it.
    let tokens = unsafe { OwnedFd::from_raw_fd(tokens) };
    let last = lengths.len().saturating_sub(1);
    let records = gather(lengths.len(), &|worker| {
        // What fails here is not the worker's concern: its record comes all the same.
        if worker == last {
            let _ = nix::unistd::write(&tokens, &(last as u64).to_ne_bytes());
        } else {
            while nix::unistd::read(&tokens, &mut [0; 8]) == Err(nix::Error::EINTR) {}
        }
        pattern(lengths[worker], worker)
    })?;
    show_records(&records, lengths);
    Ok(())
}

fn show_records(records: &[Vec<u8>], lengths: &[usize]) {
    println!("{} records", records.len());
    for (worker, record) in records.iter().enumerate() {
        let expected = lengths.get(worker).map(|&length| pattern(length, worker));
        println!("record {worker}: {}", compare(record, &expected.unwrap_or_default()));
    }
}

/// With `or_error` an error will do: whether a fault strikes depends on how many processes a
/// solution makes, which is its own choice.
fn run_ask(service: &str, request: &[u8], or_error: bool) -> Option<io::Result<()>> {
    let (serve, expected): (pipes::Service, Vec<u8>) = match service {
        "shout" => (&shout, request.to_ascii_uppercase()),
        "count" => (&count, request.len().to_string().into_bytes()),
        "greet" => (&greet, [pattern(GREETING, 1), count_of(request)].concat()),
        "first" => (&first, request.first().copied().into_iter().collect()),
        "deaf" => (&deaf, pattern(GREETING, 2)),
        "fail" => (&fail, Vec::new()),
        "fail_late" => (&fail_late, Vec::new()),
        _ => return None,
    };
    let caller = getpid();
    let in_child = |input: &mut dyn Read, output: &mut dyn Write| {
        if getpid() == caller {
            println!("the service runs in the caller");
        }
        serve(input, output)
    };
    match ask(request, &in_child) {
        Ok(answer) if or_error && answer == expected => println!("right answer or error"),
        Err(_) if or_error => println!("right answer or error"),
        Ok(answer) => println!("answer: {}", compare(&answer, &expected)),
        Err(error) => return Some(Err(error)),
    }
    Some(Ok(()))
}

/// Answers each piece in upper case before it reads the next.
fn shout(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    let mut piece = [0; 4096];
    loop {
        let n = match input.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        output.write_all(&piece[..n].to_ascii_uppercase())?;
    }
}

/// Reads to the end, then answers with the number of bytes.
fn count(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    let mut request = Vec::new();
    input.read_to_end(&mut request)?;
    output.write_all(&count_of(&request))
}

const GREETING: usize = 70_000;

/// Writes a long greeting before it reads anything.
fn greet(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    output.write_all(&pattern(GREETING, 1))?;
    count(input, output)
}

/// Reads one byte, gives it back, and wants no more.
fn first(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    let mut byte = [0];
    match input.read_exact(&mut byte) {
        Ok(()) => output.write_all(&byte),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        Err(e) => Err(e),
    }
}

/// Does not read at all.
fn deaf(_: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    output.write_all(&pattern(GREETING, 2))
}

/// Fails when it has answered a part.
fn fail_late(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    first(input, output)?;
    Err(io::Error::other("the service gives up"))
}

/// Fails without an answer.
fn fail(_: &mut dyn Read, _: &mut dyn Write) -> io::Result<()> {
    Err(io::Error::other("the service refuses"))
}

fn count_of(bytes: &[u8]) -> Vec<u8> {
    bytes.len().to_string().into_bytes()
}

fn run_pipeline(words: &[&str]) -> io::Result<()> {
    let commands: Vec<Cmd> = words
        .split(|&word| word == "|")
        .filter(|argv| !argv.is_empty())
        .map(|argv| Cmd { argv: argv.iter().map(ToString::to_string).collect() })
        .collect();
    let before = read_disposition(libc::SIGPIPE);
    let ended = pipeline(&commands);
    if read_disposition(libc::SIGPIPE) != before {
        println!("SIGPIPE: changed");
    }
    let ended = ended?;
    println!("{} commands, {} statuses", commands.len(), ended.len());
    if ended.len() != commands.len() {
        return Ok(()); // whose statuses they are, nobody can tell
    }
    for (command, ended) in commands.iter().zip(ended) {
        match ended {
            Ended::Exited(status) => println!("{}: exit status {status}", command.argv[0]),
            Ended::Killed(signal) => println!("{}: killed by signal {signal}", command.argv[0]),
        }
    }
    Ok(())
}

/// All arguments as numbers, or `None`.
fn numbers(args: &[&str]) -> Option<Vec<usize>> {
    args.iter().map(|arg| arg.parse().ok()).collect()
}

/// A number means so many bytes, anything else is the message itself.
fn message(arg: &str) -> Vec<u8> {
    arg.parse().map_or_else(|_| arg.as_bytes().to_vec(), |length| pattern(length, 0))
}

/// Rows of all 256 bytes, newlines and zeros among them, different for each `salt`. Each row ends with
/// its place, so that no two are equal.
fn pattern(length: usize, salt: usize) -> Vec<u8> {
    let row: Vec<u8> = (0..256).map(|i| (i * 55 + salt * 85).to_le_bytes()[0]).collect();
    let mut bytes = Vec::with_capacity(length + row.len() + size_of::<usize>());
    while bytes.len() < length {
        let place = bytes.len() + salt;
        bytes.extend_from_slice(&row);
        bytes.extend_from_slice(&place.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The bytes themselves if they are a short text, else how many there are.
fn describe(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= 60 && text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) => {
            format!("{text:?}")
        }
        Ok(_) | Err(_) => format!("{} bytes", bytes.len()),
    }
}

/// Describes `bytes` and says whether they are the expected ones.
fn compare(bytes: &[u8], expected: &[u8]) -> String {
    let shared = bytes.len().min(expected.len());
    let differ = if bytes[..shared] == expected[..shared] {
        None
    } else {
        bytes.iter().zip(expected).position(|(a, b)| a != b)
    };
    let verdict = match differ {
        Some(at) => format!("wrong from byte {at} on"),
        None if bytes.len() < expected.len() => format!("{} missing", expected.len() - bytes.len()),
        None if bytes.len() > expected.len() => {
            format!("{} too many", bytes.len() - expected.len())
        }
        None => "right".to_owned(),
    };
    format!("{}, {verdict}", describe(bytes))
}

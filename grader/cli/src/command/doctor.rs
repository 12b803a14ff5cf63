//! `forklings doctor`: what this machine offers, found out by trying, and what to do about what it
//! lacks.

use crate::repository::Repository;
use crate::screen::Screen;
use anyhow::Result;
use forklings_grade::exit_codes;
use forklings_grade::toolchain::Toolchain;
use forklings_model::{Limits, Schedule, Strategy};
use forklings_report::Style;
use forklings_report::style::Ink;
use forklings_sandbox::{Host, probe};
use forklings_tracer::{Explorer, Subject};
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// One thing that was looked at.
struct Look {
    what: &'static str,
    found: Found,
}

enum Found {
    /// It is there; what it is.
    Yes(String),
    /// It is not; what follows, and what to do.
    No { follows: &'static str, remedy: String, fatal: bool },
    /// For completeness.
    Note(String),
}

pub(crate) fn run(repository: Option<&Repository>, screen: &Screen) -> Result<u8> {
    let host = probe();
    let folder = repository.map_or(Path::new("."), |repository| &repository.root);
    let looks = [
        Look { what: "course", found: course(repository) },
        Look { what: "compiler", found: compiler(folder) },
        Look { what: "tracing", found: tracing() },
        Look { what: "seccomp", found: seccomp(host) },
        Look { what: "namespaces", found: namespaces(host) },
        Look { what: "process limit", found: cgroup("pids", host.cgroup_pids) },
        Look { what: "memory limit", found: cgroup("memory", host.cgroup_memory) },
        Look { what: "Landlock", found: landlock() },
        Look { what: "processors", found: processors() },
        Look { what: "user", found: user(host) },
    ];
    screen.print(&draw(&looks, &screen.style))?;
    let broken = looks.iter().any(|look| matches!(look.found, Found::No { fatal: true, .. }));
    Ok(if broken { exit_codes::GRADER_ERROR } else { exit_codes::OK })
}

fn draw(looks: &[Look], style: &Style) -> String {
    let mut out = String::new();
    for Look { what, found } in looks {
        let (word, ink, text) = match found {
            Found::Yes(text) => ("yes", Ink::Good, text.as_str()),
            Found::No { follows, fatal: true, .. } => ("NO", Ink::Bad, *follows),
            Found::No { follows, fatal: false, .. } => ("no", Ink::Accent, *follows),
            Found::Note(text) => ("", Ink::Faint, text.as_str()),
        };
        let word = style.paint(ink, &format!("{word:<3}"));
        out += &format!("{what:<14} {word}  {}\n", set_in(text, style));
        if let Found::No { remedy, .. } = found {
            out += &format!("{:20}{}\n", "", set_in(remedy, style));
        }
    }
    let lacks = |wanted| {
        looks.iter().any(|look| matches!(look.found, Found::No { fatal, .. } if fatal == wanted))
    };
    out += match (lacks(true), lacks(false)) {
        (true, _) => "\nGrading does not work here before that is mended.\n",
        (false, true) => "\nGrading works here, with less isolation than it could have.\n",
        (false, false) => "\nEverything that grading can use is here.\n",
    };
    out
}

/// Text beside the labels. Lines of the text stay lines.
fn set_in(text: &str, style: &Style) -> String {
    let room = style.width.saturating_sub(20).max(20);
    let indent = format!("\n{:20}", "");
    let lines = text.lines().map(|line| textwrap::fill(line, room).replace('\n', &indent));
    lines.collect::<Vec<_>>().join(&indent)
}

fn course(repository: Option<&Repository>) -> Found {
    let Some(repository) = repository else {
        return Found::Note("none here; `trace -- COMMAND` and `explain` work without".to_owned());
    };
    match repository.course() {
        Ok(_) => Found::Yes(repository.root.display().to_string()),
        Err(error) => Found::No {
            follows: "the course cannot be read: nothing can be checked or graded",
            remedy: format!("{error:#}"),
            fatal: true,
        },
    }
}

/// Finds rustc and a linker, and compiles an empty program with them.
fn compiler(folder: &Path) -> Found {
    let lack = |remedy: String| Found::No {
        follows: "nothing can be built",
        remedy: format!("{remedy}\ninstall Rust from https://rustup.rs and a C compiler (gcc)"),
        fatal: true,
    };
    let toolchain = match Toolchain::find(folder) {
        Ok(toolchain) => toolchain,
        Err(error) => return lack(error.to_string()),
    };
    match compile_nothing(&toolchain) {
        Ok(()) => {
            let version = toolchain.version.lines().next().unwrap_or_default();
            Found::Yes(format!("{version}, links with {}", toolchain.linker.display()))
        }
        Err(error) => lack(error),
    }
}

fn compile_nothing(toolchain: &Toolchain) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let source = folder.path().join("empty.rs");
    fs::write(&source, "fn main() {}\n").map_err(|error| error.to_string())?;
    let output = Command::new(&toolchain.rustc)
        .arg(&source)
        .arg("-o")
        .arg(folder.path().join("empty"))
        .arg(format!("-Clinker={}", toolchain.linker.display()))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().find(|line| !line.trim().is_empty()).unwrap_or("rustc failed").to_owned())
}

/// Really traces a program: permission is too many things to look at one by one.
fn tracing() -> Found {
    let program = ["/bin/true", "/usr/bin/true"].into_iter().find(|path| Path::new(path).exists());
    let Some(program) = program else {
        return Found::Note("not tried: this machine has no /bin/true".to_owned());
    };
    let subject = Subject::new(program, Vec::new(), Limits::default());
    let schedule = Schedule::new(Strategy::ParentFirst, 0);
    let traced = Explorer::launch(subject).and_then(|mut explorer| explorer.run(&schedule));
    match traced {
        Ok(trace) if trace.root_ending().is_some() => {
            Found::Yes(format!("{program} ran under the scheduler"))
        }
        Ok(trace) => trouble(format!("the run had no end: {:?}", trace.end)),
        Err(error) => trouble(error.to_string()),
    }
}

fn trouble(error: String) -> Found {
    let yama = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    let yama = match yama.trim() {
        "3" => {
            "\nYama forbids ptrace (kernel.yama.ptrace_scope = 3): only a reboot with another \
                value lifts that"
        }
        "2" => "\nYama allows ptrace to root alone: sudo sysctl kernel.yama.ptrace_scope=1",
        _ => "",
    };
    Found::No {
        follows: "no program can be judged",
        remedy: format!(
            "{error}{yama}\nin Docker: docker run --security-opt seccomp=unconfined --cap-add \
             SYS_PTRACE …"
        ),
        fatal: true,
    }
}

fn seccomp(host: Host) -> Found {
    if host.seccomp {
        return Found::Yes("filters are allowed".to_owned());
    }
    Found::No {
        follows: "no program can be traced",
        remedy: "the kernel needs CONFIG_SECCOMP_FILTER, which every distribution has; in Docker: \
                 --security-opt seccomp=unconfined"
            .to_owned(),
        fatal: true,
    }
}

fn namespaces(host: Host) -> Found {
    if host.namespaces {
        return Found::Yes("user, pid, mount, ipc, network, uts".to_owned());
    }
    let restricted = |name: &str, value: &str| {
        fs::read_to_string(Path::new("/proc/sys").join(name)).is_ok_and(|v| v.trim() == value)
    };
    let remedy = if restricted("kernel/apparmor_restrict_unprivileged_userns", "1") {
        "AppArmor forbids them, as on Ubuntu 24.04: sudo sysctl -w \
         kernel.apparmor_restrict_unprivileged_userns=0"
    } else if restricted("kernel/unprivileged_userns_clone", "0") {
        "the kernel forbids them: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    } else if restricted("user/max_user_namespaces", "0") {
        "the kernel forbids them: sudo sysctl -w user.max_user_namespaces=10000"
    } else {
        "in Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
         --cap-add SYS_ADMIN"
    };
    Found::No {
        follows: "submissions could read and change your files: `cargo test` and `check` work, \
                  `grade` only with --isolation any",
        remedy: remedy.to_owned(),
        fatal: false,
    }
}

fn cgroup(controller: &'static str, available: bool) -> Found {
    if available {
        return Found::Yes(format!("a control group ({controller})"));
    }
    Found::No {
        follows: "resource limits of each process are used instead, which are coarser",
        remedy: format!(
            "start in a group of your own with the controller `{controller}`: systemd-run --user \
             --scope -p Delegate=yes …, or as root"
        ),
        fatal: false,
    }
}

fn landlock() -> Found {
    let modules = fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    let here = modules.split(',').any(|module| module.trim() == "landlock");
    let state = if here { "the kernel has it" } else { "not seen" };
    Found::Note(format!("{state}; not used yet"))
}

fn processors() -> Found {
    let count = thread::available_parallelism().map_or(1, usize::from);
    Found::Note(format!("{count}; so many submissions are graded at once"))
}

fn user(host: Host) -> Found {
    let name = env::var("USER").or_else(|_| env::var("LOGNAME")).unwrap_or_default();
    Found::Note(match host.root {
        true => "root; programs under judgement run as nobody".to_owned(),
        false => format!("{name}, not root").trim_start_matches(", ").to_owned(),
    })
}

//! What a schedule costs, as ratios against the same program run by the kernel alone and under
//! `strace -f`. Rounds alternate between the rivals, so that a machine whose speed drifts slows all
//! of them; what counts is the median over the rounds of the ratio within a round.
//!
//! `cargo bench -p forklings-tracer`. With `FORKLINGS_BENCH_LONG=1` it also watches the tracer's
//! memory over 100,000 schedules.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use forklings_model::{Limits, Schedule, Strategy};
use forklings_tracer::{Explorer, Subject};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs};

/// Rounds, and schedules in one round of each rival.
const ROUNDS: usize = 15;
const SCHEDULES: u64 = 200;
const NATIVE: u64 = 100;
const STRACED: u64 = 10;

fn main() {
    let program = guests();
    println!("{}\n", machine());
    println!("a program with about ten decision points: two processes and a pipe");
    println!("{:<34} {:>10} {:>22}", "", "median", "range");
    let mut explorer = explorer(&program, &["handful"]);
    let mut seed = 0;
    let mut ours = || {
        per_run(SCHEDULES, || {
            seed += 1;
            black_box(explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap());
        })
    };
    let native = || per_run(NATIVE, || run(Command::new(&program).arg("handful")));
    let traced = || {
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null"]).arg(&program).arg("handful");
        per_run(STRACED, || run(&mut command))
    };
    let has_strace = Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok();
    ours();
    let (mut times, mut to_native, mut to_strace) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let schedule = ours();
        times.push(schedule);
        to_native.push(schedule / native());
        if has_strace {
            to_strace.push(schedule / traced());
        }
    }
    row("a schedule, ms", times.iter().map(|time| time * 1e3).collect());
    row("schedules a second", times.iter().map(|time| 1.0 / time).collect());
    row("against fork and exec by the kernel", to_native);
    if has_strace {
        row("against strace -f", to_strace);
    } else {
        println!("against strace -f: strace is not installed");
    }
    drop(explorer);
    growth(&program);
    shared_memory(&program);
    if env::var_os("FORKLINGS_BENCH_LONG").is_some() {
        memory(&program);
    }
}

/// The time of one decision point in runs that have more and more of them.
fn growth(program: &Path) {
    println!("\nµs a decision point, in a program that writes and reads one pipe so often");
    println!("{:<34} {:>10} {:>22}", "decision points", "median", "range");
    for points in [10_u32, 100, 1_000, 10_000] {
        let mut explorer = explorer(program, &["chatters", &(points / 2).to_string()]);
        let runs = u64::from(2_000 / points).max(1);
        let times = (0..5).map(|round| {
            let time = per_run(runs, || {
                let schedule = Schedule::new(Strategy::Random, round);
                black_box(explorer.run(&schedule).unwrap());
            });
            time * 1e6 / f64::from(points)
        });
        row(&points.to_string(), times.collect());
    }
}

/// Increments that each of two processes makes.
const INCREMENTS: u32 = 100;

/// Runs that share memory, against the same increments in private memory; and those against as many
/// that make none, since private memory shall cost nothing.
fn shared_memory(program: &Path) {
    println!("\ntwo processes that each increment a number {INCREMENTS} times");
    println!("{:<34} {:>10} {:>22}", "", "median", "range");
    let mut explorers = ["locked", "plain", "mutex", "private"]
        .map(|how| explorer(program, &["increments", how, &INCREMENTS.to_string()]));
    let mut nothing = explorer(program, &["increments", "private", "0"]);
    let (mut speeds, mut private, mut none) = ([const { Vec::new() }; 3], Vec::new(), Vec::new());
    for round in 0..ROUNDS as u64 {
        let run = |explorer: &mut Explorer, runs: u64| {
            let mut seed = round * 1_000;
            per_run(runs, || {
                seed += 1;
                black_box(explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap());
            })
        };
        let [locked, plain, mutex, own] = &mut explorers;
        for (explorer, speeds) in [locked, plain, mutex].into_iter().zip(&mut speeds) {
            speeds.push(1.0 / run(explorer, 20));
        }
        private.push(run(own, SCHEDULES));
        none.push(run(&mut nothing, SCHEDULES));
    }
    let [locked, plain, mutex] = speeds;
    let accesses = f64::from(2 * INCREMENTS);
    let cost = locked.iter().zip(&private).map(|(speed, own)| (1.0 / speed - own) * 1e6 / accesses);
    row("µs a shared access", cost.collect());
    row("schedules a second, locked", locked);
    row("schedules a second, unlocked", plain);
    row("schedules a second, under a mutex", mutex);
    let against = private.iter().zip(&none).map(|(own, none)| own / none);
    row("private increments against none", against.collect());
}

/// Resident memory of this process while it runs 100,000 schedules.
fn memory(program: &Path) {
    println!("\nresident memory of the tracer, KiB");
    let mut explorer = explorer(program, &["handful"]);
    for seed in 0..=100_000 {
        if [1_000, 10_000, 100_000].contains(&seed) {
            println!("after {seed:>7} schedules {:>10}", resident_kib());
        }
        black_box(explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap());
    }
}

/// Seconds for one of `runs` runs.
fn per_run(runs: u64, mut run: impl FnMut()) -> f64 {
    let began = Instant::now();
    for _ in 0..runs {
        run();
    }
    began.elapsed().as_secs_f64() / runs as f64
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn row(name: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let (least, most) = (values[0], values[values.len() - 1]);
    let range = format!("{least:.3} to {most:.3}");
    println!("{name:<34} {:>10.3} {range:>22}", values[values.len() / 2]);
}

fn explorer(program: &Path, args: &[&str]) -> Explorer {
    let args = args.iter().map(|&arg| arg.to_owned()).collect();
    let limits = Limits { seconds: 60, processes: 16, memory_mib: 256, output_kib: 64 };
    Explorer::launch(Subject::new(program, args, limits)).unwrap()
}

/// The guests, which cargo builds for benchmarks as for tests.
fn guests() -> PathBuf {
    let bench = env::current_exe().unwrap();
    let program = bench.parent().unwrap().parent().unwrap().join("examples/guest");
    assert!(
        program.is_file(),
        "build the guests first: cargo build --release -p forklings-tracer --example guest"
    );
    program
}

/// What the figures were measured on.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name\t: "));
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    format!(
        "{count} × {}, kernel {}, load {}",
        model.unwrap_or("unknown processor"),
        kernel.trim(),
        load.split(' ').next().unwrap_or("unknown")
    )
}

/// Source: `proc_pid_statm(5)`.
fn resident_kib() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4
}

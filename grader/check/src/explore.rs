//! Runs a scenario under many schedules, judges every run, and keeps for each broken rule the
//! schedule that shows it best.

use crate::confirm::confirm;
use crate::natural;
use crate::record;
use crate::replay::{self, Requested};
use crate::scenario::Check;
use crate::settings;
use crate::smaller::smaller;
use forklings_course::load_exercise;
use forklings_model::{
    Demand, End, Explored, Failure, Finding, Judgement, Outcome, Rule, Schedule, Trace,
};
use forklings_report::sentence::end::given_up;
use forklings_rules::is_library_s_own;
use forklings_tracer::{Exploration, Explorer, Plan, Subject, TracerError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Failing schedules after which there is nothing more to learn about how often.
const ENOUGH: u32 = 50;

/// CPU seconds that one run may use, where its exercise allows as many. A run takes milliseconds of
/// them: who needs seconds is in a loop without an end, and every test would wait for it again.
const CPU_SECONDS: u32 = 2;

/// Explores a scenario.
pub(crate) fn explore(check: &Check) -> Judgement {
    let mut explored = Explored::default();
    let outcome =
        try_explore(check, &mut explored).unwrap_or_else(|reason| Outcome::GraderError { reason });
    judgement(check, explored, outcome)
}

/// Runs only the schedule of a file.
pub(crate) fn replay(check: &Check, requested: &Requested) -> Judgement {
    let mut explored = Explored { schedules: 1, distinct_orders: 1, ..Explored::default() };
    let outcome = match requested.stranger(check) {
        Some(reason) => Outcome::GraderError { reason },
        None => replay_one(check, requested, &mut explored)
            .unwrap_or_else(|reason| Outcome::GraderError { reason }),
    };
    judgement(check, explored, outcome)
}

/// The grader could not even begin.
pub(crate) fn grader_error(check: &Check, reason: String) -> Judgement {
    judgement(check, Explored::default(), Outcome::GraderError { reason })
}

fn judgement(check: &Check, explored: Explored, outcome: Outcome) -> Judgement {
    let test = check.subject.test.clone();
    Judgement {
        exercise: check.subject.exercise.clone(),
        task: test.split("::").next().unwrap_or_default().to_owned(),
        test,
        scenario: check.scenario.clone(),
        demands: check.demands.clone(),
        faults: check.faults.clone(),
        explored,
        inspected: None,
        outcome,
        manifest: check.subject.manifest.clone(),
    }
}

/// What one rule was broken by first.
struct Shown {
    finding: Finding,
    schedule: Schedule,
    number: u32,
    times: u32,
    trace: Trace,
}

fn try_explore(check: &Check, explored: &mut Explored) -> Result<Outcome, String> {
    settings::seed()?;
    let program = program(check)?;
    let plan = Plan { faults: check.faults.clone(), ..Plan::new(settings::schedules()?) };
    let mut explorer = launch(check, &program)?;
    let mut exploration = Exploration::new(plan);
    explored.isolation = explorer.isolation();
    let mut failed = 0;
    let mut shown: BTreeMap<Rule, Shown> = BTreeMap::new();
    while let Some(trace) = exploration.next(&mut explorer).map_err(|error| error.to_string())? {
        if let End::Abandoned { reason, stuck } = &trace.end {
            return Err(given_up(reason, stuck, &trace));
        }
        *explored = exploration.explored();
        record::exploring(&check.subject.test, explored.schedules);
        let findings = forklings_rules::verdict(&trace, &check.demands, &check.waivers);
        let hopeless = findings.iter().any(|finding| is_final(finding.rule(), &trace.end));
        failed += u32::from(!findings.is_empty());
        note(&mut shown, findings, &trace, explored.schedules - 1);
        if hopeless || failed >= ENOUGH {
            break;
        }
        if !shown.is_empty() {
            // How often it fails is worth knowing, and a shorter run is easier to read.
            exploration.go_on_when_saturated();
        }
    }
    if shown.is_empty() {
        return Ok(natural::beside(check, explorer, explored));
    }
    let mut failures: Vec<Failure> = Vec::new();
    for shown in shown.into_values() {
        let (schedule, number) = (shown.schedule.clone(), shown.number);
        let mut failure = show(check, &mut explorer, &program, shown);
        if is_library_s_own(&failure.finding, &failure.trace) {
            continue;
        }
        let Some(finding) = confirm(&mut explorer, &schedule, failure.finding) else { continue };
        failure.finding = finding;
        // The first one is the one that the message is about.
        if failures.is_empty()
            && !is_final(failure.rule(), &failure.trace.end)
            && let Some((finding, trace)) =
                smaller(check, &mut explorer, &failure, explored.schedules)
        {
            (failure.finding, failure.trace) = (finding, trace);
            let schedule = &failure.trace.schedule;
            failure.replay = replay::save(check, &program, number, schedule).or(failure.replay);
        }
        failure.trace.abridge();
        failures.push(failure);
    }
    Ok(if failures.is_empty() { Outcome::Passed } else { Outcome::Failed { failures } })
}

fn replay_one(
    check: &Check,
    requested: &Requested,
    explored: &mut Explored,
) -> Result<Outcome, String> {
    let program = program(check)?;
    let mut explorer = launch(check, &program)?;
    explored.isolation = explorer.isolation();
    let mut trace = explorer.replay(&requested.file.schedule).map_err(|error| {
        if let TracerError::Misfit(misfit) = error {
            requested.misfit(misfit)
        } else {
            error.to_string()
        }
    })?;
    explored.unmodelled.clone_from(&trace.unmodelled);
    explored.not_replayable = u32::from(!trace.replayable);
    if let End::Abandoned { reason, stuck } = &trace.end {
        return Err(given_up(reason, stuck, &trace));
    }
    let findings = forklings_rules::verdict(&trace, &check.demands, &check.waivers);
    trace.abridge();
    let failures: Vec<Failure> = findings
        .into_iter()
        .filter(|finding| !is_library_s_own(finding, &trace))
        .filter_map(|finding| confirm(&mut explorer, &requested.file.schedule, finding))
        .map(|finding| Failure {
            finding,
            shown_in: 1,
            trace: trace.clone(),
            replay: Some(requested.path.clone()),
        })
        .collect();
    Ok(if failures.is_empty() { Outcome::Passed } else { Outcome::Failed { failures } })
}

/// Keeps the finding of each rule that the shortest run shows: it is the easiest to read.
fn note(shown: &mut BTreeMap<Rule, Shown>, findings: Vec<Finding>, trace: &Trace, number: u32) {
    let mut seen = BTreeSet::new();
    for finding in findings {
        let rule = finding.rule();
        if !seen.insert(rule) {
            continue;
        }
        let times = shown.get(&rule).map_or(0, |s| s.times) + 1;
        let better = shown.get(&rule).is_none_or(|s| trace.events.len() < s.trace.events.len());
        if better {
            let (schedule, trace) = (trace.schedule.clone(), trace.clone());
            shown.insert(rule, Shown { finding, schedule, number, times, trace });
        } else if let Some(shown) = shown.get_mut(&rule) {
            shown.times = times;
        }
    }
}

/// Runs the failing schedule once more with call stacks, and saves it.
fn show(check: &Check, explorer: &mut Explorer, program: &Path, shown: Shown) -> Failure {
    let rule = shown.finding.rule();
    let again = explorer.show(&shown.trace).ok().and_then(|trace| {
        let findings = forklings_rules::verdict(&trace, &check.demands, &check.waivers);
        let finding = findings.into_iter().find(|finding| finding.rule() == rule)?;
        Some((finding, trace))
    });
    // Where a run cannot be repeated, what was seen stands, without its lines of code.
    let (finding, trace) = again.unwrap_or((shown.finding, shown.trace));
    let replay = if trace.replayable && rule != Rule::TodoLeft {
        replay::save(check, program, shown.number, &shown.schedule)
    } else {
        None
    };
    Failure { finding, shown_in: shown.times, trace, replay }
}

fn program(check: &Check) -> Result<std::path::PathBuf, String> {
    let program = check.subject.program.clone().ok_or_else(|| {
        format!("no program to judge: set {} to the path of one", settings::SUBJECT)
    })?;
    program.canonicalize().map_err(|error| format!("cannot run {}: {error}", program.display()))
}

fn launch(check: &Check, program: &Path) -> Result<Explorer, String> {
    let exercise = load_exercise(&check.subject.folder).map_err(|error| error.to_string())?;
    let mut args = vec![check.scenario.name.clone()];
    args.extend(check.scenario.args.iter().cloned());
    let mut subject = Subject::new(program, args, exercise.limits);
    subject.stdin.clone_from(&check.scenario.stdin);
    subject.cpu_seconds = Some(exercise.limits.seconds.min(CPU_SECONDS));
    subject.wanted = settings::isolation()?;
    if check.demands.iter().any(Demand::is_about_memory) {
        subject.follow_memory();
    }
    // A submission's sources lie beside its program; a student's own are the exercise's.
    let beside = subject.program.parent().map(Path::to_path_buf);
    let beside = beside.filter(|folder| folder.join("src").is_dir());
    subject.sources = beside.into_iter().chain([exercise.folder]).collect();
    Explorer::launch(subject).map_err(|error| error.to_string())
}

/// What other schedules would tell nothing new after, or would take as long again.
fn is_final(rule: Rule, end: &End) -> bool {
    let is_limit = matches!(
        rule,
        Rule::TodoLeft
            | Rule::TimeLimit
            | Rule::ProcessLimit
            | Rule::MemoryLimit
            | Rule::OutputLimit
    );
    // Named in the place of the limit that they lead to.
    let is_cause =
        matches!(rule, Rule::TaskRunTwice | Rule::TooManyWorkers | Rule::WorkerDeathIgnored);
    let at_limit = !matches!(end, End::Root { .. } | End::Deadlock { .. } | End::Abandoned { .. });
    is_limit || (is_cause && at_limit)
}

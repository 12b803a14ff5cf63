//! What `forklings explore --json` writes, and the schema of it.

use crate::message::places;
use crate::sentence;
use crate::terminal::remark;
use forklings_model::{Ending, Failure, Output, Stopped, Survey};
use serde_json::{Value, json};

/// The JSON Schema of what `forklings explore --json` writes.
pub const SURVEY_SCHEMA: &str = include_str!("../../survey.schema.json");

/// What exploring found out, as JSON, ending with a newline.
///
/// # Errors
/// Fails when a path within is not UTF-8.
pub fn survey(survey: &Survey) -> Result<String, serde_json::Error> {
    let explored = &survey.explored;
    let (stopped, reason) = match &survey.stopped {
        Stopped::Done => ("done", None),
        Stopped::Enough => ("enough", None),
        Stopped::Interrupted => ("interrupted", None),
        Stopped::Failed(reason) => ("failed", Some(reason)),
    };
    let findings =
        survey.failures.iter().map(finding).collect::<Result<Vec<Value>, serde_json::Error>>()?;
    let listed: Vec<Value> = survey
        .listed
        .iter()
        .map(|(finding, shown_in)| {
            let happened = sentence::without_trace(finding);
            json!({"rule": finding.rule(), "shown_in": shown_in, "happened": happened})
        })
        .collect();
    let mut value = json!({
        "version": 1,
        "program": survey.command.program,
        "args": survey.command.args,
        "demands": survey.command.demands,
        "faults": survey.faults,
        "schedules": explored.schedules,
        "distinct_orders": explored.distinct_orders,
        "exhausted": explored.exhausted,
        "preemptions": explored.preemptions,
        "saturated": explored.saturated,
        "given_up": survey.given_up,
        "not_replayable": explored.not_replayable,
        "unmodelled": explored.unmodelled,
        "late_timeouts": explored.late_timeouts,
        "unwatched_memory": explored.unwatched_memory,
        "isolation": explored.isolation,
        "stopped": stopped,
        "reason": reason,
        "findings": findings,
        "unconfirmed": survey.unconfirmed,
        "outputs": survey.outputs.iter().map(output).collect::<Vec<Value>>(),
        "differs": survey.differs(),
        "listed": listed,
        "remarks": survey.remarks.iter().map(remark).collect::<Vec<String>>(),
    });
    if let Some(natural) = &explored.natural {
        value["natural"] = serde_json::to_value(natural)?;
    }
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

fn finding(failure: &Failure) -> Result<Value, serde_json::Error> {
    let (finding, trace) = (&failure.finding, &failure.trace);
    let said = sentence::explain(finding, trace);
    let places: Vec<Value> = places(finding, trace)
        .into_iter()
        .map(|(what, place)| json!({"what": what, "place": place.to_string(), "text": place.text}))
        .collect();
    Ok(json!({
        "rule": finding.rule(),
        "weight": finding.weight,
        "shown_in": failure.shown_in,
        "expected": said.expected,
        "happened": said.happened,
        "likely": said.likely,
        "places": places,
        "detail": serde_json::to_value(&finding.detail)?,
        "replay": failure.replay,
    }))
}

fn output(output: &Output) -> Value {
    let (status, signal) = match output.ending {
        Some(Ending::Exited(status)) => (Some(status), None),
        Some(Ending::Killed(signal)) => (None, Some(signal.to_string())),
        None => (None, None),
    };
    json!({
        "stdout": String::from_utf8_lossy(&output.stdout),
        "stderr": String::from_utf8_lossy(&output.stderr),
        "shortened": output.shortened,
        "exit_status": status,
        "signal": signal,
        "failed_fork": output.failed_fork,
        "struck": output.struck,
        "schedules": output.schedules,
        "broke_no_rule": output.clean,
        "replay": output.replay,
    })
}

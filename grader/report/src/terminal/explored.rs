//! What was tried before a verdict was given, said honestly.

use crate::escape::line;
use crate::sentence::{
    self,
    name::{count, list},
};
use forklings_model::Explored;

/// One sentence on what was tried without a failure, and how much that proves, with a newline.
#[must_use]
pub fn explored(explored: &Explored) -> String {
    format!("{}{}\n", claim(explored), reservations(explored))
}

/// One sentence on what was tried where failures were found, with a newline: nothing is claimed of
/// how often, as nobody asked for that.
pub(super) fn attempted(explored: &Explored) -> String {
    let schedules = count(explored.schedules.into(), "schedule", "schedules");
    let orders = count(explored.distinct_orders.into(), "distinct order", "distinct orders");
    let all = if explored.exhausted { ": every one that there is (exhausted)" } else { "" };
    format!("{schedules}, {orders}{all}{}\n", reservations(explored))
}

/// What limits the sentence before it.
fn reservations(explored: &Explored) -> String {
    let mut text = String::new();
    if let Some(nothing_new) = explored.saturated {
        text += &format!("; stopped there, since {nothing_new} in a row brought no new order");
    }
    if explored.late_timeouts {
        text += "; time-outs and alarms ended only when nobody else could go on (explore --faults \
                 early-timeout lets them end before)";
    }
    if explored.unwatched_memory {
        text += "; accesses to shared memory were not all decisions";
    }
    if let Some(natural) = &explored.natural {
        text += &format!("; {}", sentence::unwatched::beside(natural));
    }
    text += &format!("; isolation: {}", explored.isolation.level());
    if explored.not_replayable > 0 {
        let runs = count(explored.not_replayable.into(), "run", "runs");
        text += &format!("; not exactly replayable: {runs}");
    }
    if !explored.unmodelled.is_empty() {
        let calls: Vec<String> = explored.unmodelled.iter().map(|call| line(call)).collect();
        text += &format!("; not controlled: {}", list(&calls, 4));
    }
    text
}

/// What follows from it. Nothing is claimed of schedules that were neither tried nor drawn from.
fn claim(explored: &Explored) -> String {
    let orders = count(explored.distinct_orders.into(), "distinct order", "distinct orders");
    if explored.schedules == 0 {
        return "no schedule ran: nothing is known".to_owned();
    }
    if explored.exhausted {
        let all = match explored.distinct_orders {
            1 => "the one distinct order there is".to_owned(),
            _ => format!("any of the {orders} there are"),
        };
        return format!(
            "no failure in {all}: every schedule of visible calls for this input was tried \
             (exhausted)"
        );
    }
    let schedules = count(explored.schedules.into(), "schedule", "schedules");
    let drawn = match explored.drawn {
        0 => String::new(),
        n => format!(" ({n} of them drawn at random)"),
    };
    let tried = format!("no failure in {schedules}{drawn}, {orders}");
    let bound = explored.preemptions.map(|most| {
        let most = match most {
            0 => "without a preemption".to_owned(),
            n => format!("with at most {}", count(n.into(), "preemption", "preemptions")),
        };
        format!("every schedule {most} at visible calls for this input was tried")
    });
    let rate = (explored.drawn > 0).then(|| {
        // With no failure in n independent tries, 0.05^(1/n), about 1 - 3/n, is the largest rate of
        // success that 95 % confidence excludes.
        let most = (1.0 - 0.05_f64.powf(1.0 / f64::from(explored.drawn))) * 100.0;
        format!("at most {most:.1} % of schedules so drawn fail (95 %)")
    });
    match (bound, rate) {
        (Some(bound), Some(rate)) => format!("{tried}: {bound}; beyond that, {rate}"),
        (Some(only), None) | (None, Some(only)) => format!("{tried}: {only}"),
        (None, None) => format!("{tried}: nothing follows for others"),
    }
}

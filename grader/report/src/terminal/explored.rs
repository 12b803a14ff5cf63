//! What was tried before a verdict was given, said honestly.

use crate::escape::line;
use crate::sentence::name::{count, list};
use forklings_model::Explored;

/// One sentence on what was tried without a failure, and how much that proves.
#[must_use]
pub fn explored(explored: &Explored) -> String {
    let schedules = count(explored.schedules.into(), "schedule", "schedules");
    let orders = count(explored.distinct_orders.into(), "distinct order", "distinct orders");
    let mut text = match explored.schedules {
        0 => "no schedule ran: nothing is known".to_owned(),
        _ if explored.exhausted => {
            format!("no failure in any of the {orders} there are: every one was tried (exhausted)")
        }
        n => {
            // With no failure in n independent tries, 0.05^(1/n) is the largest rate of success
            // that 95 % confidence excludes.
            let most = (1.0 - 0.05_f64.powf(1.0 / f64::from(n))) * 100.0;
            format!(
                "no failure in {schedules}, {orders}: at most {most:.1} % of such schedules fail \
                 (95 %)"
            )
        }
    };
    text.push_str(&format!("; isolation: {}", explored.isolation.level()));
    if !explored.unmodelled.is_empty() {
        let calls: Vec<String> = explored.unmodelled.iter().map(|call| line(call)).collect();
        text.push_str(&format!("; not controlled: {}", list(&calls, 4)));
    }
    text.push('\n');
    text
}

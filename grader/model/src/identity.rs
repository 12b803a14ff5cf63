//! Whether two findings, of two runs of one subject, are one failure: the same rule, the same demand,
//! the same place in the code.

use crate::{Demand, Detail, Finding, Trace};

impl Finding {
    /// Whether another run's finding is the same failure as far as it can be told without call
    /// stacks: of the same rule, of the same weight, and about the same demand where it is about one.
    #[must_use]
    pub fn is_same_failure(&self, other: &Self) -> bool {
        let key = |finding: &Self| (finding.rule(), finding.weight);
        key(self) == key(other) && self.detail.demand() == other.detail.demand()
    }

    /// Whether two findings, each of a run with call stacks, point to the same lines of code.
    #[must_use]
    pub fn is_in_same_place(&self, own: &Trace, other: &Self, others: &Trace) -> bool {
        let line = |trace: &Trace, finding: &Self| {
            let line = trace.line(finding.site?)?;
            Some((line.file.clone(), line.line))
        };
        line(own, self) == line(others, other)
    }
}

impl Detail {
    /// The demand that was not met, where the rule is about demands.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "few of many rules are about a demand")]
    pub const fn demand(&self) -> Option<&Demand> {
        match self {
            Self::TooManyProcesses { demand, .. }
            | Self::TooManyWorkers { demand, .. }
            | Self::NotParallel { demand, .. }
            | Self::ResultOrder { demand, .. }
            | Self::MaskNotRestored { demand, .. }
            | Self::HandlerNotRestored { demand, .. }
            | Self::MappingLeft { demand, .. }
            | Self::MemoryLeaked { demand, .. }
            | Self::OrderBySleep { demand, .. }
            | Self::OrderViolated { demand }
            | Self::OutputWrong { demand, .. }
            | Self::DiffersUnwatched { demand, .. } => Some(demand),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Stream, Weight};

    fn finding(text: &str, actual: &str, weight: Weight) -> Finding {
        let demand = Demand::Is { stream: Stream::Stdout, text: text.to_owned() };
        let detail = Detail::OutputWrong { demand, actual: actual.to_owned() };
        Finding { detail, weight, evidence: Vec::new(), site: None, origin: None }
    }

    #[test]
    fn one_demand_that_is_not_met_in_two_ways_is_one_failure() {
        let found = finding("a", "b", Weight::Accuses);
        assert!(found.is_same_failure(&finding("a", "c", Weight::Accuses)));
        assert!(!found.is_same_failure(&finding("x", "b", Weight::Accuses)));
        assert!(!found.is_same_failure(&finding("a", "b", Weight::Explains)));
    }
}

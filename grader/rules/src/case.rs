//! What a rule is given: one run, and what the test demands of it. Also the small words with which
//! rules write findings.

use crate::index::Index;
use forklings_model::{Demand, Detail, Ending, Finding, SiteId, Trace, Weight};

/// One run, and what the test demands of it.
pub(crate) struct Case<'a> {
    /// The run.
    pub(crate) run: Index<'a>,
    /// Everything that is demanded; empty when a trace is judged alone.
    pub(crate) demands: &'a [Demand],
}

impl<'a> Case<'a> {
    /// Reads the trace.
    pub(crate) fn new(trace: &'a Trace, demands: &'a [Demand]) -> Self {
        Self { run: Index::new(trace), demands }
    }

    /// The trace.
    pub(crate) fn trace(&self) -> &'a Trace {
        self.run.trace
    }

    /// Whether the test demands that the root ends like this.
    pub(crate) fn demands_ending(&self, ending: Ending) -> bool {
        self.demands.contains(&Demand::Ends(ending))
    }
}

/// A finding that rejects by itself.
pub(crate) fn accuse(detail: Detail, evidence: impl IntoIterator<Item = u32>) -> Finding {
    let mut evidence: Vec<u32> = evidence.into_iter().collect();
    evidence.sort_unstable();
    evidence.dedup();
    Finding { detail, weight: Weight::Accuses, evidence, site: None, origin: None }
}

/// A finding that only explains another.
pub(crate) fn explain(detail: Detail, evidence: impl IntoIterator<Item = u32>) -> Finding {
    Finding { weight: Weight::Explains, ..accuse(detail, evidence) }
}

/// Where to look.
pub(crate) trait At {
    /// The place to look at first.
    fn at(self, site: Option<SiteId>) -> Self;
    /// A second place that belongs to it.
    fn from(self, origin: Option<SiteId>) -> Self;
}

impl At for Finding {
    fn at(self, site: Option<SiteId>) -> Self {
        Self { site, ..self }
    }

    fn from(self, origin: Option<SiteId>) -> Self {
        Self { origin, ..self }
    }
}

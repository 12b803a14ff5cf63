//! Judges a run of a program that nobody wrote a contract for: what is wrong in every program is
//! accused, and what most programs do without harm is only listed.

use crate::case::Case;
use crate::{busy_wait, fd_inherited, fd_leaked, is_abandoned, verdict};
use forklings_model::{Demand, Finding, Rule, Trace, Waiver};

/// What most programs do somewhere and few are to be blamed for: descriptors are left to the kernel
/// at the end or to an executed program, and a short spin may be meant.
const LISTED: [Rule; 3] = [Rule::BusyWait, Rule::FdInherited, Rule::FdLeaked];

/// What a run of a program without a contract shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What is wrong, sorted by precedence. Explanations stand only beside something that accuses.
    pub findings: Vec<Finding>,
    /// What is worth a look, and no more.
    pub listed: Vec<Finding>,
}

/// Judges a run by the rules that need no contract, and by what its user demands. A run that was
/// abandoned shows nothing.
#[must_use]
pub fn without_contract(trace: &Trace, demands: &[Demand], waivers: &[Waiver]) -> Seen {
    if is_abandoned(trace) {
        return Seen::default();
    }
    let waived = |rule: Rule| waivers.iter().any(|waiver| waiver.rule == rule);
    let unasked = LISTED.map(|rule| Waiver { rule, reason: "it is only listed".to_owned() });
    let waivers: Vec<Waiver> = waivers.iter().cloned().chain(unasked).collect();
    let case = Case::new(trace, demands);
    let listed = [busy_wait::find, fd_inherited::find, fd_leaked::find]
        .iter()
        .flat_map(|find| find(&case))
        .filter(|finding| !waived(finding.rule()))
        .collect();
    Seen { findings: verdict(trace, demands, &waivers), listed }
}

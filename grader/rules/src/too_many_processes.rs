//! too-many-processes: more processes than the contract asks for. Its page:
//! `docs/rules/too-many-processes.md`.

use crate::case::{At, Case, accuse};
use crate::tree::widest;
use forklings_model::{Demand, Detail, Event, EventKind, Finding, ProcId};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let (allowed, seen) = match demand {
        Demand::Forks(allowed) => (usize::try_from(*allowed).ok()?, case.run.forks()),
        Demand::Tree { parents, .. } => (parents.len(), case.run.forks()),
        Demand::AtMostAlive(allowed) => (usize::try_from(*allowed).ok()?, most_alive(case).0),
        _ => return None,
    };
    if seen <= allowed {
        return None;
    }
    let culprit = match demand {
        Demand::AtMostAlive(_) => None,
        Demand::Tree { parents, .. } => culprit(case, widest(parents), parents),
        _ => culprit(case, 1, &[]),
    };
    let forks: Vec<&Event> = case
        .trace()
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Forked { .. }))
        .collect();
    let guilty = match demand {
        Demand::AtMostAlive(_) => most_alive(case).1,
        _ => {
            let its = forks.iter().find(|event| Some(event.task.proc) == culprit);
            its.or(forks.get(allowed)).copied()
        }
    };
    let detail = Detail::TooManyProcesses {
        demand: demand.clone(),
        seen: u32::try_from(seen).unwrap_or(u32::MAX),
        culprit,
    };
    let born = culprit.and_then(|proc| case.run.life(proc)?.forked);
    let reaped = case.run.children(ProcId::ROOT).filter_map(|child| child.reaped);
    let reaped = reaped.filter(|_| matches!(demand, Demand::AtMostAlive(_))).map(|r| r.seq);
    let evidence = forks.iter().take(allowed + 1).map(|event| event.seq).chain(born).chain(reaped);
    let finding = accuse(detail, evidence.chain(guilty.map(|event| event.seq)));
    let born_at = born.and_then(|seq| case.run.site(seq));
    Some(finding.at(guilty.and_then(|event| event.site)).from(born_at))
}

/// The most children of the root at once, and the fork with which it came to that.
fn most_alive<'a>(case: &Case<'a>) -> (usize, Option<&'a Event>) {
    let children: Vec<_> = case.run.children(ProcId::ROOT).collect();
    let born = children.iter().filter_map(|child| child.forked);
    let alive_at = |seq: u32| {
        let alive = children.iter().filter(|child| {
            let gone = child.reaped.map(|reaping| reaping.seq);
            let gone = gone.or(child.discarded.map(|(seq, _)| seq));
            child.forked.is_some_and(|forked| forked <= seq) && gone.is_none_or(|gone| gone > seq)
        });
        alive.count()
    };
    let counts: Vec<(usize, u32)> = born.map(|seq| (alive_at(seq), seq)).collect();
    let most = counts.iter().map(|(alive, _)| *alive).max().unwrap_or(0);
    let first = counts.iter().filter(|(alive, _)| *alive == most).map(|(_, seq)| *seq).min();
    (most, first.and_then(|seq| case.run.event(seq)))
}

/// A process that went on with its parent's loop, if one can be named for sure: where the demanded
/// tree is a fan, any child that forks; else a child that forks where it was forked itself and has
/// more children than any process of the demanded tree.
fn culprit(case: &Case<'_>, widest: usize, parents: &[u32]) -> Option<ProcId> {
    let fan = !parents.is_empty() && parents.iter().all(|parent| *parent == 0);
    let guilty = case.run.lives().filter(|life| life.proc != ProcId::ROOT).find(|life| {
        let children: Vec<_> = case.run.children(life.proc).collect();
        let site = |seq: Option<u32>| seq.and_then(|seq| case.run.site(seq));
        let here = site(life.forked);
        let same_place = here.is_some() && children.iter().any(|child| site(child.forked) == here);
        !children.is_empty() && (fan || (same_place && children.len() > widest))
    });
    guilty.map(|life| life.proc)
}

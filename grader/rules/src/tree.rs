//! Shapes of process trees, compared as unordered trees.

use crate::index::Index;
use forklings_model::ProcId;

/// A tree without names: the shapes of its children, in a fixed order, so that two trees are equal
/// when they differ only in the order of birth.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shape(Vec<Shape>);

impl Shape {
    /// The tree below the root of a run.
    pub(crate) fn of_run(run: &Index<'_>) -> Self {
        fn below(run: &Index<'_>, proc: ProcId) -> Shape {
            Shape::sorted(run.children(proc).map(|child| below(run, child.proc)).collect())
        }
        below(run, ProcId::ROOT)
    }

    /// The tree that a demand writes down: index `i` holds the parent of node `i + 1`.
    pub(crate) fn of_parents(parents: &[u32]) -> Self {
        fn below(parents: &[u32], node: u32) -> Shape {
            let children = (1_u32..).zip(parents).filter(|(child, parent)| {
                // A parent is always older, which also ends the recursion.
                **parent == node && *child > node
            });
            Shape::sorted(children.map(|(child, _)| below(parents, child)).collect())
        }
        below(parents, 0)
    }

    fn sorted(mut children: Vec<Shape>) -> Self {
        children.sort_unstable();
        Self(children)
    }
}

/// The most children that a node of the demanded tree has.
pub(crate) fn widest(parents: &[u32]) -> usize {
    let children = |node: &u32| parents.iter().filter(|parent| *parent == node).count();
    parents.iter().map(children).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_birth_does_not_matter_and_the_shape_does() {
        let shape = Shape::of_parents;
        assert_eq!(shape(&[0, 0, 1]), shape(&[0, 0, 2]));
        assert_ne!(shape(&[0, 0, 0]), shape(&[0, 1, 2]));
        assert_eq!(widest(&[0, 0, 1]), 2);
    }
}

//! Cycles of a graph: its strongly connected components of more than one node (Tarjan's algorithm).

use std::collections::BTreeMap;

/// The components with more than one node, the largest first.
pub(crate) fn cycles<'g>(edges: &BTreeMap<&'g str, Vec<&'g str>>) -> Vec<Vec<&'g str>> {
    let mut search = Search {
        edges,
        found: BTreeMap::new(),
        stack: Vec::new(),
        components: Vec::new(),
    };
    for node in edges.keys() {
        if !search.found.contains_key(node) {
            search.visit(node);
        }
    }
    let mut components = search.components;
    components.sort_by_key(|nodes| std::cmp::Reverse(nodes.len()));
    components
}

struct Search<'e, 'g> {
    edges: &'e BTreeMap<&'g str, Vec<&'g str>>,
    /// The number of each visited node, and the smallest number that it reaches; `usize::MAX` once its component is
    /// complete.
    found: BTreeMap<&'g str, (usize, usize)>,
    stack: Vec<&'g str>,
    components: Vec<Vec<&'g str>>,
}

impl<'g> Search<'_, 'g> {
    fn visit(&mut self, node: &'g str) -> usize {
        let number = self.found.len();
        self.found.insert(node, (number, number));
        self.stack.push(node);
        let mut low = number;
        for next in self.edges.get(node).into_iter().flatten() {
            low = low.min(match self.found.get(next) {
                Some((_, complete)) if *complete == usize::MAX => continue,
                Some((number, _)) => *number,
                None => self.visit(next),
            });
        }
        if low == number {
            let at = self
                .stack
                .iter()
                .rposition(|n| *n == node)
                .unwrap_or_default();
            let component = self.stack.split_off(at);
            for node in &component {
                self.found.insert(node, (number, usize::MAX));
            }
            if component.len() > 1 {
                self.components.push(component);
            }
        } else {
            self.found.insert(node, (number, low));
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_found_and_a_diamond_is_none() {
        let edges = BTreeMap::from([
            ("a", vec!["b", "c"]),
            ("b", vec!["d"]),
            ("c", vec!["d"]),
            ("d", vec![]),
            ("e", vec!["f"]),
            ("f", vec!["g"]),
            ("g", vec!["e", "a"]),
        ]);
        let mut found = cycles(&edges);
        found[0].sort_unstable();
        assert_eq!(found, [["e", "f", "g"]]);
    }
}

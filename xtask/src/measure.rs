//! `cargo xtask measure`: sizes, comments and cycles of the tree.

use crate::{
    members::PROGRAMS,
    tree::{Tree, cycles},
};

/// Prints one row for each member, and each cycle.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn run() -> anyhow::Result<()> {
    println!(
        "| crate | files | lines: median · p90 · max | functions: median · p90 · max | doc % | comment % | module cycles | file cycles |"
    );
    println!("|---|---:|---|---|---:|---:|---:|---|");
    let (mut all, mut knots) = (Vec::new(), Vec::new());
    for (member, library) in PROGRAMS {
        let tree = Tree::read(member, library)?;
        let modules = cycles(&tree.module_edges()).len();
        let edges = tree.edges();
        let files = cycles(&edges);
        for cycle in &files {
            knots.push(cycle.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
        }
        let sizes: Vec<usize> = files.iter().map(Vec::len).collect();
        let row = Sums::of(&tree);
        row.print(member, &modules.to_string(), &format!("{sizes:?}"));
        all.push(row);
    }
    let total = all.into_iter().fold(Sums::default(), Sums::plus);
    total.print("all", "", "");
    for knot in knots {
        println!("\nfile cycle of {}:\n  {}", knot.len(), knot.join("\n  "));
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Sums {
    lines: Vec<usize>,
    functions: Vec<usize>,
    doc: usize,
    comment: usize,
}

impl Sums {
    fn of(tree: &Tree) -> Self {
        let files = || tree.files.values();
        Self {
            lines: files().map(|f| f.lines).collect(),
            functions: files()
                .flat_map(|f| f.functions.iter().map(|(lines, _)| *lines))
                .collect(),
            doc: files().map(|f| f.doc_lines).sum(),
            comment: files().map(|f| f.comment_lines).sum(),
        }
    }

    fn plus(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self.functions.extend(other.functions);
        self.doc += other.doc;
        self.comment += other.comment;
        self
    }

    fn print(&self, member: &str, modules: &str, files: &str) {
        let total: usize = self.lines.iter().sum();
        let share = |n: usize| 100.0 * n as f64 / total.max(1) as f64;
        println!(
            "| {member} | {} | {} | {} | {:.1} | {:.1} | {modules} | {files} |",
            self.lines.len(),
            spread(&self.lines),
            spread(&self.functions),
            share(self.doc),
            share(self.comment),
        );
    }
}

/// Median, 90th percentile and maximum.
fn spread(values: &[usize]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or_default()
    };
    format!("{} · {} · {}", at(50), at(90), at(100))
}

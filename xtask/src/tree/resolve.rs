//! Finds the file that defines what a path names.

use super::{Facts, Tree};

/// Re-exports that are followed from one path.
const HOPS: u32 = 8;

impl Tree {
    /// The file that defines the item of a path that is written in `module`; `None` for another crate's item.
    pub(super) fn definer(&self, module: &[String], path: &[String]) -> Option<&str> {
        self.find(module, path, HOPS)
    }

    fn find(&self, module: &[String], path: &[String], hops: u32) -> Option<&str> {
        if hops == 0 {
            return None;
        }
        let first = path.first()?;
        match first.as_str() {
            "crate" => self.descend(Vec::new(), &path[1..], hops),
            "self" => self.descend(module.to_vec(), &path[1..], hops),
            "super" => {
                let parent = module.get(..module.len().checked_sub(1)?)?;
                // `super::super::x` is read from the parent as `super::x`.
                if path.get(1).is_some_and(|next| next == "super") {
                    return self.find(parent, &path[1..], hops);
                }
                self.descend(parent.to_vec(), &path[1..], hops)
            }
            name if *name == self.library => self.descend(Vec::new(), &path[1..], hops),
            _ => {
                let (_, facts) = self.file(module)?;
                if facts.children.contains(first) {
                    return self.descend(module.to_vec(), path, hops);
                }
                let import = facts.imports.get(first)?;
                if import.first() == Some(first) && import.len() == 1 {
                    return None;
                }
                let whole = [import.as_slice(), &path[1..]].concat();
                self.find(module, &whole, hops - 1)
            }
        }
    }

    /// Follows `rest` from a module, through child modules and re-exports.
    fn descend(&self, mut module: Vec<String>, rest: &[String], hops: u32) -> Option<&str> {
        let mut rest = rest;
        while let Some(next) = rest.first() {
            let deeper = [module.as_slice(), std::slice::from_ref(next)].concat();
            if !self.modules.contains_key(&deeper) {
                break;
            }
            module = deeper;
            rest = &rest[1..];
        }
        let (path, facts) = self.file(&module)?;
        let Some(name) = rest.first() else {
            return Some(path);
        };
        if facts.items.contains(name) {
            return Some(path);
        }
        if let Some(import) = facts.imports.get(name) {
            let whole = [import.as_slice(), &rest[1..]].concat();
            return self.find(&module, &whole, hops - 1);
        }
        let through = |glob: &Vec<String>| {
            let whole = [glob.as_slice(), rest].concat();
            let found = self.find(&module, &whole, hops - 1)?;
            self.files[found].items.contains(name).then_some(found)
        };
        facts.globs.iter().find_map(through).or(Some(path))
    }

    fn file(&self, module: &[String]) -> Option<(&str, &Facts)> {
        let path = self.modules.get(module)?;
        Some((path, self.files.get(path)?))
    }
}

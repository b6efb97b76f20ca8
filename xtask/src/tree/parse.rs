//! Reads one file: the paths it names, the names it imports, and its size.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemMod, UseTree, Visibility,
    spanned::Spanned,
    visit::{self, Visit},
};

/// The facts of one file, without its tests.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Its module path.
    pub(crate) module: Vec<String>,
    /// The paths that its code names, as written, each with the module that it is written in.
    pub(super) paths: BTreeSet<Vec<String>>,
    /// Imported names, with the path of each.
    pub(super) imports: BTreeMap<String, Vec<String>>,
    /// Paths of imports that end in `*`.
    pub(super) globs: Vec<Vec<String>>,
    /// Modules that the file declares.
    pub(super) children: BTreeSet<String>,
    /// Items that the file defines.
    pub(crate) items: BTreeSet<String>,
    /// Named fields of its types.
    pub(crate) fields: BTreeSet<String>,
    /// Lines without tests.
    pub(crate) lines: usize,
    /// Lines of each function, with its name.
    pub(crate) functions: Vec<(usize, String)>,
    /// Lines of doc comments.
    pub(crate) doc_lines: usize,
    /// Lines of other comments.
    pub(crate) comment_lines: usize,
}

/// Parses the text of a file.
pub(super) fn parse(text: &str, module: &[String]) -> syn::Result<Facts> {
    let file = syn::parse_file(text)?;
    let mut facts = Facts {
        module: module.to_vec(),
        ..Facts::default()
    };
    let mut tests = 0;
    for item in &file.items {
        if is_test(attributes(item)) {
            tests += lines(item);
        }
    }
    // Tests are at the end of a file.
    let kept = text.lines().count() - tests;
    facts.lines = kept;
    for line in text.lines().take(kept).map(str::trim_start) {
        if line.starts_with("///") || line.starts_with("//!") {
            facts.doc_lines += 1;
        } else if line.starts_with("//") {
            facts.comment_lines += 1;
        }
    }
    Reader { facts: &mut facts }.visit_file(&file);
    Ok(facts)
}

struct Reader<'f> {
    facts: &'f mut Facts,
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            return;
        }
        if let Some(name) = name(item) {
            self.facts.items.insert(name);
        }
        match item {
            Item::Use(used) => {
                let private = matches!(used.vis, Visibility::Inherited);
                self.tree(&used.tree, &mut Vec::new(), private);
            }
            Item::Fn(f) => self.function(&f.sig.ident, lines(f)),
            Item::Macro(m) => self.made(m.mac.tokens.clone()),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        self.facts
            .fields
            .extend(field.ident.iter().map(ToString::to_string));
        visit::visit_field(self, field);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_none() {
            self.facts.children.insert(item.ident.to_string());
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_impl_item_fn(&mut self, f: &'ast syn::ImplItemFn) {
        self.function(&f.sig.ident, lines(f));
        visit::visit_impl_item_fn(self, f);
    }

    fn visit_trait_item_fn(&mut self, f: &'ast syn::TraitItemFn) {
        if f.default.is_some() {
            self.function(&f.sig.ident, lines(f));
        }
        visit::visit_trait_item_fn(self, f);
    }

    /// `pub(super)` names a module, but uses nothing of it.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|s| s.ident.to_string());
        self.facts.paths.insert(names.collect());
        visit::visit_path(self, path);
    }
}

impl Reader<'_> {
    /// Notes the types that a macro of the crate makes: their names follow `struct`, `enum` or an attribute.
    fn made(&mut self, tokens: TokenStream) {
        let mut begins = false;
        for token in tokens {
            let mut next = false;
            match token {
                TokenTree::Ident(name) => {
                    let name = name.to_string();
                    next = name == "struct" || name == "enum";
                    if begins && name.starts_with(char::is_uppercase) {
                        self.facts.items.insert(name);
                    }
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => next = true,
                TokenTree::Group(group) => self.made(group.stream()),
                _ => {}
            }
            begins = next;
        }
    }

    fn function(&mut self, name: &syn::Ident, lines: usize) {
        self.facts.functions.push((lines, name.to_string()));
    }

    /// Reads one import. A private one is a use of the item; a re-export is not.
    fn tree(&mut self, tree: &UseTree, prefix: &mut Vec<String>, private: bool) {
        let mut import = |name: String, path: Vec<String>| {
            if private {
                self.facts.paths.insert(path.clone());
            }
            self.facts.imports.insert(name, path);
        };
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.tree(&path.tree, prefix, private);
                prefix.pop();
            }
            UseTree::Name(name) if name.ident == "self" => {
                let last = prefix.last().cloned().unwrap_or_default();
                import(last, prefix.clone());
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                import(name.clone(), [prefix.as_slice(), &[name]].concat());
            }
            UseTree::Rename(name) => {
                let path = [prefix.as_slice(), &[name.ident.to_string()]].concat();
                import(name.rename.to_string(), path);
            }
            UseTree::Glob(_) => {
                if private {
                    self.facts.paths.insert(prefix.clone());
                }
                self.facts.globs.push(prefix.clone());
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, prefix, private);
                }
            }
        }
    }
}

/// Lines of an item, with its attributes and doc comments.
fn lines(item: &impl Spanned) -> usize {
    let span = item.span();
    span.end().line + 1 - span.start().line
}

fn is_test(attributes: &[Attribute]) -> bool {
    let test = |a: &Attribute| {
        let named = |list: &syn::MetaList| list.tokens.to_string().contains("test");
        a.path().is_ident("test")
            || (a.path().is_ident("cfg") && a.meta.require_list().is_ok_and(named))
    };
    attributes.iter().any(test)
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(i) => i.ident.to_string(),
        Item::Enum(i) => i.ident.to_string(),
        Item::Fn(i) => i.sig.ident.to_string(),
        Item::Macro(i) => i.ident.as_ref()?.to_string(),
        Item::Static(i) => i.ident.to_string(),
        Item::Struct(i) => i.ident.to_string(),
        Item::Trait(i) => i.ident.to_string(),
        Item::Type(i) => i.ident.to_string(),
        _ => return None,
    })
}

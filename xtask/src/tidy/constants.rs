//! Numbers that the docs quote from the code.
//!
//! `xtask/constants.toml` lists each: the text of the page with `{}` for the number, and the constant. The number in
//! the page is the constant's value divided by `unit`.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, bail};
use serde::Deserialize;
use syn::{
    BinOp, Expr, FieldValue, File, ImplItemConst, ItemConst, Lit, Member,
    visit::{self, Visit},
};

/// All quotations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quotes {
    quote: Vec<Quote>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quote {
    /// The page, from the workspace's folder.
    page: String,
    /// What it says, with `{}` for the number. A line break in the page counts as a space.
    text: String,
    /// The file with the constant.
    file: String,
    /// Its name; `.field` for a field of a default.
    constant: String,
    /// What one of the page's units is in the constant's.
    #[serde(default = "one")]
    unit: u128,
}

fn one() -> u128 {
    1
}

/// Compares each quotation with the code.
pub(super) fn check(quotes: &Quotes) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for quote in &quotes.quote {
        let page = fs::read_to_string(&quote.page).with_context(|| quote.page.clone())?;
        let code = fs::read_to_string(&quote.file).with_context(|| quote.file.clone())?;
        let place = || format!("xtask/constants.toml: {} in {}", quote.constant, quote.file);
        found.extend(compare(quote, &page, &code).with_context(place)?);
    }
    Ok(found)
}

fn compare(quote: &Quote, page: &str, code: &str) -> anyhow::Result<Option<String>> {
    let code = syn::parse_file(code)?;
    let constants = constants(&code);
    let value = value(&quote.constant, &constants)?;
    if !value.is_multiple_of(quote.unit) {
        bail!("{value} is no multiple of the unit {}", quote.unit);
    }
    let number = value / quote.unit;
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let says = |number: &str| page.contains(&quote.text.replace("{}", number));
    if says(&number.to_string()) || says(&grouped(number)) {
        return Ok(None);
    }
    Ok(Some(format!(
        "{}: does not say {:?}; {} in {} is {value}",
        quote.page,
        quote.text.replace("{}", &grouped(number)),
        quote.constant,
        quote.file
    )))
}

/// A number with a comma between thousands.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The constants of a file, also of its types, and the fields of values built in functions, as `.field`.
fn constants(file: &File) -> BTreeMap<String, &Expr> {
    let mut reader = Reader::default();
    reader.visit_file(file);
    reader.found
}

#[derive(Default)]
struct Reader<'ast> {
    found: BTreeMap<String, &'ast Expr>,
}

impl<'ast> Visit<'ast> for Reader<'ast> {
    fn visit_item_const(&mut self, constant: &'ast ItemConst) {
        self.found
            .insert(constant.ident.to_string(), &constant.expr);
    }

    fn visit_impl_item_const(&mut self, constant: &'ast ImplItemConst) {
        self.found
            .insert(constant.ident.to_string(), &constant.expr);
    }

    fn visit_field_value(&mut self, field: &'ast FieldValue) {
        if let Member::Named(name) = &field.member {
            self.found.insert(format!(".{name}"), &field.expr);
        }
        visit::visit_field_value(self, field);
    }
}

fn value(name: &str, constants: &BTreeMap<String, &Expr>) -> anyhow::Result<u128> {
    let expression = constants
        .get(name)
        .with_context(|| format!("no constant {name}"))?;
    number(expression, constants)
}

/// The number of a constant expression. A duration is in milliseconds.
fn number(expression: &Expr, constants: &BTreeMap<String, &Expr>) -> anyhow::Result<u128> {
    let of = |e: &Expr| number(e, constants);
    Ok(match expression {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) => int.base10_parse()?,
            _ => bail!("not a whole number"),
        },
        Expr::Paren(inner) => of(&inner.expr)?,
        Expr::Cast(cast) => of(&cast.expr)?,
        Expr::Binary(both) => {
            let (left, right) = (of(&both.left)?, of(&both.right)?);
            match both.op {
                BinOp::Add(_) => left + right,
                BinOp::Sub(_) => left - right,
                BinOp::Mul(_) => left * right,
                BinOp::Div(_) => left / right,
                BinOp::Shl(_) => left << right,
                _ => bail!("an operator that this check does not know"),
            }
        }
        Expr::Path(path) => {
            let last = path.path.segments.last().context("an empty path")?;
            value(&last.ident.to_string(), constants)?
        }
        Expr::Call(call) => {
            let Expr::Path(path) = &*call.func else {
                bail!("a call that this check does not know");
            };
            let last = path.path.segments.last().context("an empty path")?;
            let argument = of(call.args.first().context("no argument")?)?;
            match last.ident.to_string().as_str() {
                "from_millis" => argument,
                "from_secs" | "seconds" => argument * 1000,
                "from_mins" => argument * 60_000,
                "from_hours" => argument * 3_600_000,
                other => bail!("{other}(…), which this check does not know"),
            }
        }
        _ => bail!("an expression that this check does not know"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_quotes_another_number_is_named() {
        let code = "const KIB: usize = 1 << 10;\nconst LIMIT: usize = 1_500 * KIB;\n\
                    const WAIT: Duration = Duration::from_secs(90);\nfn f() -> L { L { most: 3 } }";
        let found = |constant: &str, unit, page: &str| {
            let quote = Quote {
                page: "page.md".to_owned(),
                text: "at most {} of it".to_owned(),
                file: "code.rs".to_owned(),
                constant: constant.to_owned(),
                unit,
            };
            compare(&quote, page, code).map(|found| found.is_some())
        };
        assert!(!found("LIMIT", 1024, "at\nmost 1,500 of it").unwrap());
        assert!(!found("LIMIT", 1024, "at most 1500 of it").unwrap());
        assert!(found("LIMIT", 1024, "at most 1,400 of it").unwrap());
        assert!(!found("WAIT", 1000, "at most 90 of it").unwrap());
        assert!(!found(".most", 1, "at most 3 of it").unwrap());
        assert!(found("WAIT", 7, "").is_err());
        assert!(found("GONE", 1, "").is_err());
    }
}

//! Place keys: one spelling for the many ways in which people write a building, an entrance and a floor.
//!
//! `3栋`, `3号楼`, `3#楼`, `三幢`, `叁棟`, `③` are one building; `负一楼`, `B1`, `-1F` are one floor. `docs/place-keys.md`
//! states the rules. Keys are used for comparison only; labels are stored as they were written.
//!
//! Two labels that may be different places have different keys. A key of a key is the key. Ledgers and registers store
//! keys: a change of the rules raises `document::FOLD_VERSION`, so that they are spelled again.

mod numeral;
mod spelling;

use self::{
    numeral::{is_numeral, number},
    spelling::{is_code, numbers, plain, without_endings},
};
use crate::record::Place;

/// The key of a place within its compound: the keys of building, entrance and floor, the kind of spot, and its words,
/// separated by `/`.
pub fn of(place: &Place) -> String {
    let (b, u, f) = (
        building(place.building.as_str()),
        unit(place.unit.as_str()),
        floor(place.floor.as_str()),
    );
    format!(
        "{b}/{u}/{f}/{}/{}",
        place.location.name(),
        plain(place.spot.as_str())
    )
}

/// The key of a building label.
pub fn building(label: &str) -> String {
    settled(label, |text| {
        let rest = without_endings(text, &["栋", "座", "楼", "号", "#"]);
        let text = if is_coded(rest) { rest } else { text };
        let text = without_word(text, &["楼栋", "栋号", "楼号", "栋", "楼", "座"]);
        numbers(text)
    })
}

/// The key of an entrance label.
pub fn unit(label: &str) -> String {
    settled(label, |text| {
        let rest = without_endings(text, &["单元", "门", "梯", "号", "#"]);
        let text = if is_coded(rest) { rest } else { text };
        numbers(without_word(text, &["单元", "unit"]))
    })
}

/// The key of a floor label. `3a`, `12a`, `12b` are kept: they are floors of their own.
pub fn floor(label: &str) -> String {
    settled(label, |text| {
        let ends_in_number = |text: &str| text.chars().next_back().is_some_and(is_numeral);
        let text = without_endings(text, &["层", "楼"]);
        let latin = text.strip_suffix('f').filter(|rest| ends_in_number(rest));
        let text = latin.unwrap_or(text);
        let mut below = text;
        while let Some(rest) = ["负", "地下", "b", "-"]
            .iter()
            .find_map(|mark| below.strip_prefix(mark))
        {
            below = rest;
        }
        match number(below) {
            Some(number) if below != text => format!("-{number}"),
            _ => {
                let plain = text.strip_prefix('f').filter(|rest| number(rest).is_some());
                numbers(plain.unwrap_or(text))
            }
        }
    })
}

/// Applies a rule until it changes nothing, so that the key of a key is the key.
fn settled(label: &str, rule: impl Fn(&str) -> String) -> String {
    let mut text = rule(&plain(label));
    // Each pass removes characters or spells a number, which the next pass leaves: a few passes settle every label.
    for _ in 0..label.len() {
        let next = rule(&plain(&text));
        if next == text {
            break;
        }
        text = next;
    }
    text
}

/// Whether an ending only says that the rest is a building or an entrance: the rest is a code or ends in one. 红楼 keeps
/// its ending.
fn is_coded(rest: &str) -> bool {
    let last = rest.chars().next_back();
    is_code(rest) || last.is_some_and(|c| c.is_ascii_alphanumeric() || is_numeral(c))
}

/// A label without a leading word for it: `No.3`, `#3`, `Building A`, or one of these Chinese words before a number.
fn without_word<'t>(text: &'t str, words: &[&str]) -> &'t str {
    let is_number = |rest: &str| number(rest).is_some();
    let is_letter = |rest: &str| rest.len() == 1 && rest.as_bytes()[0].is_ascii_alphabetic();
    let after = |word: &str| {
        let rest = text.strip_prefix(word)?;
        Some(rest.trim_start_matches([':', '.', '：']))
    };
    let signs = ["#", "no"].iter().chain(words);
    let found = signs
        .filter_map(|word| after(word))
        .find(|rest| is_number(rest));
    let lettered = ["building", "bldg", "block", "blk", "tower"];
    let found = found.or_else(|| {
        let rests = lettered.iter().filter_map(|word| after(word));
        rests
            .into_iter()
            .find(|rest| is_number(rest) || is_letter(rest))
    });
    found.unwrap_or(text)
}

#[cfg(test)]
mod tests;

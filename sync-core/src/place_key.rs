//! Place keys: one spelling for the many ways in which people write a building, an entrance and a floor.
//!
//! `3栋`, `3号楼`, `3#`, `三幢` are one building; `负一楼`, `B1`, `-1F` are one floor. Keys are used for comparison only;
//! labels are stored as they were written.

use crate::record::Place;

/// The key of a place within its compound.
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
    strip(
        &plain(label),
        &["号楼", "楼栋", "栋楼", "栋", "幢", "座", "楼", "#", "号"],
    )
}

/// The key of an entrance label.
pub fn unit(label: &str) -> String {
    strip(&plain(label), &["单元", "门", "梯"])
}

/// The key of a floor label. `3a`, `12a`, `12b` are kept: they are floors of their own.
pub fn floor(label: &str) -> String {
    let text = plain(label);
    let below = ["负", "地下", "b", "-"];
    let text = strip_end(&text, &["楼层", "楼", "层", "f"]);
    for mark in below {
        if let Some(rest) = text.strip_prefix(mark) {
            let number = numeral(strip_end(rest, &["楼", "层", "f"]));
            if let Some(number) = number {
                return format!("-{number}");
            }
        }
    }
    numeral(text).map_or_else(|| text.to_owned(), |n| n.to_string())
}

/// Converts full-width to half-width and lower case; removes spaces and 第.
fn plain(label: &str) -> String {
    label
        .chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            other => other,
        })
        .filter(|c| !c.is_whitespace() && *c != '第')
        .flat_map(char::to_lowercase)
        .collect()
}

fn strip_end<'t>(text: &'t str, endings: &[&str]) -> &'t str {
    let ending = endings
        .iter()
        .find(|e| text.len() > e.len() && text.ends_with(**e));
    ending.map_or(text, |e| &text[..text.len() - e.len()])
}

fn strip(text: &str, endings: &[&str]) -> String {
    let text = strip_end(text, endings);
    numeral(text).map_or_else(|| text.to_owned(), |n| n.to_string())
}

/// A number in digits or Chinese numerals up to 999.
fn numeral(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 24 {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().filter(|n| *n < 100_000);
    }
    let (mut total, mut digit, mut any) = (0_u32, None, false);
    for c in text.chars() {
        if let Some(value) = "零一二三四五六七八九".chars().position(|d| d == c) {
            digit = Some(value as u32);
        } else if c == '两' {
            digit = Some(2);
        } else {
            let scale = match c {
                '十' => 10,
                '百' => 100,
                _ => return None,
            };
            total += digit.take().unwrap_or(1) * scale;
        }
        any = true;
    }
    any.then(|| total + digit.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_place_have_one_key() {
        for label in [
            "3栋",
            "3号楼",
            "3#",
            "三栋",
            "三幢",
            "３栋",
            "第3栋",
            "3 座",
            "3楼栋",
            "三号楼",
        ] {
            assert_eq!(building(label), "3", "{label}");
        }
        for label in [
            "负一楼",
            "-1F",
            "B1",
            "地下一层",
            "负1层",
            "b1层",
            "-1",
            "－１Ｆ",
        ] {
            assert_eq!(floor(label), "-1", "{label}");
        }
        for (label, key) in [
            ("二十三栋", "23"),
            ("十栋", "10"),
            ("一百零二栋", "102"),
            ("A栋", "a"),
            ("A1座", "a1"),
        ] {
            assert_eq!(building(label), key, "{label}");
        }
        assert_eq!(unit("一单元"), unit("1单元"));
        assert_eq!(floor("十二层"), floor("12F"));
    }

    #[test]
    fn different_places_keep_different_keys() {
        for (a, b) in [
            ("12层", "12A层"),
            ("3层", "3A"),
            ("1层", "-1层"),
            ("架空层", "1层"),
            ("12A", "12B"),
        ] {
            assert_ne!(floor(a), floor(b), "{a} {b}");
        }
        assert_ne!(building("3栋"), building("13栋"));
        assert_ne!(unit("东单元"), unit("西单元"));
    }

    #[test]
    fn a_key_of_a_key_is_the_key_and_nothing_panics() {
        for label in [
            "3号楼",
            "负二层",
            "东单元",
            "ｘ＃",
            "",
            "栋",
            "十",
            "🙂楼",
            "地下",
            "b",
        ] {
            for key in [building, unit, floor] {
                assert_eq!(key(&key(label)), key(label), "{label}");
            }
        }
    }
}

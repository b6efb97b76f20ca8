//! Place keys against a corpus of labels, and laws that hold for every label.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{building, floor, numeral::number, of, unit};
use crate::record::{CompoundId, Label, LocationKind, Place};

const CORPUS: &str = include_str!("corpus.txt");

type Key = fn(&str) -> String;

const KEYS: [(&str, Key); 3] = [("building", building), ("unit", unit), ("floor", floor)];

/// A label of the corpus, with `\u{…}` replaced by the character.
fn label(text: &str) -> String {
    let mut parts = text.trim().split("\\u{");
    let mut label = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').expect("\\u{…} is closed");
        let code = u32::from_str_radix(code, 16).expect("hexadecimal digits");
        label.push(char::from_u32(code).expect("a character"));
        label += rest;
    }
    label
}

/// The groups of each section.
fn corpus() -> Vec<(&'static str, Key, Vec<Vec<String>>)> {
    let mut sections: Vec<(&str, Key, Vec<Vec<String>>)> = Vec::new();
    for line in CORPUS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let (name, key) = KEYS
                .into_iter()
                .find(|(n, _)| *n == name)
                .expect("a section");
            sections.push((name, key, Vec::new()));
        } else if !line.is_empty() && (!line.starts_with('#') || line.starts_with("# |")) {
            let groups = &mut sections.last_mut().expect("a section").2;
            groups.push(line.split('|').map(label).collect());
        }
    }
    sections
}

#[test]
fn spellings_of_one_place_have_one_place_key_and_different_places_never_share_one() {
    let (mut wrong, mut labels) = (Vec::new(), 0);
    for (section, key, groups) in corpus() {
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        for group in groups {
            labels += group.len();
            let expected = key(&group[0]);
            for label in &group {
                let found = key(label);
                if found != expected {
                    wrong.push(format!(
                        "{section}: {label:?} is {found:?}, not {expected:?}"
                    ));
                }
                if key(&found) != found {
                    wrong.push(format!(
                        "{section}: {label:?} has the key {found:?}, which has another"
                    ));
                }
            }
            if let Some(other) = owners.insert(expected.clone(), group[0].clone()) {
                wrong.push(format!(
                    "{section}: {:?} and {other:?} share {expected:?}",
                    group[0]
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(labels >= 500, "{labels} labels");
}

#[test]
fn every_number_to_9999_has_one_place_key_in_each_way_of_writing_it() {
    for n in 0..10_000_u32 {
        let expected = n.to_string();
        for text in [
            positional(n),
            scaled(n),
            financial(&scaled(n)),
            format!("{n:05}"),
        ] {
            assert_eq!(number(&text).as_deref(), Some(expected.as_str()), "{text}");
            assert_eq!(building(&format!("{text}号楼")), expected, "{text}");
        }
    }
}

fn positional(n: u32) -> String {
    let digits: Vec<char> = "〇一二三四五六七八九".chars().collect();
    let text = n.to_string();
    text.bytes()
        .map(|b| digits[usize::from(b - b'0')])
        .collect()
}

/// A number in full: every scale that is left out between two others is a 零.
fn scaled(n: u32) -> String {
    let digits: Vec<char> = "零一二三四五六七八九".chars().collect();
    if n == 0 {
        return "零".to_owned();
    }
    let (mut text, mut gap) = (String::new(), false);
    for (unit, name) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let d = n / unit % 10;
        if d == 0 {
            gap = !text.is_empty();
            continue;
        }
        if gap {
            text.push('零');
        }
        gap = false;
        text.push(digits[d as usize]);
        text += name;
    }
    text
}

fn financial(text: &str) -> String {
    let pairs = "一壹二贰三叁四肆五伍六陆七柒八捌九玖十拾百佰千仟";
    let pairs: Vec<char> = pairs.chars().collect();
    let other = |c: char| {
        pairs
            .chunks(2)
            .find(|pair| pair[0] == c)
            .map_or(c, |pair| pair[1])
    };
    text.chars().map(other).collect()
}

#[test]
fn a_place_key_has_as_many_parts_as_a_place_whatever_a_label_contains() {
    let place = |building: &str, unit: &str| Place {
        compound: CompoundId([1; 16]),
        building: Label::new(building).unwrap(),
        unit: Label::new(unit).unwrap(),
        floor: Label::default(),
        location: LocationKind::Stairwell,
        spot: Label::default(),
        connected_to: Vec::new(),
    };
    let (one, other) = (place("3/1", ""), place("3", "1"));
    assert_ne!(of(&one), of(&other));
    assert_eq!(of(&one).split('/').count(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn a_place_key_of_a_place_key_is_the_place_key(
        any in ".{0,24}",
        likely in "[0-9０-９A-Ca-c一二三十百千零〇廿两①⑫栋幢座楼号#＃负地下层Ff第No.单元门期区东甲 /：\u{200b}-]{0,12}",
    ) {
        for text in [any, likely] {
            for (name, key) in KEYS {
                let found = key(&text);
                prop_assert_eq!(key(&found), found.clone(), "{} {:?}", name, text);
                prop_assert!(!found.contains('/'), "{} {:?}", name, text);
            }
        }
    }

    #[test]
    fn numbers_of_buildings_never_share_a_place_key(a in 0..100_000_u32, b in 0..100_000_u32) {
        for (x, y) in [(format!("{a}栋"), format!("{b}#楼")), (format!("A{a}"), format!("A{b}"))] {
            prop_assert_eq!(building(&x) == building(&y), a == b);
        }
    }
}

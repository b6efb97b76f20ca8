//! The same calls on both engines get the same responses, except for values that a server generates.

use std::collections::HashMap;

use cli_simulator::world::photo;
use sync_core::{record::PhotoRole, sync::Options};

use crate::support::{Town, database::is_postgres, found_with, remark};

/// Replaces generated values (keys, cursors, grants) by numbers in the order of their first occurrence.
fn anonymous(text: &str) -> String {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c| !part_of_word(c)).unwrap_or(rest.len());
        let (head, tail) = rest.split_at(word);
        if word >= 20 && head.chars().any(|c| c.is_ascii_digit()) {
            let next = known.len();
            out += &format!("#{}", known.entry(head).or_insert(next));
        } else {
            out += head;
        }
        let mut chars = tail.chars();
        out.extend(chars.next());
        rest = chars.as_str();
    }
    out
}

/// Runs the calls and returns all responses to devices and reviewers.
fn told(town: &mut Town) -> Vec<String> {
    let mut told = Vec::new();
    let mut liu = town.phone("网格员甲");
    let mut wang = town.phone("物业经理丙");
    let mut said = |town: &Town, phone: &mut cli_simulator::phone::Phone| {
        let r = town.sync(phone);
        let line = (
            r.requests,
            r.documents,
            r.acknowledged,
            r.refused,
            r.repairs,
        );
        told.push(format!("{line:?}"));
    };
    let shot = photo(&mut liu.device, 5, PhotoRole::Before).unwrap();
    let docs: Vec<_> = (0..7)
        .map(|n| {
            let photos = if n == 3 {
                vec![shot.clone()]
            } else {
                Vec::new()
            };
            found_with(&mut liu, town, &format!("第{n}处"), photos)
        })
        .collect();
    // The ledger follows in the background: whether a photo is stored before its document is in the ledger, or after, decides
    // the order of changes.
    let without_photos = Options {
        photos: false,
        ..Options::default()
    };
    liu.sync(&mut town.http.clone(), without_photos).unwrap();
    town.project();
    said(town, &mut liu);
    town.project();
    said(town, &mut wang);
    // Concurrent events of both devices on the same hazards.
    remark(&mut liu, docs[1], "已劝阻");
    remark(&mut wang, docs[1], "已整改");
    remark(&mut wang, docs[6], "待复查");
    for _ in 0..2 {
        said(town, &mut wang);
        said(town, &mut liu);
    }
    town.project();
    let token = town.token("审核员丁");
    let mut ask = vec![
        "/v1/hazards?limit=3".to_owned(),
        "/v1/hazards?open=true&q=%E7%AC%AC".to_owned(),
        "/v1/hazards/changes?limit=50".to_owned(),
        "/v1/statistics?by=grid".to_owned(),
        "/v1/statistics?by=city".to_owned(),
        "/v1/exports/hazards.csv".to_owned(),
        "/v1/exports/hazards.geojson".to_owned(),
        "/v1/hazards?state=HS99".to_owned(),
    ];
    ask.extend(docs.iter().map(|doc| format!("/v1/hazards/{doc}")));
    for path in ask {
        let (status, body) = town.get(&path, &token);
        told.push(format!(
            "{path} {status} {}",
            String::from_utf8_lossy(&body)
        ));
    }
    told.iter().map(|line| anonymous(line)).collect()
}

#[test]
fn both_engines_give_the_same_answers_to_the_same_trace() {
    if !is_postgres() {
        return;
    }
    let (mut one, mut other) = (Town::embedded().unwrap(), Town::new());
    let (one, other) = (told(&mut one), told(&mut other));
    assert_eq!(one.len(), other.len());
    for (sqlite, postgres) in one.iter().zip(&other) {
        assert_eq!(sqlite, postgres);
    }
    assert!(one.iter().any(|line| line.contains("第6处")));
}

//! The tables as a page for people: state diagram, transitions, matrix of concurrent pairs.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    Catalogue,
    pairs::{Class, Lead, PairRule, PairScope},
    roles::Roles,
    rules::Rules,
    state::StateCode,
    transition::{From, Outcome, Transition},
};
use crate::record::EventBody;

const HEAD: &str = "# The lifecycle of a hazard 隐患生命周期

Generated from `schemas/catalogue/*.json` by `cargo xtask schemas`; do not edit. How it is judged is in
[`rules.md`](rules.md); try a history with `xuncha-sim explain schemas/examples/lifecycle/quarrel.json`.
";

/// Renders the page.
pub fn lifecycle_page(catalogue: &Catalogue) -> String {
    let rules = &catalogue.rules;
    let mut page = HEAD.to_owned();
    states(&mut page, rules);
    diagram(&mut page, rules);
    transitions(&mut page, rules);
    pairs(&mut page, rules);
    fields(&mut page, rules);
    machines(&mut page, rules);
    deadlines(&mut page, catalogue);
    page
}

fn line(page: &mut String, text: impl AsRef<str>) {
    // Writing to a String cannot fail.
    let _ = writeln!(page, "{}", text.as_ref());
}

fn zh(event: &str) -> &'static str {
    let kind = EventBody::KINDS.iter().find(|(_, name, _)| *name == event);
    kind.map_or("", |(_, _, zh)| zh)
}

fn states(page: &mut String, rules: &Rules) {
    line(
        page,
        "\n## States 状态\n\n| State | 中文 | English | Openness | Open |\n|---|---|---|---|---|",
    );
    let mut states: Vec<_> = rules.states.iter().collect();
    states.sort_by_key(|s| (std::cmp::Reverse(s.rank), s.number));
    for s in states {
        let open = if s.open { "yes" } else { "no" };
        line(
            page,
            format!(
                "| {} | {} | {} | {} | {open} |",
                s.number, s.zh, s.en, s.rank
            ),
        );
    }
}

fn from_states(rules: &Rules, t: &Transition) -> Vec<StateCode> {
    match &t.from {
        From::States(list) => list.clone(),
        From::Group(_) => {
            let all = rules.states.iter().map(|s| s.number);
            all.filter(|s| rules.starts_from(t, *s)).collect()
        }
    }
}

fn diagram(page: &mut String, rules: &Rules) {
    line(
        page,
        "\n## Diagram 状态图\n\nWhat leaves the state as it is, and what may happen in any state, is in the table below.\n\n```mermaid\nstateDiagram-v2",
    );
    for s in &rules.states {
        line(page, format!("  {}: {} {}", s.number, s.number, s.zh));
    }
    line(
        page,
        format!(
            "  [*] --> {}: {} {}",
            rules.first.to,
            rules.first.id,
            zh(&rules.first.event)
        ),
    );
    let mut arrows: BTreeMap<(StateCode, StateCode), Vec<String>> = BTreeMap::new();
    for t in &rules.transitions {
        let (Outcome::State(to), From::States(list)) = (&t.to, &t.from) else {
            continue;
        };
        for from in list
            .iter()
            .filter(|from| *from != to && t.event != "mark_duplicate")
        {
            let label = format!("{} {}", t.id, zh(&t.event));
            let labels = arrows.entry((*from, *to)).or_default();
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    for ((from, to), labels) in arrows {
        line(page, format!("  {from} --> {to}: {}", labels.join(" / ")));
    }
    for t in &rules.transitions {
        if let (Outcome::State(to), true) = (
            &t.to,
            t.event == "mark_duplicate" || matches!(t.from, From::Group(_)),
        ) {
            line(
                page,
                format!(
                    "  note right of {to}: {} {}，自任何未办结状态",
                    t.id,
                    zh(&t.event)
                ),
            );
        }
    }
    line(page, "```");
}

fn transitions(page: &mut String, rules: &Rules) {
    line(
        page,
        "\n## Transitions 流转\n\n| Row | Event | From | To | Who | On condition | Offline |\n|---|---|---|---|---|---|---|",
    );
    for t in &rules.transitions {
        let from = match &t.from {
            From::Group(group) => group.clone(),
            From::States(_) => {
                let all = from_states(rules, t);
                all.iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" ")
            }
        };
        let mut to = match &t.to {
            Outcome::State(state) => state.to_string(),
            Outcome::Word(word) => word.clone(),
        };
        if t.proposal {
            to = "proposal 建议".to_owned();
        }
        if t.new_cycle {
            to.push_str(", next round");
        }
        let who = match &t.roles {
            Roles::List(list) => list.iter().map(|r| r.zh()).collect::<Vec<_>>().join("、"),
            Roles::Word(_) => "any 任何人".to_owned(),
        };
        let guards = t.guards.iter().map(|g| serde_json::to_value(g).ok());
        let guards = guards
            .flatten()
            .filter_map(|g| g.as_str().map(str::to_owned));
        let guards = guards.collect::<Vec<_>>().join(", ");
        let when = if t.when.is_empty() {
            String::new()
        } else {
            format!(" ({})", t.when.join(", "))
        };
        let offline = if t.offline { "yes" } else { "no" };
        let event = format!("`{}`{when} {}", t.event, zh(&t.event));
        line(
            page,
            format!(
                "| {} | {event} | {from} | {to} | {who} | {guards} | {offline} |",
                t.id
            ),
        );
    }
}

fn class(pair: &PairRule) -> &'static str {
    match pair.class {
        Class::A => "A",
        Class::B => "B",
        Class::C => "**C**",
    }
}

/// The name of a value of the tables in JSON.
fn word(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    let text = value.and_then(|v| v.as_str().map(str::to_owned));
    text.unwrap_or_default().replace('_', " ")
}

fn selectors(of: &[String]) -> String {
    let named = of.iter().map(|selector| {
        let kind = selector.split(':').next().unwrap_or_default();
        format!("`{selector}` {}", zh(kind))
    });
    let named: Vec<String> = named.map(|n| n.trim().to_owned()).collect();
    named.join(", ")
}

/// The concurrent-pair rules, by what they are about.
fn pairs(page: &mut String, rules: &Rules) {
    const SCOPES: [(PairScope, &str); 9] = [
        (PairScope::Objection, "Objections and decisions 异议与结论"),
        (
            PairScope::SamePerson,
            "The same person on two devices 同一人",
        ),
        (PairScope::Register, "Values of fields 字段"),
        (PairScope::Card, "Cards: figures and names 数字与名称"),
        (PairScope::State, "States 状态"),
        (PairScope::Additive, "Remarks and photos 备注与照片"),
        (PairScope::Authority, "Authority and time 权限与时间"),
        (PairScope::Across, "Two documents 两条记录"),
        (PairScope::Master, "Master data 基础数据"),
    ];
    line(
        page,
        "\n## Concurrent pairs 并发规则\n\nTwo events are concurrent if neither author had the other. [`rules.md`](rules.md) says what follows. Class A: both hold. B: a rule\ndecides. **C**: a reviewer decides. A selector with `@` is a class of events.",
    );
    for (scope, title) in SCOPES {
        line(
            page,
            format!(
                "\n### {title}\n\n| Row | First | Second | Class | Leads to | Level | 中文 | English |\n|---|---|---|---|---|---|---|---|"
            ),
        );
        for p in rules.concurrent.iter().filter(|p| p.scope == scope) {
            let when = p
                .when
                .map(|w| format!(" ({})", word(w)))
                .unwrap_or_default();
            let lead = match p.lead {
                Some(Lead::State(state)) => state.to_string(),
                Some(Lead::Own(_)) => "its own state".to_owned(),
                None => String::new(),
            };
            let level = if p.level > 0 {
                p.level.to_string()
            } else {
                String::new()
            };
            let field = p.register.map(word).unwrap_or_default();
            line(
                page,
                format!(
                    "| {} {field} | {} | {}{when} | {} | {lead} | {level} | {} | {} |",
                    p.id,
                    selectors(&p.a),
                    selectors(&p.b),
                    class(p),
                    p.zh,
                    p.en
                ),
            );
        }
    }
}

fn fields(page: &mut String, rules: &Rules) {
    line(
        page,
        "\n## Fields with several values 多值字段\n\n| Field | 中文 | Set by | First of several |\n|---|---|---|---|",
    );
    for f in &rules.fields {
        let keep = serde_json::to_value(f.keep).ok();
        let keep = keep
            .and_then(|k| k.as_str().map(|k| k.replace('_', " ")))
            .unwrap_or_default();
        line(
            page,
            format!("| {} | {} | {} | {keep} |", f.en, f.zh, f.set_by.join(", ")),
        );
    }
}

fn machines(page: &mut String, rules: &Rules) {
    for m in &rules.machines {
        line(
            page,
            format!("\n## {} {}\n\n| Step | Then |\n|---|---|", m.en, m.zh),
        );
        line(page, format!("| (begins with) | {} |", m.first.join(", ")));
        for one in &m.moves {
            line(page, format!("| {} | {} |", one.from, one.to.join(", ")));
        }
    }
}

fn deadlines(page: &mut String, catalogue: &Catalogue) {
    line(
        page,
        "\n## Deadlines 期限\n\n| Class | 中文 | English | Moves to a working day |\n|---|---|---|---|",
    );
    for c in &catalogue.calendar.classes {
        let shift = if c.shift { "yes" } else { "no" };
        line(
            page,
            format!("| {} | {} | {} | {shift} |", c.code, c.zh, c.en),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_shows_these_tables() {
        let page = include_str!("../../../docs/lifecycle.md");
        let made = lifecycle_page(Catalogue::embedded());
        assert!(made == page, "out of date: run `cargo xtask schemas`");
    }
}

//! The indicators as a page for people: what each counts, the cross-checks, and who signs a report.

use std::fmt::Write;

use super::{
    Catalogue,
    indicators::{Check, Compare, Indicator, ReportStep, Side},
    regions::Level,
};

const HEAD: &str = "# Figures of the campaign 统计指标

Generated from `schemas/catalogue/indicators.json` and `regions.json` by `cargo xtask schemas`; do not edit. Every figure has a
value of the period 本期 and a cumulative one 累计, by China time, as of the cut-off.

Only what the server had received before the cut-off counts, in the state that was known then; the clock of a device decides nothing. A
figure is the same whenever it is asked. What arrives later counts later: in the next period, or, if that has not begun, in the corrections of
the next sealed report. Everything belongs to the period in which it first counted, and a part (ST-08, ST-24b) to the period of what it is a part of. Merged hazards count once, from the earliest finding, at the place
of the canonical document; a group of which no document is a hazard of its own counts as open (C-22).

以服务器收到的时间为准：截止时间前收到的计入，状态取当时所知；手机时间不作数。何时查询，结果都一样；迟到的计入下期。“其中”项随其主项所在的期。
合并的隐患计一次，按最早发现，记在主记录所在地；没有主记录的组按未结计（C-22）。
";

const STEPS: &str = "
## Steps of a sealed report 报表办理

A step is taken for the level of the post that the person holds, and one person takes one step of a report. A version that was corrected or
withdrawn takes no step. 每人对一份报表只办一个环节，只办本人岗位所在层级的环节；已更正、已撤销的版本不再办理。

| Step | 中文 | After | By | For | Added up as a part 计入上级汇总 | Correction only after a return 退回后方可更正 | Reason |
|---|---|---|---|---|---|---|---|";

/// Renders the page.
pub fn indicators_page(catalogue: &Catalogue) -> String {
    let table = &catalogue.indicators;
    let mut page = HEAD.to_owned();
    // Writing to a String cannot fail.
    let _ = writeln!(
        page,
        "\n## Figures 指标\n\n| Code | 中文 | English | 单位 | 含义 | Meaning | Sum of parts | Query |\n|---|---|---|---|---|---|---|---|"
    );
    for indicator in &table.indicators {
        let _ = writeln!(page, "{}", row(indicator));
    }
    let _ = writeln!(page, "\n## What must agree 勾稽关系\n");
    for check in &table.checks {
        let _ = writeln!(page, "- {}", agreement(check));
    }
    let _ = writeln!(page, "{STEPS}");
    for step in &table.report_steps {
        let _ = writeln!(page, "{}", steps(step));
    }
    let _ = writeln!(
        page,
        "\n## The province and its cities 省和市州\n\n| Code | 中文 | English | Counts as | Counties |\n|---|---|---|---|---|"
    );
    for region in &catalogue.regions.regions {
        let levels: Vec<_> = region.levels.iter().map(|l| l.name()).collect();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            region.code,
            region.zh,
            region.en,
            levels.join(", "),
            region.counties
        );
    }
    page
}

fn row(i: &Indicator) -> String {
    #[expect(
        clippy::expect_used,
        reason = "a measure has string keys only, which JSON can write"
    )]
    let query = serde_json::to_value(&i.value).expect("a measure is JSON");
    let mut said = i.definition.clone();
    if i.never_falls {
        said += "; never falls";
    }
    if i.restricted {
        said += "; for reviewers only";
    }
    format!(
        "| {} | {} | {} | {} | {} | {said} | {} | `{}` |",
        i.code,
        i.zh,
        i.en,
        i.unit,
        i.definition_zh,
        if i.additive { "yes" } else { "no" },
        plain(&query)
    )
}

/// The query without its empty parts.
fn plain(query: &serde_json::Value) -> serde_json::Value {
    let serde_json::Value::Object(map) = query else {
        return query.clone();
    };
    let said = |value: &serde_json::Value| match value {
        serde_json::Value::Array(list) => !list.is_empty(),
        serde_json::Value::Bool(set) => *set,
        serde_json::Value::Number(n) => n.as_i64() != Some(0),
        serde_json::Value::Null => false,
        _ => true,
    };
    let kept = map.iter().filter(|(_, value)| said(value));
    let kept = kept.map(|(name, value)| (name.clone(), plain(value)));
    kept.filter(|(name, value)| name != "where" || *value != serde_json::json!({}))
        .collect()
}

fn agreement(check: &Check) -> String {
    let right = match &check.right {
        Side::Figures(codes) => codes.join(" + "),
        Side::Number(number) => number.to_string(),
    };
    let is = match check.is {
        Compare::Le => "≤",
        Compare::Eq => "=",
    };
    format!("{} {is} {right}", check.left.join(" + "))
}

fn steps(step: &ReportStep) -> String {
    let roles: Vec<_> = step.roles.iter().map(|r| r.zh()).collect();
    let names = |levels: &[Level]| {
        let names: Vec<_> = levels.iter().map(|level| level.name()).collect();
        names.join(", ")
    };
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} |",
        step.step,
        step.zh,
        step.from.join(", "),
        roles.join("、"),
        if step.levels.is_empty() {
            "all".to_owned()
        } else {
            names(&step.levels)
        },
        names(&step.added_up),
        if step.settled { "yes" } else { "" },
        if step.reason { "yes" } else { "" }
    )
}

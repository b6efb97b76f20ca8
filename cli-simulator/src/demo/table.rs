//! The table of the week, built from the review API alone.

use std::fmt::Write;

use serde_json::Value;
use sync_core::sync::{Call, Method, Report};

use crate::{
    network::Counters,
    phone::{Http, Transport},
};

/// What the reviewer receives, and what was transferred.
#[derive(Debug)]
pub struct Ledger {
    /// Hazards with their whole histories, as the API returns them.
    pub hazards: Vec<Value>,
    /// Results beyond single hazards: suggestions, the sealed report and its late arrivals.
    pub week: String,
    /// The transfer statistics as text.
    pub wire: String,
}

/// Sends a GET request to the review API.
pub(super) fn get(http: &mut Http, token: &str, path: &str) -> anyhow::Result<Value> {
    ask(http, token, Method::Get, path, Vec::new())
}

/// Sends a POST request to the review API.
pub(super) fn post(
    http: &mut Http,
    token: &str,
    path: &str,
    order: &Value,
) -> anyhow::Result<Value> {
    ask(http, token, Method::Post, path, serde_json::to_vec(order)?)
}

fn ask(
    http: &mut Http,
    token: &str,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> anyhow::Result<Value> {
    let mut headers = vec![("authorization", format!("Bearer {token}"))];
    if !body.is_empty() {
        headers.push(("content-type", "application/json".to_owned()));
    }
    let call = Call {
        method,
        path: path.to_owned(),
        headers,
        body,
    };
    let reply = http.send(&call).map_err(|lost| anyhow::anyhow!(lost.0))?;
    anyhow::ensure!(
        reply.status == 200,
        "{path}: {}",
        String::from_utf8_lossy(&reply.body)
    );
    Ok(serde_json::from_slice(&reply.body)?)
}

impl Ledger {
    /// Fetches the ledger from the review API.
    pub(super) fn pull(http: &mut Http, token: &str) -> anyhow::Result<Self> {
        let page = get(http, token, "/v1/hazards?limit=500")?;
        let ids = page["items"].as_array().cloned().unwrap_or_default();
        let one = |h: &Value| {
            get(
                http,
                token,
                &format!("/v1/hazards/{}", h["id"].as_str().unwrap_or_default()),
            )
        };
        Ok(Self {
            hazards: ids.iter().map(one).collect::<Result<_, _>>()?,
            week: String::new(),
            wire: String::new(),
        })
    }

    /// The ledger as text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for detail in &self.hazards {
            hazard(&mut out, detail);
        }
        out.push_str(&self.week);
        out.push_str(&self.wire);
        out
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn hazard(out: &mut String, detail: &Value) {
    let h = &detail["hazard"];
    let photos = detail["photos"].as_array().map_or(0, Vec::len);
    let pending = h["photos_pending"].as_i64().unwrap_or(0);
    let _ = writeln!(
        out,
        "\n■ {} {}　{}{}　{} {}　照片 {} 张（待传 {pending}）",
        text(h, "kind"),
        text(h, "kind_zh"),
        text(h, "compound"),
        text(h, "place"),
        text(h, "state"),
        text(h, "state_zh"),
        photos
    );
    for event in detail["events"].as_array().into_iter().flatten() {
        let content = &event["content"]["content"];
        let words = ["description", "note", "reason"]
            .iter()
            .map(|n| text(content, n))
            .find(|t| !t.is_empty());
        let void = event["void_zh"]
            .as_str()
            .map(|why| format!("　〔无效：{why}〕"))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "    {}　{}（{}）：{}{void}",
            text(event, "kind_zh"),
            text(event, "author_name"),
            text(event, "organ"),
            words.unwrap_or_default()
        );
    }
    for said in detail["explanation"].as_array().into_iter().flatten() {
        let _ = writeln!(
            out,
            "    · {}\n      {}",
            text(said, "zh"),
            text(said, "en")
        );
    }
}

/// Suggested duplicates, with the reasons.
pub(super) fn suggestions(page: &Value) -> String {
    let mut out = String::from("\n重复提示（周三晚）/ suggested on Wednesday evening\n");
    for pair in page["items"].as_array().into_iter().flatten() {
        let places: Vec<&str> = pair["hazards"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|hazard| text(hazard, "place"))
            .collect();
        let signs: Vec<&str> = pair["signs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let _ = writeln!(
            out,
            "    {}：{}　{} 分（{}）",
            places.join(" ≈ "),
            text(pair, "advice_zh"),
            pair["score"],
            signs.join(", ")
        );
    }
    out
}

/// A sealed report with some of its figures, and its late arrivals.
pub(super) fn report(sealed: &Value, content: &Value, late: &Value) -> String {
    let mut out = format!(
        "\n封存的周报 / the sealed report　{}　截止 {}\n    SHA-256 {}\n",
        text(sealed, "number"),
        text(sealed, "cut_off"),
        text(sealed, "sha256")
    );
    for code in ["ST-07", "ST-08", "ST-12a", "ST-24a", "ST-29a", "ST-34a"] {
        let figure = &content["total"]["values"][code];
        if !figure.is_null() {
            let _ = writeln!(out, "    {code}　累计 {}", figure["cumulative"]);
        }
    }
    let _ = writeln!(out, "    周五查得迟到数据 / late arrivals found on Friday");
    for event in late["items"].as_array().into_iter().flatten() {
        let _ = writeln!(
            out,
            "    · {}　登记于 {}　到达于 {}　确在截止前：{}",
            text(event, "kind_zh"),
            text(event, "claimed_at"),
            text(event, "received_at"),
            if event["certain"] == true {
                "是"
            } else {
                "不能确定"
            }
        );
    }
    out
}

/// Bytes and requests, for each device and in total.
pub(super) fn wire(reports: &[(&'static str, Report)], counters: Counters) -> String {
    let mut out = String::from("\n线路 / on the wire\n");
    let mut names: Vec<&str> = reports.iter().map(|(who, _)| *who).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let mine: Vec<&Report> = reports
            .iter()
            .filter(|(who, _)| *who == name)
            .map(|(_, r)| r)
            .collect();
        let sum = |f: fn(&Report) -> u64| mine.iter().map(|r| f(r)).sum::<u64>();
        let _ = writeln!(
            out,
            "    {name}　请求 {} 次（失败后重试 {}）　上行 {} B　下行 {} B　确认 {} 条　照片 {} 张",
            sum(|r| r.requests),
            sum(|r| r.failures),
            sum(|r| r.bytes_up),
            sum(|r| r.bytes_down),
            sum(|r| r.acknowledged),
            sum(|r| r.photos)
        );
    }
    let _ = writeln!(
        out,
        "    网络共转发 {} 次调用，其中 {} 次被损坏或丢失",
        counters.calls, counters.faults
    );
    out
}

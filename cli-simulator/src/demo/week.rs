//! The week: five days, a report sealed on Thursday evening, and the reviewer's ledger on Friday.

use std::{net::SocketAddr, path::Path};

use serde_json::{Value, json};
use xuncha_server::app::App;

use super::{
    scenes,
    stage::Stage,
    table::{self, Ledger, get, post},
};

/// A played week.
#[derive(Debug)]
pub struct Played {
    /// The running server.
    pub app: App,
    /// The runtime of the server.
    pub runtime: tokio::runtime::Runtime,
    /// A reviewer's API token.
    pub token: String,
    /// The week's ledger.
    pub ledger: Ledger,
}

/// Plays the week in a new folder.
///
/// # Errors
/// If the server or a device fails, or a sync does not complete.
pub fn play(
    folder: &Path,
    listen: SocketAddr,
    say: &mut dyn FnMut(u64, u64, &str),
) -> anyhow::Result<Played> {
    let mut stage = Stage::set(folder, listen, say)?;
    let token = stage.token("审核员丁")?;
    let mut api = stage.good.clone();
    let monday = scenes::monday(&mut stage)?;
    let tuesday = scenes::tuesday(&mut stage, &monday)?;
    scenes::wednesday(&mut stage, &monday, &tuesday)?;
    stage.fold()?;
    let mut week = table::suggestions(&get(&mut api, &token, "/v1/suggestions")?);
    scenes::thursday(&mut stage, &monday, &tuesday)?;
    stage.at(
        3,
        18,
        "推演台账，县里封存周报 / the ledger is folded, the county seals its report",
    );
    stage.fold()?;
    let order = json!({
        "kind": "weekly", "area": stage.world.county, "from": "2024-03-25", "to": "2024-03-28",
        "cut_off": "2024-03-28T18:00:00+08:00",
    });
    let sealed = post(&mut api, &token, "/v1/reports", &order)?;
    let path = format!("/v1/reports/{}", sealed["id"].as_str().unwrap_or_default());
    let content = get(&mut api, &token, &path)?;
    scenes::friday(&mut stage, &monday, &tuesday)?;
    stage.at(
        4,
        18,
        "审核员取台账与迟到数据 / the reviewer pulls the ledger, and what came late",
    );
    stage.fold()?;
    let late: Value = get(&mut api, &token, &format!("{path}/late"))?;
    anyhow::ensure!(
        get(&mut api, &token, &path)? == content,
        "a sealed report changed"
    );
    week += &table::report(&sealed, &content, &late);
    let mut ledger = Ledger::pull(&mut api, &token)?;
    ledger.week = week;
    ledger.wire = table::wire(&stage.reports, stage.proxy.counters());
    Ok(Played {
        app: stage.app,
        runtime: stage.runtime,
        token,
        ledger,
    })
}

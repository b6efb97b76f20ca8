//! The week: five days, a report sealed on Thursday evening, and what a reviewer sees on Friday.

use std::{net::SocketAddr, path::Path};

use super::{Ledger, Played, scenes, stage::Stage, table};

pub(super) fn play(
    folder: &Path,
    listen: SocketAddr,
    say: &mut dyn FnMut(u64, u64, &str),
) -> anyhow::Result<Played> {
    let mut stage = Stage::set(folder, listen, say)?;
    let monday = scenes::monday(&mut stage)?;
    let tuesday = scenes::tuesday(&mut stage, &monday)?;
    scenes::wednesday(&mut stage, &monday, &tuesday)?;
    scenes::thursday(&mut stage, &monday, &tuesday)?;
    stage.at(
        3,
        18,
        "推演台账，县里封存周报 / the ledger is folded, the county seals its report",
    );
    stage.fold()?;
    let token = stage.token("审核员丁")?;
    scenes::friday(&mut stage, &monday, &tuesday)?;
    stage.at(4, 18, "审核员取台账 / the reviewer pulls the ledger");
    stage.fold()?;
    let mut ledger = Ledger::pull(&mut stage.good.clone(), &token)?;
    ledger.wire = table::wire(&stage.reports, stage.proxy.counters());
    Ok(Played {
        app: stage.app,
        runtime: stage.runtime,
        token,
        ledger,
    })
}

//! Restores the server from an older backup, and sets its clock.

use std::{path::Path, sync::atomic::Ordering};

use xuncha_server::{
    app::App,
    backup::{backup, restore},
    photos::Target,
};

use super::{running::Fleet, trouble::Trouble};
use crate::phone::Http;

impl Fleet {
    /// Backs the server up at a quarter of the run, and restores it half way; with changes of staff once more, later.
    pub(super) fn copy_or_restore(
        &mut self,
        trouble: &Trouble,
        folder: &Path,
        turn: usize,
        turns: usize,
    ) -> anyhow::Result<()> {
        if !trouble.restore || turns < 4 {
            return Ok(());
        }
        let (data, copy) = (self.config.data.clone(), folder.join("copy"));
        if turn == turns / 4 {
            self.runtime
                .block_on(backup(&self.app.storage, Some(&data), &copy))?;
        }
        let again = trouble.staff && turn == turns * 7 / 8;
        if turn == turns / 2 || again {
            self.config.data = folder.join(format!("restored-{turn}"));
            let (to, key) = (self.config.data.clone(), data.join("server.key"));
            let (photos, own) = (Target::parse(None, &to)?, to.join("server.key"));
            self.runtime
                .block_on(restore(&copy, &to, &photos, Some(&key), &own))?;
            let app = self
                .runtime
                .block_on(App::start(&self.config, self.now.clone()))?;
            let server = format!("http://{}", app.address);
            self.proxy.redirect(vec![server.clone()]);
            self.direct = Http::new(&server)?;
            let old = std::mem::replace(&mut self.app, app);
            self.runtime.block_on(old.stop())?;
        }
        Ok(())
    }

    /// Sets the server's clock for a turn.
    pub(super) fn set_server_clock(&self, ms: i64) {
        self.clock.store(ms, Ordering::SeqCst);
    }
}

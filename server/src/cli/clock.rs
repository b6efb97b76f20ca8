//! `xuncha admin clock`: shows the newest time signed, or accepts the clock.

use clap::Subcommand;
use xuncha_server::{clock::Clock, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// 显示 / Show the clock and the newest time that was signed.
    Show,
    /// 确认 / Accept the clock as it is, after it was set; the server then signs with it again.
    Accept,
}

impl Command {
    pub(crate) async fn run(self, clock: &Clock) -> anyhow::Result<()> {
        let now = clock.now().0;
        let signed = match self {
            Self::Show => clock.signed().await?,
            Self::Accept => clock.accept().await?,
        };
        let signed =
            signed.map_or_else(|| "从未 / never".to_owned(), |t| format!("{} ms UTC", t.0));
        say!("服务器时钟 / clock       {now} ms UTC");
        say!("最近签署 / signed last   {signed}");
        if matches!(self, Self::Accept) {
            say!("已确认 / accepted: the server signs by this clock again");
        }
        Ok(())
    }
}

//! `xuncha admin token`: a token of the review API.

use clap::Args;
use sync_core::record::{DAY_MS, ServerTime};
use xuncha_server::{
    access::TOKEN_DAYS, app::system_clock, http::Components, say, storage::Storage,
};

use super::{
    lists,
    person::{Person, introduce, report},
};

/// Longest validity of a token in days: a longer one would outlast its holder.
const MOST_DAYS: i64 = 3650;

/// Arguments of `token`.
#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    person: Person,
    /// Purpose of the token, shown in lists.
    #[arg(long, default_value = "")]
    label: String,
    /// Days that the token is valid, 1 to 3650.
    #[arg(long, default_value_t = TOKEN_DAYS, value_parser = clap::value_parser!(i64).range(1..=MOST_DAYS))]
    days: i64,
}

/// Writes the token alone on its line: a ready command with it would be saved in the history of the shell.
pub(super) async fn token(
    storage: &Storage,
    components: &Components,
    asked: Token,
) -> anyhow::Result<()> {
    let who = asked.person;
    let found = introduce(storage, &who, "xuncha admin token").await?;
    let until = ServerTime(system_clock()().0 + asked.days * DAY_MS);
    let token = components
        .access
        .issue_token_until(found.person, who.role, who.area, asked.label, until)
        .await?;
    say!("{token}");
    report(&found);
    say!(
        "有效至 / valid until {}; 结束 / end it with: xuncha admin tokens end",
        lists::moment(until.0)
    );
    Ok(())
}

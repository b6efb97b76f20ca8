//! `xuncha admin first-run`: one-time codes for the three administrators.

use clap::{Args, ValueEnum};
use xuncha_server::{
    http::Components,
    people::{People, SETUP_DAYS},
    say,
    storage::accounts::Class,
};

use super::operator::administrator;

/// A class of administrators.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    System,
    Security,
    Audit,
}

/// Arguments of `first-run`.
#[derive(Debug, Args)]
pub(crate) struct FirstRun {
    /// Makes a code for one more administrator of this class, although there is one.
    #[arg(long, value_enum)]
    again: Option<Which>,
}

const fn zh(class: Class) -> &'static str {
    match class {
        Class::System => "系统管理员",
        Class::Security => "安全管理员",
        Class::Audit => "审计管理员",
        Class::Business => "业务人员",
    }
}

impl FirstRun {
    pub(super) async fn run(self, components: &Components) -> anyhow::Result<()> {
        let again = self.again.map(|which| match which {
            Which::System => Class::System,
            Which::Security => Class::Security,
            Which::Audit => Class::Audit,
        });
        let people: &People = &components.people.clone().of_command();
        let codes = people.setup_codes(&administrator(), again).await?;
        anyhow::ensure!(
            !codes.is_empty(),
            "三员均已设立；确需增设时用 --again / there is an administrator of each class; for one more use --again CLASS"
        );
        for one in codes {
            say!(
                "{} / {} administrator: {}",
                zh(one.class),
                one.class.name(),
                one.code
            );
        }
        say!(
            "每码一人一次，{SETUP_DAYS}天内有效；三人分别用 POST /v1/first-run 设立账号 / each code is for one person and one use within {SETUP_DAYS} days: POST /v1/first-run"
        );
        Ok(())
    }
}

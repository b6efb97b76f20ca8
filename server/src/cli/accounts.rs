//! `xuncha admin accounts`: accounts at the console, those of administrators included.

use clap::Subcommand;
use xuncha_server::{
    http::Components,
    people::{AccountView, AssignmentView},
    say,
};

use super::operator::administrator;

/// Commands for accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Accounts {
    /// 列出 / List all accounts with their classes and reviewing roles.
    List,
    /// 重置密码 / Replace the password of an account by a one-time code.
    Code {
        /// The login name.
        login: String,
    },
    /// 停用 / Suspend an account and end its sessions.
    Suspend {
        /// The login name.
        login: String,
    },
    /// 恢复 / End the suspension of an account.
    Resume {
        /// The login name.
        login: String,
    },
    /// 解锁 / End all waits of an account.
    Unlock {
        /// The login name.
        login: String,
    },
    /// 移除动态验证码 / Remove the second factor of an account.
    RemoveTotp {
        /// The login name.
        login: String,
    },
}

fn line(account: &AccountView) {
    let mut states = Vec::new();
    if account.suspended {
        states.push("已停用 / suspended");
    }
    if account.one_time_code {
        states.push("待首次登录 / waits for the first sign-in");
    }
    if account.second_factor {
        states.push("动态验证码 / second factor");
    }
    say!(
        "{}  {}  {}  {}  {}",
        account.login,
        account.class,
        account.name.as_deref().unwrap_or("-"),
        account.person,
        states.join(", ")
    );
    for one in &account.assignments {
        let AssignmentView {
            id,
            role,
            area,
            valid,
            ..
        } = one;
        let state = if *valid { "" } else { "  无效 / not valid" };
        say!("    {id}  {role}  {area}{state}");
    }
}

impl Accounts {
    pub(super) async fn run(self, components: &Components) -> anyhow::Result<()> {
        let people = components.people.clone().of_command();
        let by = administrator();
        match self {
            Self::List => {
                let all = people.accounts(&by).await?;
                all.iter().for_each(line);
                if all.is_empty() {
                    say!("没有账号 / no accounts");
                }
                return Ok(());
            }
            Self::Code { login } => {
                let person = people.person_named(&login).await?;
                let made = people.new_code(&by, person).await?;
                say!("一次性登录码 / one-time code: {}", made.code);
                say!("有效至 / valid until {}", made.until);
                return Ok(());
            }
            Self::Suspend { login } => {
                let person = people.person_named(&login).await?;
                people.suspend(&by, person).await?;
            }
            Self::Resume { login } => {
                let person = people.person_named(&login).await?;
                people.resume(&by, person).await?;
            }
            Self::Unlock { login } => {
                let person = people.person_named(&login).await?;
                people.unlock(&by, person).await?;
            }
            Self::RemoveTotp { login } => {
                let person = people.person_named(&login).await?;
                people.remove_totp(&by, person).await?;
            }
        }
        say!("已办理 / done");
        Ok(())
    }
}

//! `xuncha admin …`: people and devices, rebuild, backup, restore.

use anyhow::Context;
use clap::Subcommand;
use xuncha_server::{
    app::{open, system_clock},
    config::Config,
    http::Components,
    note, say,
    storage::{Storage, listings::Secrets},
};

use super::{
    accounts::Accounts,
    audit::AuditLog,
    backup::Backup,
    catalogue::Editions,
    clock,
    end_grant::{EndGrant, end_grant},
    enrol::{Enrol, enrol},
    first_run::FirstRun,
    import::Import,
    import_people::ImportPeople,
    key::Key,
    lists::{Devices, Ending},
    merge_persons::MergePersons,
    migrate_store::MigrateStore,
    operator, quarantine,
    read_only::read_only,
    refold::Refold,
    restore::Restore,
    revoke::{Revoke, revoke},
    safe_mark::SafeMark,
    token::{Token, token},
    unattested,
    verify::Verify,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// 生成登记码 / Create a one-time enrolment code for a device and show it as a QR code.
    #[command(
        after_help = "Example:\n  xuncha admin enrol --role grid_worker --space 429999/429998 \\\n    --area 429999/429998/429998001/G01 --name 网格员甲 --organ-name 示范社区居委会\n\nA known name is refused with a list: --person ID for the same person, --new for another one."
    )]
    Enrol(Enrol),
    /// 生成审核接口令牌 / Create a token for the review API; it is shown once.
    #[command(
        after_help = "The key is on the first line alone. Keep it in a file that only its user can read, such as\n  xuncha admin token --role county_reviewer --area 429999/429998 --name 审核员丁 --organ-name 示范县住建局 --days 30 | head -1 > key\n  curl -H \"Authorization: Bearer $(cat key)\" https://xuncha.example/v1/hazards"
    )]
    Token(Token),
    /// 三员初始化 / Make the one-time codes of the first three administrators: system, security, audit.
    FirstRun(FirstRun),
    /// 账号 / Accounts of people who sign in, the administrators' own ones included.
    #[command(subcommand)]
    Accounts(Accounts),
    /// 审计日志 / The audit log: verify its chains, export it.
    #[command(subcommand)]
    Audit(AuditLog),
    /// 合并人员 / Record that two ids are one person; hazards that rest on both are listed and flagged.
    MergePersons(MergePersons),
    /// 停用设备 / Disable a device: what it sends is quarantined, and it can read nothing.
    Revoke(Revoke),
    /// 结束授权 / End a grant now, before the end that it states.
    EndGrant(EndGrant),
    /// 设备 / Devices.
    #[command(subcommand)]
    Devices(Devices),
    /// 审核接口令牌 / Tokens for the review API.
    #[command(subcommand)]
    Tokens(Ending),
    /// 登记码 / Enrolment codes.
    #[command(subcommand)]
    Codes(Ending),
    /// 隔离区 / Quarantined data and the reasons.
    #[command(subcommand)]
    Quarantine(quarantine::Commands),
    /// 导入人员 / Import a roster: people with roles, areas and dates. Makes device codes, accounts and reviewing roles.
    #[command(
        after_help = "Columns: name, organisation, person, organisation_id, new, role, area, space, from, until, login.\nA line with login makes an account with a reviewing role; any other line makes a code for a device.\nfrom and until are days, both included. A person of the same name in the same organisation is the same person;\nnew = yes makes another one. One bad line and nothing is written; running it twice changes nothing.\nExample:\n  xuncha admin import-people roster.csv --dry-run\n  xuncha admin import-people roster.csv --codes codes.csv"
    )]
    ImportPeople(ImportPeople),
    /// 导入区划 / Import regions: their parents, and the areas that they report to.
    #[command(
        after_help = "Columns: path or code, name, name_en, level, parent, report_parent, valid_from, valid_to, replaced_by.\nUTF-8 or GBK. A column that is absent leaves what is there, an empty cell clears.\nparent and report_parent hold from valid_from on, replaced_by from the day after valid_to.\nOne bad line and nothing is written; running it twice changes nothing."
    )]
    ImportRegions(Import),
    /// 导入小区 / Import compounds with their buildings.
    #[command(
        after_help = "Columns: id, path, name, type, households, pmc, pmc_name, active, valid_from, valid_to, buildings.\nBuildings: label:units:height class, joined by ';', such as 3栋:2:27-54;4栋\nUTF-8 or GBK. A column that is absent leaves what is there, an empty cell clears.\nOne bad line and nothing is written; running it twice changes nothing."
    )]
    ImportCompounds(Import),
    /// 目录 / The editions of the catalogue: hazard kinds, deadlines, activity types, inspection templates.
    #[command(subcommand)]
    Catalogue(Editions),
    /// 服务器密钥 / Show the server's public key, which verifies receipts and reports, or copy the secret key.
    Key {
        #[command(subcommand)]
        command: Option<Key>,
    },
    /// 迁移存储 / Move documents and photos to PostgreSQL and a bucket while devices continue to work.
    MigrateStore(MigrateStore),
    /// 时钟 / Show or accept the clock that the server signs with.
    #[command(subcommand)]
    Clock(clock::Command),
    /// 重建台账 / Rebuild the ledger from the log.
    Rebuild,
    /// 按新规则重算 / What the rules of this version change in the ledger, and the rebuild by them.
    Refold(Refold),
    /// 备份 / Copy database and photos to a new folder; may be taken while the server runs.
    Backup(Backup),
    /// 未证实事件 / Events that no proof attests: list them, and give one effect.
    #[command(subcommand)]
    Unattested(unattested::Commands),
    /// 安全水位 / State that an off-site backup holds the log: devices need no proofs of what it holds.
    #[command(
        after_help = "Examples:\n  xuncha admin safe-mark /mnt/elsewhere/backup-2024-04-01\n  xuncha admin safe-mark --before 2024-04-01T00:00:00+08:00"
    )]
    SafeMark(SafeMark),
    /// 恢复 / Restore a backup into an empty data folder; devices then resupply what it lacks.
    Restore(Restore),
    /// 核对 / Compare rows, photos and digests; ends with an error if anything differs.
    Verify(Verify),
}

impl Admin {
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<()> {
        match self {
            Self::Backup(backup) => return backup.run(config).await,
            Self::Restore(restore) => return restore.run(config).await,
            Self::Verify(verify) => return verify.run(config).await,
            Self::MigrateStore(migrate) => return migrate.run(config).await,
            _ => {}
        }
        self.check_data(&config)?;
        if self.only_reads() {
            let read = config.clone();
            let found = tokio::task::spawn_blocking(move || read_only(&read));
            if let Some(storage) = found.await?? {
                return self.list(&storage).await;
            }
        }
        // Opening a database blocks, which is not allowed on an async thread.
        let opening = config.clone();
        let opened = tokio::task::spawn_blocking(move || open(&opening, system_clock())).await;
        let (storage, components) = opened.context("opening")??;
        let audit = components.audit.clone().of_command();
        let done = self.work(&config, &storage, &components).await;
        let entry = operator::entry();
        let entry = match &done {
            Ok(()) => entry,
            Err(_) => entry.refused("failed"),
        };
        if let Err(error) = audit.record(entry).await {
            note!("审计日志未能写入 / the audit log could not be written: {error}");
        }
        done
    }

    /// Runs a command that needs the server's components.
    async fn work(
        self,
        config: &Config,
        storage: &Storage,
        components: &Components,
    ) -> anyhow::Result<()> {
        match self {
            Self::Enrol(asked) => enrol(storage, asked).await,
            Self::Token(asked) => token(storage, components, asked).await,
            Self::FirstRun(first) => first.run(components).await,
            Self::Accounts(accounts) => accounts.run(components).await,
            Self::Audit(audit) => audit.run(storage, components).await,
            Self::MergePersons(merge) => merge.run(storage, components).await,
            Self::Revoke(asked) => revoke(storage, asked).await,
            Self::EndGrant(asked) => end_grant(storage, asked).await,
            Self::Unattested(command) => command.run(components).await,
            Self::Quarantine(command) => command.run(storage, components).await,
            Self::SafeMark(mark) => mark.run(storage).await,
            Self::ImportPeople(import) => import.run(components).await,
            Self::ImportRegions(import) => import.regions(storage, components.access.now().0).await,
            Self::ImportCompounds(import) => {
                import.compounds(storage, components.access.now().0).await
            }
            Self::Key { command: None } => {
                say!("{}", hex::encode(components.access.key().public().0));
                Ok(())
            }
            Self::Key {
                command: Some(command),
            } => command.run(config, components.access.key()),
            Self::Clock(command) => command.run(components.access.clock()).await,
            Self::Rebuild => {
                let done = components.projection.rebuild().await?;
                say!(
                    "台账已重建 / rebuilt: {} hazards, {} damaged",
                    done.documents,
                    done.damaged
                );
                Ok(())
            }
            Self::Catalogue(editions) => editions.run(storage, components).await,
            Self::Refold(refold) => refold.run(storage, components).await,
            other => other.list(storage).await,
        }
    }

    /// Refuses a mistyped `--data`: only commands that prepare a new server may create one, and they state it.
    fn check_data(&self, config: &Config) -> anyhow::Result<()> {
        let file = config.data.join("xuncha.db");
        if config.database.is_some() || file.exists() {
            return Ok(());
        }
        let prepares = matches!(
            self,
            Self::Enrol(_)
                | Self::Token(_)
                | Self::FirstRun(_)
                | Self::ImportPeople(_)
                | Self::ImportRegions(_)
                | Self::ImportCompounds(_)
                | Self::Key { command: None }
        );
        anyhow::ensure!(
            prepares,
            "{} 不存在，请用 --data 指明数据文件夹 / is not there; name the folder with --data",
            file.display()
        );
        note!(
            "新建服务器 / a new server is created in {}",
            config.data.display()
        );
        Ok(())
    }

    fn only_reads(&self) -> bool {
        match self {
            Self::Devices(_) => true,
            Self::Quarantine(command) => command.only_reads(),
            Self::Tokens(ending) | Self::Codes(ending) => matches!(ending, Ending::List),
            _ => false,
        }
    }

    /// Runs the commands that need only the database.
    async fn list(self, storage: &Storage) -> anyhow::Result<()> {
        match self {
            Self::Devices(devices) => devices.run(storage).await,
            Self::Tokens(ending) => ending.run(storage, Secrets::Tokens).await,
            Self::Codes(ending) => ending.run(storage, Secrets::Codes).await,
            Self::Quarantine(quarantine) => quarantine.list(storage).await,
            _ => Ok(()),
        }
    }
}

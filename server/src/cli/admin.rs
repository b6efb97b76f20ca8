//! `xuncha admin …`: people and phones, rebuild, backup, restore.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{import::Import, migrate_store::MigrateStore};
use sync_core::record::{AreaPath, DeviceId, OrganId, PersonId, Role, ServerTime};
use xuncha_server::{
    access::{Invitation, invite},
    app::{open, system_clock},
    backup::{backup, restore},
    blobs::Target,
    config::Config,
    http::Rooms,
    storage::{Storage, names, revocations},
};

/// A person with a role in an area.
#[derive(Debug, Args)]
pub(crate) struct Person {
    /// Role, for example `grid_worker`, `property_manager`, `county_reviewer`.
    #[arg(long)]
    role: Role,
    /// Area: administrative path such as `429999/429998/429998001/G01`.
    #[arg(long)]
    area: AreaPath,
    /// The person's number (a UUID), if the person is known already.
    #[arg(long)]
    person: Option<PersonId>,
    /// The organisation's number (a UUID), if it is known already.
    #[arg(long)]
    organ: Option<OrganId>,
    /// Name for the ledger; kept in the side store, never in a record.
    #[arg(long)]
    name: Option<String>,
    /// Name of the organisation.
    #[arg(long)]
    organ_name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// 生成登记码 / Make a one-time code for a phone and show it as a QR code.
    #[command(
        after_help = "Example:\n  xuncha admin enrol --role grid_worker --space 429999/429998 \\\n    --area 429999/429998/429998001/G01 --name 网格员甲"
    )]
    Enrol {
        #[command(flatten)]
        person: Person,
        /// The county whose log the area belongs to.
        #[arg(long)]
        space: AreaPath,
        /// Hours the code is valid.
        #[arg(long, default_value_t = 24)]
        hours: i64,
        /// Address of the server, to be put into the QR code.
        #[arg(long, default_value = "http://127.0.0.1:8080")]
        server: String,
    },
    /// 生成审核接口令牌 / Make a key to the review API; it is shown once.
    Token {
        #[command(flatten)]
        person: Person,
        /// What it is for.
        #[arg(long, default_value = "")]
        label: String,
    },
    /// 停用手机 / Disable a phone: what it sends is quarantined, nothing is given out.
    Revoke {
        /// The phone's number.
        device: DeviceId,
        /// Also ask it to erase what it holds at its next contact.
        #[arg(long)]
        wipe: bool,
    },
    /// 导入区划 / Import regions: who lies where and reports to whom.
    #[command(
        after_help = "Columns: path or code, name, name_en, level, parent, report_parent, valid_from, valid_to, replaced_by.\nOne bad line and nothing is written; running it twice changes nothing."
    )]
    ImportRegions(Import),
    /// 导入小区 / Import compounds with their buildings.
    #[command(
        after_help = "Columns: id, path, name, type, households, pmc, pmc_name, active, valid_from, valid_to, buildings.\nBuildings: label:units:height class, joined by ';', such as 3栋:2:27-54;4栋"
    )]
    ImportCompounds(Import),
    /// 服务器公钥 / Show the server's public key, for whoever checks receipts and reports.
    Key,
    /// 迁移存储 / Move records and photos to PostgreSQL and a bucket while phones go on working.
    MigrateStore(MigrateStore),
    /// 重建台账 / Make the ledger anew from the log.
    Rebuild,
    /// 备份 / Copy database, key and photos to a new folder; may be taken while the server runs.
    Backup {
        /// Folder to write; must not exist.
        to: PathBuf,
    },
    /// 恢复 / Restore a backup into an empty data folder; phones then refill what it lacks.
    Restore {
        /// Folder of the backup.
        from: PathBuf,
    },
}

impl Admin {
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<()> {
        if let Self::Restore { from } = self {
            anyhow::ensure!(
                config.database.is_none(),
                "restore is for SQLite; restore PostgreSQL with its own tools"
            );
            let target = Target::parse(config.blobs.as_deref(), &config.data)?;
            let (photos, logs) = restore(&from, &config.data, target.folder()).await?;
            println!(
                "已恢复 / restored: {photos} photo files, {logs} logs with a new life; phones refill the rest"
            );
            return Ok(());
        }
        if let Self::MigrateStore(migrate) = self {
            return migrate.run(config).await;
        }
        let (storage, rooms) = open(&config, system_clock())?;
        match self {
            Self::Enrol {
                person,
                space,
                hours,
                server,
            } => enrol(&storage, person, space, hours, &server).await,
            Self::Token { person, label } => token(&storage, &rooms, person, label).await,
            Self::Revoke { device, wipe } => revoke(&storage, device, wipe).await,
            Self::ImportRegions(import) => import.regions(&storage).await,
            Self::ImportCompounds(import) => import.compounds(&storage).await,
            Self::Key => {
                println!("{}", hex::encode(rooms.access.key().public().0));
                Ok(())
            }
            Self::Rebuild => {
                let done = rooms.projection.rebuild().await?;
                println!(
                    "台账已重建 / rebuilt: {} hazards, {} damaged",
                    done.documents, done.damaged
                );
                Ok(())
            }
            Self::Backup { to } => {
                let target = Target::parse(config.blobs.as_deref(), &config.data)?;
                let photos = backup(&storage, &config.data, target.folder(), &to).await?;
                println!(
                    "备份完成 / backed up to {}: database, key, {photos} photos",
                    to.display()
                );
                if target.folder().is_none() {
                    println!(
                        "照片未复制 / photos are not copied: {target} has tools of its own, such as versioning and replication"
                    );
                }
                Ok(())
            }
            Self::Restore { .. } | Self::MigrateStore(_) => Ok(()),
        }
    }
}

fn fresh() -> anyhow::Result<[u8; 16]> {
    let mut random = [0; 10];
    getrandom::fill(&mut random)
        .map_err(|e| anyhow::anyhow!("the system gives no randomness: {e}"))?;
    Ok(sync_core::record::ids::uuid_v7(system_clock()().0, random))
}

/// Gives the person and the organisation numbers and names.
async fn introduce(storage: &Storage, person: &Person) -> anyhow::Result<(PersonId, OrganId)> {
    let id = person.person.map_or_else(|| fresh().map(PersonId), Ok)?;
    let organ = person.organ.map_or_else(|| fresh().map(OrganId), Ok)?;
    let (name, organ_name) = (person.name.clone(), person.organ_name.clone());
    storage
        .write(move |tx| {
            if let Some(name) = &name {
                names::set_person(tx, id, organ, name)?;
            }
            organ_name
                .as_ref()
                .map_or(Ok(()), |name| names::set_organ(tx, organ, name))
        })
        .await?;
    Ok((id, organ))
}

async fn enrol(
    storage: &Storage,
    who: Person,
    space: AreaPath,
    hours: i64,
    server: &str,
) -> anyhow::Result<()> {
    anyhow::ensure!(
        space.covers(&who.area),
        "area {} does not lie in space {space}",
        who.area
    );
    let (person, organ) = introduce(storage, &who).await?;
    let invitation = Invitation {
        person,
        organ,
        role: who.role,
        area: who.area,
        space,
    };
    let expires = ServerTime(system_clock()().0 + hours * 3_600_000);
    let code = invite(storage, &invitation, expires).await?;
    let address = format!("{server}/#enrol={code}");
    let qr = qrcode::QrCode::new(address.as_bytes()).context("QR code")?;
    println!(
        "{}",
        qr.render::<qrcode::render::unicode::Dense1x2>().build()
    );
    println!("登记码 / code: {code}  ({hours} h, once)");
    println!("人员 / person: {person}   单位 / organisation: {organ}");
    println!("xuncha-sim device enrol {code} --server {server}");
    Ok(())
}

async fn token(storage: &Storage, rooms: &Rooms, who: Person, label: String) -> anyhow::Result<()> {
    let (person, _) = introduce(storage, &who).await?;
    let token = rooms
        .access
        .issue_token(person, who.role, who.area, label)
        .await?;
    println!("{token}");
    println!("curl -H 'Authorization: Bearer {token}' http://127.0.0.1:8080/v1/hazards");
    Ok(())
}

async fn revoke(storage: &Storage, device: DeviceId, wipe: bool) -> anyhow::Result<()> {
    let state = if wipe { "wipe" } else { "revoked" };
    let now = system_clock()();
    let known = storage
        .write(move |tx| revocations::revoke(tx, device, state, now.0))
        .await?;
    anyhow::ensure!(known, "phone {device} is not known to this server");
    println!("手机已停用 / phone {device} is {state}");
    Ok(())
}

//! `xuncha admin merge-persons`: two ids are one person.

use anyhow::bail;
use clap::Args;
use sync_core::{
    catalogue::{Catalogue, StateCode},
    record::{AreaPath, DocId, PersonId},
};
use xuncha_server::{
    access::{Merge, NotMerged, check_merge},
    http::Components,
    say,
    storage::Storage,
};

/// Arguments of `merge-persons`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  xuncha admin merge-persons KEEP MERGED --dry-run\n  xuncha admin merge-persons KEEP MERGED --reason 同一人两次登记 --operator 管理员甲\n\nIt cannot be undone."
)]
pub(crate) struct MergePersons {
    /// The person's id (a UUID) that is used from now on.
    keep: PersonId,
    /// The id of the same person that is used no more.
    merged: PersonId,
    /// Why they are one person.
    #[arg(long, required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Who decides it.
    #[arg(long, required_unless_present = "dry_run")]
    operator: Option<String>,
    /// 只列出受影响的隐患 / Only list the hazards that are concerned; nothing is recorded.
    #[arg(long)]
    dry_run: bool,
}

impl MergePersons {
    pub(crate) async fn run(
        self,
        storage: &Storage,
        components: &Components,
    ) -> anyhow::Result<()> {
        let (kept, merged) = (self.keep, self.merged);
        let checked = storage
            .read(move |tx| check_merge(tx, kept, merged))
            .await?;
        let aliases = match checked {
            Ok(aliases) => aliases,
            Err(why) => bail!(refusal(why)),
        };
        let ids = aliases.ids(kept);
        let found = components.projection.one_person(ids, aliases).await?;
        let mut listed: Vec<String> = found
            .iter()
            .map(|one| line(&one.space, one.doc, one.state, one.as_one))
            .collect();
        listed.push(total(found.len()));
        if self.dry_run {
            say!("{}", listed.join("\n"));
            say!("只列出，没有合并 / listed only, nothing was merged");
            return Ok(());
        }
        let merge = Merge {
            kept,
            merged,
            reason: self.reason.unwrap_or_default(),
            operator: self.operator.unwrap_or_default(),
        };
        let done = match components.access.merge_persons(merge).await? {
            Ok(done) => done,
            Err(why) => bail!(refusal(why)),
        };
        say!("{}", listed.join("\n"));
        say!("台账加标记 one_person / the ledger flags them: one_person");
        say!("已合并 / merged: {merged} → {kept}");
        say!(
            "{} 台设备的 {} 份新授权，各设备下次开始会话时生效 / {} new grants for {} devices, effective at the next session of each",
            done.devices,
            done.grants,
            done.grants,
            done.devices
        );
        Ok(())
    }
}

fn name(state: StateCode) -> String {
    let row = Catalogue::embedded().rules.state(state);
    row.map_or_else(|| state.to_string(), |row| format!("{state} {}", row.zh))
}

/// A hazard whose state rests on both ids: its state, and the state if both had been one person.
fn line(space: &AreaPath, doc: DocId, state: StateCode, as_one: StateCode) -> String {
    format!(
        "{space}  {doc}  {}，两个编号算一人时为 / if both were one person {}",
        name(state),
        name(as_one)
    )
}

/// What was listed, in words.
fn total(count: usize) -> String {
    format!(
        "{count} 处隐患的状态依赖同一个人的两个编号，状态不变 / the state of {count} hazards rests on two ids of one person; it does not change"
    )
}

fn refusal(why: NotMerged) -> String {
    match why {
        NotMerged::Same => "两个编号相同 / both ids are the same".to_owned(),
        NotMerged::Unknown(id) => {
            format!("服务器没有人员 {id}，请核对编号 / the server knows no person {id}; check the id")
        }
        NotMerged::Merged(id, kept) => format!(
            "{id} 已并入 {kept}，请改用后者 / {id} was merged into {kept}; use that one"
        ),
        NotMerged::Administrator(id) => format!(
            "{id} 是管理员，不得兼任其他角色 / {id} is an administrator, who has no other role"
        ),
        NotMerged::TooMany => {
            "一个人的编号太多，授权里写不下 / too many ids for one person; a grant has no room for them".to_owned()
        }
    }
}

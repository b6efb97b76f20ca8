//! The search in the audit log, for the audit administrator.

use serde::{Deserialize, Serialize};
use sync_core::{record::ServerTime, wire::Code};

use super::{Audit, line::moment};
use crate::{
    refusal::Refusal,
    storage::{
        Tx,
        audits::{self, AuditRow, Search},
    },
};

/// Rows of a page: usually, and at most.
const USUAL: i64 = 50;
const MOST: i64 = 500;

/// What is searched for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Only this kind, such as `sign-in`, `read`, `export`, `refusal`.
    kind: Option<String>,
    /// Only actors that begin with this text, such as `person:` or `person:ID`.
    actor: Option<String>,
    /// Only at or after this time: RFC 3339, or a day in China time.
    from: Option<String>,
    /// Only before this time: RFC 3339, or a day in China time.
    to: Option<String>,
    /// `next` of the previous page; absent for the first page.
    after: Option<String>,
    /// Number of rows at most, 1 to 500; 50 if absent.
    limit: Option<i64>,
}

impl Query {
    /// What is searched for, as the audit log shows it.
    pub fn text(&self) -> String {
        let parts = [
            ("kind", &self.kind),
            ("actor", &self.actor),
            ("from", &self.from),
            ("to", &self.to),
            ("after", &self.after),
        ];
        let set = parts.into_iter().filter_map(|(name, value)| {
            let value = value.as_ref()?;
            Some(format!("{name}={value}"))
        });
        set.collect::<Vec<_>>().join(" ")
    }
}

/// A row of the audit log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditView {
    /// The chain.
    chain: String,
    /// Its position in the chain.
    number: i64,
    /// When it happened (RFC 3339).
    at: String,
    /// Who acted: `person:ID`, `device:ID`, `key:ID`, `command:USER`, `server`, `stranger`.
    actor: String,
    /// What was done.
    kind: String,
    /// To what.
    subject: String,
    /// `done` or `refused`.
    outcome: String,
    /// Why it was refused.
    cause: String,
    /// The address of the caller.
    address: String,
    /// What personal data was read for.
    purpose: String,
    /// How often it happened within the minute.
    times: i64,
    /// The hash of the row, in hexadecimal.
    hash: String,
}

/// A page of the audit log, the newest row first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditPage {
    /// The rows.
    items: Vec<AuditView>,
    /// Where the next page begins; absent on the last page.
    next: Option<String>,
}

fn bad(parameter: &str, expected: &str) -> Refusal {
    Refusal::new(Code::BadFilter, format!("{parameter}: expected {expected}"))
}

fn time(parameter: &str, text: Option<String>) -> Result<Option<ServerTime>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let day = format!("{text}T00:00:00+08:00");
    let at = text.parse::<jiff::Timestamp>().or_else(|_| day.parse());
    let at = at.map_err(|_| bad(parameter, "RFC 3339 or yyyy-mm-dd"))?;
    Ok(Some(ServerTime(at.as_millisecond())))
}

fn position(text: &str) -> Option<(ServerTime, String, i64)> {
    let mut parts = text.split('.');
    let at = parts.next()?.parse().ok()?;
    let chain = parts.next()?.to_owned();
    let number = parts.next()?.parse().ok()?;
    Some((ServerTime(at), chain, number))
}

fn view(row: AuditRow) -> AuditView {
    AuditView {
        chain: row.chain,
        number: row.number,
        at: moment(row.at.0),
        actor: row.actor,
        kind: row.kind,
        subject: row.subject,
        outcome: row.outcome,
        cause: row.cause,
        address: row.address,
        purpose: row.purpose,
        times: row.times,
        hash: hex::encode(row.hash),
    }
}

impl Audit {
    /// The rows that match, the newest first.
    ///
    /// # Errors
    /// [`Code::BadFilter`] that names the parameter.
    pub async fn search(&self, query: Query) -> Result<AuditPage, Refusal> {
        let most = query.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&most) {
            return Err(bad("limit", "1 to 500"));
        }
        let before = query.after.as_deref().map(|text| {
            let expected = "`next` of the previous page";
            position(text).ok_or_else(|| bad("after", expected))
        });
        let search = Search {
            kind: query.kind,
            actor: query.actor,
            from: time("from", query.from)?,
            to: time("to", query.to)?,
            before: before.transpose()?,
        };
        let find = move |tx: &mut dyn Tx| audits::search(tx, &search, most + 1);
        let mut rows = self.storage.read(find).await?;
        let more = rows.len() as i64 > most;
        rows.truncate(usize::try_from(most).unwrap_or(0));
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| format!("{}.{}.{}", row.at.0, row.chain, row.number));
        Ok(AuditPage {
            items: rows.into_iter().map(view).collect(),
            next,
        })
    }
}

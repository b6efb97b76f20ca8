//! Late arrivals for a report: events that it does not count, because the server received them at or after its cut-off, and
//! that were claimed, or took place, before the cut-off.

use serde::Serialize;
use sync_core::{
    crdt::inspect,
    history::TimeBounds,
    record::{AreaPath, DocId, Event, EventBody, ServerTime},
    wire::Code,
};

use super::{
    baseline::Baseline,
    parts::{ChangedPart, changed_parts},
    stored,
};
use crate::{
    access::Reach,
    refusal::Refusal,
    reporting::Reporting,
    review::time::instant,
    storage::{
        StorageError, Tx,
        arrivals::{self, Came},
        docs, reports,
    },
};

/// Documents read at once.
const RECORDS: usize = 64;

/// Late arrivals counted at most; if there are more, the result states it.
const COUNTED: u64 = 10_000;

/// A late arrival.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LateArrival {
    /// The id of the document.
    pub record: String,
    /// Administrative path.
    pub area: String,
    /// Kind of event.
    pub kind: String,
    /// Its Chinese name.
    pub kind_zh: &'static str,
    /// The time of its author's clock, RFC 3339.
    pub claimed_at: String,
    /// When it took place, as its author entered it, RFC 3339; only of activities.
    pub held_at: Option<String>,
    /// When the server received it, RFC 3339; absent if that is not stored.
    pub received_at: Option<String>,
    /// Whether the event certainly happened before the cut-off, independent of the author's clock.
    pub certain: bool,
}

/// One page of late arrivals.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LateArrivals {
    /// The events, in the order in which their documents last changed.
    pub items: Vec<LateArrival>,
    /// Pass this as `after` for the next page; absent on the last page.
    pub next: Option<String>,
    /// Spaces whose log was restored since: their late arrivals cannot be determined.
    pub not_comparable: Vec<String>,
    /// Reports of parts that the report added up and that do not stand any more.
    pub changed_parts: Vec<ChangedPart>,
}

/// The number of late arrivals.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Late {
    pub(crate) count: u64,
    pub(crate) more: bool,
}

impl Late {
    pub(crate) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.more |= other.more;
    }
}

/// When an activity took place, as an event states it, milliseconds UTC.
fn held(body: &EventBody) -> Option<i64> {
    match body {
        EventBody::Activity(entry) => Some(entry.held.0),
        EventBody::Amend(amendment) => Some(amendment.held.0),
        _ => None,
    }
}

impl Baseline {
    /// The sequence number after which late arrivals begin: the report counted what was received before its cut-off.
    fn start(&self, tx: &mut dyn Tx, space: &AreaPath, mark: u64) -> Result<u64, StorageError> {
        Ok(mark.min(arrivals::seq_before(tx, space, self.cut_off)?))
    }

    /// The late arrivals in documents of one space that changed after a sequence number, and the position of the next page.
    fn page(
        &self,
        tx: &mut dyn Tx,
        space: &AreaPath,
        mark: u64,
        after: u64,
    ) -> Result<(Vec<LateArrival>, Option<u64>), StorageError> {
        let docs = docs::tail(tx, space, space, after, RECORDS)?;
        let full = docs.len() == RECORDS;
        let next = docs.last().filter(|_| full).map(|doc| doc.last_seq);
        let here: Vec<_> = docs
            .into_iter()
            .filter(|doc| self.parents.is_within(&doc.path, &self.area))
            .collect();
        let ids: Vec<DocId> = here.iter().map(|doc| doc.id).collect();
        let mut found = Vec::new();
        for came in arrivals::came_after(tx, space, &ids, after)? {
            // What the log had when the report was sealed counts in it, if it was received before the cut-off.
            if came.seq <= mark && came.received_at.is_none_or(|at| at < self.cut_off) {
                continue;
            }
            let path = here.iter().find(|doc| doc.id == came.doc);
            let path = path.map(|doc| doc.path.to_string()).unwrap_or_default();
            found.extend(self.late(&came, &path));
        }
        Ok((found, next))
    }

    /// The events of a change that may have been made before the cut-off.
    fn late(&self, came: &Came, path: &str) -> Vec<LateArrival> {
        let events = inspect(&came.bytes).map(|facts| facts.events);
        let read = |(_, bytes): (_, Vec<u8>)| Event::from_bytes(&bytes).ok();
        let late = |event: Event| {
            let received = came.received_at.map(ServerTime);
            let when = TimeBounds::new(event.beacon.as_ref(), received);
            let claimed = event.claimed.0;
            let held = held(&event.body);
            // The author's device knew a server time at or after the cut-off: the event was made later, despite its
            // claimed time. What it states may have taken place before all the same.
            let after = when.lower.is_some_and(|lower| lower.0 >= self.cut_off);
            let claimed_before = claimed < self.cut_off && !after;
            let held_before = held.is_some_and(|at| at < self.cut_off);
            (claimed_before || held_before).then(|| LateArrival {
                held_at: held.map(instant),
                record: came.doc.to_string(),
                area: path.to_owned(),
                kind: event.body.name().to_owned(),
                kind_zh: event.body.zh(),
                claimed_at: instant(claimed),
                received_at: came.received_at.map(instant),
                certain: when.upper.is_some_and(|upper| upper.0 < self.cut_off),
            })
        };
        let events = events.unwrap_or_default().into_iter();
        events.filter_map(read).filter_map(late).collect()
    }

    /// The number of late arrivals; counted up to a limit.
    pub(super) fn count(&self, tx: &mut dyn Tx) -> Result<Late, StorageError> {
        let mut late = Late::default();
        for (space, mark) in self.comparable(tx)?.0 {
            let mut after = Some(self.start(tx, &space, mark)?);
            while let Some(at) = after {
                let (found, next) = self.page(tx, &space, mark, at)?;
                late.count += found.len() as u64;
                after = next;
                if late.count >= COUNTED {
                    late.more = true;
                    return Ok(late);
                }
            }
        }
        Ok(late)
    }

    /// A page after a position `space|number`.
    pub(super) fn list(
        &self,
        tx: &mut dyn Tx,
        after: Option<&str>,
    ) -> Result<LateArrivals, Refusal> {
        let bad = || Refusal::new(Code::BadFilter, "after: expected `next` of the page before");
        let from = match after {
            Some(text) => {
                let (space, seq) = text.split_once('|').ok_or_else(bad)?;
                Some((space.to_owned(), seq.parse::<u64>().map_err(|_| bad())?))
            }
            None => None,
        };
        let (spaces, not_comparable) = self.comparable(tx)?;
        let mut page = LateArrivals {
            items: Vec::new(),
            next: None,
            not_comparable,
            changed_parts: Vec::new(),
        };
        for (space, mark) in spaces {
            let at = match &from {
                Some((begun, _)) if space.as_str() < begun.as_str() => continue,
                Some((begun, seq)) if space.as_str() == begun => *seq,
                _ => self.start(tx, &space, mark)?,
            };
            let (found, next) = self.page(tx, &space, mark, at)?;
            page.items.extend(found);
            if let Some(next) = next {
                page.next = Some(format!("{space}|{next}"));
                break;
            }
        }
        Ok(page)
    }
}

/// The number of late arrivals for the newest report of an area; none if there is no report.
pub(crate) fn late_of_area(tx: &mut dyn Tx, area: &AreaPath) -> Result<Late, Refusal> {
    let Some(newest) = reports::newest(tx, area.as_str())? else {
        return Ok(Late::default());
    };
    let Some(report) = reports::find(tx, &newest.id)? else {
        return Ok(Late::default());
    };
    let sealed = stored::content(&report)?;
    let baseline = Baseline::of(tx, &sealed, report.cut_off)?;
    Ok(baseline.count(tx)?)
}

impl Reporting {
    /// The late arrivals for a report.
    ///
    /// # Errors
    /// `not-found`, `bad-filter`, `report-damaged`.
    pub async fn late(
        &self,
        reach: &Reach,
        report: &str,
        after: Option<String>,
    ) -> Result<LateArrivals, Refusal> {
        let (id, reach) = (stored::id(report)?, reach.clone());
        self.storage
            .read(move |tx| {
                let (report, sealed) = stored::find(tx, &reach, &id)?;
                let baseline = Baseline::of(tx, &sealed, report.cut_off)?;
                let mut page = baseline.list(tx, after.as_deref())?;
                page.changed_parts = changed_parts(tx, &sealed)?;
                Ok(page)
            })
            .await
    }
}

//! Notices about own endings: which closings of this device's person are contested, and which must be stated again.
//!
//! They are derived from the documents at each call and are not stored: a notice lasts as long as its reason. A stored
//! notice could be acknowledged while the closing is still contested, and it would need to be withdrawn by every change
//! that ends the reason.

use std::{collections::BTreeSet, fmt};

use super::{Device, DeviceError, load};
use crate::{
    document::{DoubtedEnding, EndingDoubt, doubt_flags},
    record::DocId,
};

/// An ending of this device's person that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingNotice {
    /// The hazard.
    pub doc: DocId,
    /// Its kind.
    pub code: String,
    /// Its place in words.
    pub place: String,
    /// The ending, and why it does not count.
    pub ending: DoubtedEnding,
}

impl fmt::Display for EndingNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DoubtedEnding { kind, kind_zh, .. } = self.ending;
        write!(f, "{}  {}  {}  ", self.doc, self.code, self.place)?;
        match self.ending.doubt {
            EndingDoubt::Contested => write!(
                f,
                "您的“{kind_zh}”有争议，裁定之前中止 / your {kind} is contested and suspended until a reviewer decides"
            ),
            EndingDoubt::CloseAgain => write!(
                f,
                "您的“{kind_zh}”不计入，仍未办结，须重新办理 / your {kind} does not count, the hazard is open: state it again"
            ),
        }
    }
}

impl Device {
    /// The endings of this device's person that are suspended or must be stated again, one for each hazard, last changed
    /// first. The notice of a hazard disappears when its ending counts or the hazard is ended otherwise.
    ///
    /// # Errors
    /// [`DeviceError`] from the database. A document that cannot be read has no notice.
    pub fn ending_notices(&self) -> Result<Vec<EndingNotice>, DeviceError> {
        let grants = self.own_grants()?;
        let own: BTreeSet<_> = grants
            .iter()
            .flat_map(|(_, grant)| grant.other_ids().iter().chain([&grant.person]))
            .copied()
            .collect();
        let mut statement = self.connection.prepare_cached(
            "SELECT doc, code, place FROM hazard_row WHERE flags & ?1 <> 0 ORDER BY updated DESC, doc",
        )?;
        let rows = statement.query_map([doubt_flags()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?))
        })?;
        let mut notices = Vec::new();
        for row in rows {
            let (doc, code, place) = row?;
            let doc = DocId::from_slice(&doc)?;
            let folded = load::load(&self.connection, &self.catalogue, doc)
                .and_then(|mut loaded| load::fold(&self.connection, &mut loaded));
            let ending = folded
                .ok()
                .and_then(|folded| folded.hazard()?.doubted_ending(&own));
            notices.extend(ending.map(|ending| EndingNotice {
                doc,
                code,
                place,
                ending,
            }));
        }
        Ok(notices)
    }
}

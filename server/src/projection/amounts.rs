//! What a folded document contributes to figures.

use serde_json::Value;
use sync_core::{
    catalogue::{Catalogue, INSPECTION},
    document::{DocumentState, Folded},
};

use crate::storage::activities::record_name;

/// What a document contributes to figures: names, the fields that indicators ask for as JSON, thousandths of the unit. An
/// activity or inspection that counts contributes itself, as [`record_name`] of its type.
pub(super) fn amounts(folded: &Folded<'_>) -> Vec<(String, String, i64)> {
    let (counts, kind, data) = match folded.state() {
        DocumentState::Hazard(_) => (false, String::new(), None),
        DocumentState::Inspection(state) => (state.counts, INSPECTION.to_owned(), None),
        DocumentState::Activity(state) => {
            let kind = state.r#type.as_ref().map(ToString::to_string);
            (
                state.counts,
                kind.unwrap_or_default(),
                state.shown().map(|version| version.data.as_str()),
            )
        }
    };
    let detail = data.map(detail).unwrap_or_default();
    let own = counts.then(|| (record_name(&kind), detail.clone(), 1000));
    let quantities = folded.quantities().into_iter();
    let quantities = quantities.map(|q| (q.name, detail.clone(), q.milli));
    own.into_iter().chain(quantities).collect()
}

/// The fields of an activity that indicators have conditions on, as JSON; empty if it has none of them.
fn detail(data: &str) -> String {
    let Ok(Value::Object(mut all)) = serde_json::from_str(data) else {
        return String::new();
    };
    let fields = Catalogue::embedded().indicators.fields();
    all.retain(|name, _| fields.contains(name.as_str()));
    if all.is_empty() {
        return String::new();
    }
    Value::Object(all).to_string()
}

//! Writes the contract for other programs: schemas of documents, the API, the refusals.

use std::{fs, path::Path};

use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use sync_core::{
    activity::ActivityState,
    catalogue::{
        ActivityTypes, Bundle, Calendar, Catalogue, Duties, HazardKinds, Indicators, Inspections,
        Regions, Rules, Weights, indicators_page, lifecycle_page,
    },
    hazard::HazardState,
    inspection::InspectionState,
    record::{Event, Grant},
};
use xuncha_server::say;

fn put(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, serde_json::to_string_pretty(value)? + "\n")?;
    Ok(())
}

fn record<T: JsonSchema>(out: &Path, name: &str) -> anyhow::Result<()> {
    put(
        &out.join("records").join(format!("{name}.schema.json")),
        &schema_for!(T),
    )
}

/// Writes every generated file under `out`.
pub(super) fn write(out: &Path) -> anyhow::Result<()> {
    record::<Event>(out, "event")?;
    record::<Grant>(out, "grant")?;
    record::<HazardState>(out, "hazard_state")?;
    record::<Bundle>(out, "catalogue")?;
    record::<HazardKinds>(out, "hazard_kinds")?;
    record::<Rules>(out, "lifecycle")?;
    record::<Calendar>(out, "calendar")?;
    record::<Weights>(out, "duplicates")?;
    record::<Duties>(out, "duties")?;
    record::<ActivityTypes>(out, "activity_types")?;
    record::<Inspections>(out, "inspection")?;
    record::<ActivityState>(out, "activity_state")?;
    record::<InspectionState>(out, "inspection_state")?;
    record::<Regions>(out, "regions")?;
    record::<Indicators>(out, "indicators")?;
    // Pages for readers; `cargo xtask schemas` moves them to `docs/` of the repository.
    let docs = out.join("docs");
    fs::create_dir_all(&docs)?;
    fs::write(
        docs.join("lifecycle.md"),
        lifecycle_page(Catalogue::embedded()),
    )?;
    fs::write(
        docs.join("indicators.md"),
        indicators_page(Catalogue::embedded()),
    )?;
    put(
        &out.join("openapi.json"),
        &xuncha_server::http::openapi::document(),
    )?;
    put(&out.join("problems.json"), &xuncha_server::http::problems())?;
    say!("written to {}", out.display());
    Ok(())
}

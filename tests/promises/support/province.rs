//! A province for indicators and reports: the 17 cities with one to three counties each, and rows of the ledger.
//!
//! The codes of places are real; all data in them is invented. Rows are written directly into the projection's tables,
//! so that a test states exactly what they contain.

use cli_simulator::phone::Transport;
use serde_json::Value;
use sync_core::{
    catalogue::StateCode,
    record::{AreaPath, DeviceTime, DocId, LogEpoch, PersonId, Role, ServerTime},
    sync::{Call, Method},
};
use xuncha_server::{
    register::{Import, import_compounds, import_regions},
    storage::{
        StorageError, Tx, Value as Sql,
        activities::record_name,
        hazards,
        hazards::HazardRow,
        spaces,
        spans::{self, HazardSpan, LASTS},
    },
};

use super::{MORNING, Town};

/// Counties with their own log; the last four also count as cities.
pub(crate) const COUNTIES: [&str; 20] = [
    "420000/420100/420106",
    "420000/420100/420103",
    "420000/420100/420111",
    "420000/420200/420202",
    "420000/420300/420302",
    "420000/420500/420502",
    "420000/420600/420602",
    "420000/420700/420704",
    "420000/420800/420802",
    "420000/420800/420882",
    "420000/420900/420902",
    "420000/421000/421002",
    "420000/421100/421102",
    "420000/421200/421202",
    "420000/421300/421303",
    "420000/422800/422801",
    "420000/429004",
    "420000/429005",
    "420000/429006",
    "420000/429021",
];

/// Wuchang, whose street 420106490 is split: one community reports to the development zone.
pub(crate) const WUCHANG: &str = COUNTIES[0];
pub(crate) const ZONE: &str = "420000/420100/EastLake";
pub(crate) const SPLIT: &str = "420000/420100/420106/420106490/420106490001";

const MORE_REGIONS: &str = "path,name,level,report_parent
420000/420100/EastLake,东湖高新区,functional_area,
420000/420100/420106/420106490/420106490001,示范社区,community,420000/420100/EastLake
";

/// The regions of the province's counties as a file.
pub(crate) fn regions() -> String {
    let mut text = MORE_REGIONS.to_owned();
    for county in COUNTIES {
        let level = match county.matches('/').count() {
            1 => "city county",
            _ => "county",
        };
        text += &format!("{county},示范县{},{level},\n", &county[county.len() - 6..]);
    }
    text
}

pub(crate) fn area(text: &str) -> AreaPath {
    text.parse().unwrap()
}

/// A hazard for the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) state: u16,
    pub(crate) code: &'static str,
    pub(crate) found_at: i64,
    pub(crate) deadline: Option<i64>,
    /// Whether the deadline is certain.
    pub(crate) certain: bool,
    pub(crate) cycle: u16,
    pub(crate) problem: &'static str,
}

impl Found {
    pub(crate) fn at(path: &str, state: u16, code: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            state,
            code,
            found_at: MORNING,
            deadline: None,
            certain: true,
            cycle: 1,
            problem: "",
        }
    }
}

impl Town {
    /// The province, with a log for each county and the regions imported.
    pub(crate) fn province() -> Self {
        let town = Self::new();
        let made = town.app().storage.write(|tx| {
            for (n, county) in (0..).zip(COUNTIES) {
                spaces::create(tx, &area(county), LogEpoch([n; 8]))?;
            }
            Ok::<_, StorageError>(())
        });
        town.runtime.block_on(made).unwrap();
        let import = town.import_regions(&regions());
        assert!(import.written, "{import:?}");
        town
    }

    pub(crate) fn import_regions(&self, text: &str) -> Import {
        let storage = &self.app().storage;
        let import = import_regions(storage, text.as_bytes().to_vec(), None);
        self.runtime.block_on(import).unwrap()
    }

    pub(crate) fn import_compounds(&self, text: &str) -> Import {
        let storage = &self.app().storage;
        let import = import_compounds(storage, text.as_bytes().to_vec(), None);
        self.runtime.block_on(import).unwrap()
    }

    /// A token of the review API for the person with this number.
    pub(crate) fn key_of(&self, person: u8, role: Role, within: &str) -> String {
        let access = &self.app().components.access;
        let token = access.issue_token(PersonId([person; 16]), role, area(within), String::new());
        self.runtime.block_on(token).unwrap()
    }

    /// A token of a province reviewer for the whole province.
    pub(crate) fn province_key(&self) -> String {
        self.key_of(90, Role::ProvinceReviewer, "420000")
    }

    pub(crate) fn in_ledger<T: Send + 'static>(
        &self,
        write: impl FnMut(&mut dyn Tx) -> Result<T, StorageError> + Send + 'static,
    ) -> T {
        let written = self.app().storage.write(write);
        self.runtime.block_on(written).unwrap()
    }

    /// Writes hazards into the ledger.
    pub(crate) fn ledger_has(&self, found: Vec<Found>) {
        self.in_ledger(move |tx| {
            let rows: Vec<HazardRow> = found.iter().map(|f| row(f, fresh())).collect();
            hazards::put(tx, &rows.iter().collect::<Vec<_>>())?;
            let readable = rows.iter().filter(|row| row.problem.is_empty());
            let known: Vec<HazardSpan> = readable.map(span).collect();
            spans::put(tx, &known.iter().collect::<Vec<_>>())
        });
    }

    /// Writes an activity that counts, with its quantities.
    pub(crate) fn recorded(&self, path: &str, kind: &str, data: &str, figures: &[(&str, i64)]) {
        self.recorded_at(path, kind, data, figures, MORNING, fresh());
    }

    pub(crate) fn recorded_at(
        &self,
        path: &str,
        kind: &str,
        data: &str,
        figures: &[(&str, i64)],
        at: i64,
        doc: [u8; 16],
    ) {
        let (path, kind, data) = (path.to_owned(), kind.to_owned(), data.to_owned());
        let figures: Vec<(String, i64)> =
            figures.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
        self.in_ledger(move |tx| {
            let space = space_of(&path);
            tx.execute(
                "INSERT INTO activity (space, doc, path, as_of_seq, changed, type, state, counts, title, held_at,
                   updated_at, event_count, photo_count, data)
                 VALUES ($1, $2, $3, 0, 0, $4, 'confirmed', 1, '', $5, $6, 1, 0, $7)",
                &[
                    space.as_str().into(),
                    doc.as_slice().into(),
                    path.as_str().into(),
                    kind.as_str().into(),
                    at.into(),
                    at.into(),
                    data.as_str().into(),
                ],
            )?;
            let own = (record_name(&kind), 1000);
            for (name, milli) in figures.iter().chain([&own]) {
                quantity(tx, (&space, doc, &path), name, at, *milli, &data)?;
            }
            Ok(())
        });
    }

    /// Writes a finished inspection that reached these buildings.
    pub(crate) fn inspected(&self, path: &str, compound: [u8; 16], buildings: &[&str], at: i64) {
        let doc = fresh();
        self.recorded_at(
            path,
            "inspection",
            "{}",
            &[("inspection.team_size", 2000)],
            at,
            doc,
        );
        let space = space_of(path);
        let buildings: Vec<String> = buildings.iter().map(|b| (*b).to_owned()).collect();
        self.in_ledger(move |tx| {
            for building in &buildings {
                tx.execute(
                    "INSERT INTO inspected_building (space, doc, compound, building, unit, since, until, finished)
                     VALUES ($1, $2, $3, $4, '', $5, $6, 1)",
                    &[
                        space.as_str().into(),
                        doc.as_slice().into(),
                        compound.as_slice().into(),
                        building.as_str().into(),
                        at.into(),
                        LASTS.0.into(),
                    ],
                )?;
            }
            Ok(())
        });
    }

    /// A POST of JSON with a token: status and body.
    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let call = Call {
            method: Method::Post,
            path: path.to_owned(),
            headers: vec![
                ("authorization", format!("Bearer {token}")),
                ("content-type", "application/json".to_owned()),
            ],
            body: body.to_string().into_bytes(),
        };
        let reply = self.http.clone().send(&call).unwrap();
        let answer = serde_json::from_slice(&reply.body).unwrap_or_default();
        (reply.status, answer)
    }
}

fn quantity(
    tx: &mut dyn Tx,
    (space, doc, path): (&str, [u8; 16], &str),
    name: &str,
    at: i64,
    milli: i64,
    detail: &str,
) -> Result<(), StorageError> {
    let values: [Sql<'_>; 8] = [
        space.into(),
        doc.as_slice().into(),
        name.into(),
        path.into(),
        at.into(),
        LASTS.0.into(),
        milli.into(),
        detail.into(),
    ];
    tx.execute(
        "INSERT INTO quantity (space, doc, name, n, path, at, since, until, milli, detail)
         VALUES ($1, $2, $3, 0, $4, $5, $5, $6, $7, $8)",
        &values,
    )?;
    Ok(())
}

/// The county, of those of this file, that contains a path.
fn space_of(path: &str) -> String {
    let county = COUNTIES.iter().find(|c| area(c).covers(&area(path)));
    (*county.unwrap()).to_owned()
}

/// A new id.
pub(crate) fn fresh() -> [u8; 16] {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut id = [9; 16];
    id[8..].copy_from_slice(&NEXT.fetch_add(1, SeqCst).to_be_bytes());
    id
}

fn row(f: &Found, doc: [u8; 16]) -> HazardRow {
    let category = f.code.split('-').next().unwrap_or_default();
    let area = |text: &str| text.parse::<AreaPath>().unwrap();
    let blank = HazardRow::blank(area(&space_of(&f.path)), area(&f.path), DocId(doc), 0);
    HazardRow {
        state: StateCode(f.state),
        is_open: ![80, 95, 96].contains(&f.state),
        cycle: f.cycle,
        grade: "G2".to_owned(),
        code: f.code.to_owned(),
        category: category.to_owned(),
        found_at: DeviceTime(f.found_at),
        updated_at: DeviceTime(f.found_at),
        deadline: f.deadline.map(DeviceTime),
        due: f.deadline.filter(|_| f.certain).map(DeviceTime),
        problem: f.problem.to_owned(),
        ..blank
    }
}

/// What was known of a hazard since it was found.
fn span(row: &HazardRow) -> HazardSpan {
    HazardSpan {
        space: row.space.clone(),
        doc: row.doc,
        since: ServerTime(row.found_at.0),
        until: LASTS,
        path: row.path.clone(),
        state: row.state,
        last_open: row.state,
        grade: row.grade.clone(),
        code: row.code.clone(),
        category: row.category.clone(),
        cycle: row.cycle,
        found_at: ServerTime(row.found_at.0),
        due: row.due,
        targets: Vec::new(),
    }
}

/// The cumulative value of an indicator in a row.
pub(crate) fn value(row: &Value, code: &str) -> f64 {
    row["values"][code]["cumulative"]
        .as_f64()
        .unwrap_or_default()
}

/// The row of a place.
pub(crate) fn row_of<'v>(sheet: &'v Value, area: &str) -> &'v Value {
    let rows = sheet["rows"].as_array().unwrap();
    let found = rows.iter().find(|row| row["area"] == area);
    found.unwrap_or_else(|| panic!("no row of {area}"))
}

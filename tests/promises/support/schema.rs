//! Earlier schemas: the released migrations, databases that they made and that hold a row in each table, and databases
//! that are converted back to an earlier schema.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, types::Value};
use tokio::runtime::Runtime;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// A store whose schema has numbers.
pub(crate) struct Schema {
    folder: &'static str,
    names: &'static [Renaming],
}

/// The tables and columns that a migration renamed: the old name, the new one. Columns are those of the new table.
struct Renaming {
    number: u32,
    tables: &'static [(&'static str, &'static str)],
    columns: &'static [(&'static str, &'static str, &'static str)],
}

pub(crate) const SERVER: Schema = Schema {
    folder: "../server/src/storage/migrations",
    names: &[
        Renaming {
            number: 10,
            tables: &[
                ("campaign_record", "activity"),
                ("inspected", "inspected_building"),
                ("blob", "photo"),
                ("blob_ref", "doc_photo"),
                ("blob_named", "photo_reference"),
                ("blob_sender", "photo_sender"),
                ("blob_hidden", "redacted_photo"),
                ("blob_came", "arrived_photo"),
                ("grant_given", "signed_grant"),
                ("to_compare", "comparison_queue"),
                ("refold", "fold_queue"),
            ],
            columns: &[
                ("photo", "print", "perceptual_hash"),
                ("hazard", "look", "comparison_digest"),
                ("space", "log_id", "log_epoch"),
                ("space", "born", "epoch_start"),
            ],
        },
        Renaming {
            number: 13,
            tables: &[("revocation", "server_notice")],
            columns: &[
                ("server_notice", "device", "subject"),
                ("hazard", "known_events", "known_receipts"),
                ("activity", "known_events", "known_receipts"),
            ],
        },
    ],
};

pub(crate) const DEVICE: Schema = Schema {
    folder: "../sync-core/src/device/migrations",
    names: &[
        Renaming {
            number: 5,
            tables: &[
                ("hazard_view", "hazard_row"),
                ("campaign_view", "activity_row"),
                ("repair_doc", "reconcile_queue"),
                ("revoked", "revocation"),
            ],
            columns: &[
                ("reconcile_queue", "need", "fetch"),
                ("reconcile_queue", "offer", "resupply"),
                ("scope", "log", "log_epoch"),
                ("scope", "repair", "reconcile"),
                ("scope", "revoked", "last_revocation"),
            ],
        },
        Renaming {
            number: 6,
            tables: &[("revocation", "server_notice")],
            columns: &[
                ("server_notice", "device", "subject"),
                ("scope", "last_revocation", "last_notice"),
            ],
        },
    ],
};

impl Schema {
    /// The migrations by number, for one engine: `NNNN_name.sql` is for both, `NNNN_name.engine.sql` for one.
    fn migrations(&self, engine: &str) -> BTreeMap<u32, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder);
        let files = std::fs::read_dir(folder).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        // A step for one engine has a longer name, and runs after the one for both.
        files.sort_by_key(|file| (file.to_str().unwrap().matches('.').count(), file.clone()));
        let mut migrations = BTreeMap::<u32, String>::new();
        for file in files {
            let name = file.file_name().unwrap().to_str().unwrap();
            let own = format!(".{engine}.sql");
            let shared = name.matches('.').count() == 1;
            if !shared && !name.ends_with(&own) {
                continue;
            }
            let mut sql = std::fs::read_to_string(&file).unwrap();
            if shared && engine == "postgres" {
                sql = sql
                    .replace(" BLOB", " BYTEA")
                    .replace(" TEXT", " TEXT COLLATE \"C\"")
                    .replace("/* by space */", "PARTITION BY LIST (space)");
            }
            let step = migrations.entry(name[..4].parse().unwrap()).or_default();
            step.push_str(&sql);
        }
        migrations
    }

    /// The newest number.
    pub(crate) fn newest(&self) -> u32 {
        *self.migrations("sqlite").last_key_value().unwrap().0
    }

    /// The statements that make the schema of a number from nothing.
    fn made_until(&self, number: u32, engine: &str) -> String {
        let steps = self.migrations(engine);
        steps
            .range(..=number)
            .map(|(_, sql)| sql.as_str())
            .collect()
    }

    /// The present names of a table of an earlier schema, and of a column of it.
    fn now(&self, number: u32, table: &str, column: &str) -> (String, String) {
        let (mut table, mut column) = (table.to_owned(), column.to_owned());
        for renaming in self.names.iter().filter(|r| r.number > number) {
            if let Some((_, new)) = renaming.tables.iter().find(|(old, _)| *old == table) {
                (*new).clone_into(&mut table);
            }
            let mut columns = renaming.columns.iter();
            if let Some((_, _, new)) = columns.find(|(of, old, _)| *of == table && *old == column) {
                (*new).clone_into(&mut column);
            }
        }
        (table, column)
    }

    /// Converts a SQLite database to an earlier schema, with all data that this schema can hold.
    pub(crate) fn turn_back(&self, file: &Path, number: u32) {
        let c = Connection::open(file).unwrap();
        for renaming in self.names.iter().rev().filter(|r| r.number > number) {
            for (table, old, new) in renaming.columns {
                c.execute_batch(&format!("ALTER TABLE {table} RENAME COLUMN {new} TO {old}"))
                    .unwrap();
            }
            for (old, new) in renaming.tables {
                c.execute_batch(&format!("ALTER TABLE {new} RENAME TO {old}"))
                    .unwrap();
            }
        }
        drop(c);
        let made = file.with_extension("earlier");
        let store = Store::sqlite(&made);
        store.run(&self.made_until(number, "sqlite"));
        store.run(&format!("ATTACH '{}' AS now", file.display()));
        for (table, columns) in store.tables() {
            let names = columns.iter().map(|(name, _)| name.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            // Two tables of earlier schemas; their rows are in another table now.
            let from = match table.as_str() {
                "blob_space" => "SELECT DISTINCT hash, space FROM now.blob_ref".to_owned(),
                "blob_doc" => "SELECT DISTINCT hash, space, doc FROM now.blob_named".to_owned(),
                _ => format!("SELECT {names} FROM now.{table}"),
            };
            store.run(&format!("INSERT INTO main.{table} ({names}) {from}"));
        }
        store.run(&format!("DETACH now; PRAGMA user_version={number}"));
        drop(store);
        for rest in ["db-wal", "db-shm"] {
            let _ = std::fs::remove_file(file.with_extension(rest));
        }
        std::fs::rename(&made, file).unwrap();
    }

    /// Makes the schema in an empty store that has this number and these migrations, with texts that `edit` changes.
    pub(crate) fn make_edited(
        &self,
        store: &Store,
        number: u32,
        migrations: &[u32],
        edit: fn(u32, &str) -> String,
    ) {
        let steps = self.migrations(store.engine());
        for step in migrations {
            store.run(&edit(*step, &steps[step]));
        }
        store.begin(number);
    }

    /// Makes the schema of a number in an empty store, with one row in each table. Returns what the present schema must
    /// hold of it: a query for each table, and its result.
    pub(crate) fn fill(&self, store: &Store, number: u32) -> BTreeMap<String, Vec<Vec<String>>> {
        store.run(&self.made_until(number, store.engine()));
        store.begin(number);
        let mut held = BTreeMap::new();
        for (table, columns) in store.tables() {
            let names: Vec<_> = columns.iter().map(|(name, _)| name.as_str()).collect();
            let values: Vec<_> = columns
                .iter()
                .map(|(name, kind)| store.literal(&table, name, kind))
                .collect();
            store.run(&format!(
                "INSERT INTO {table} ({}) VALUES ({})",
                names.join(", "),
                values.join(", ")
            ));
            let now: Vec<_> = names
                .iter()
                .map(|name| self.now(number, &table, name))
                .filter(|(table, column)| is_kept(number, table, column))
                .collect();
            let Some((table_now, _)) = now.first().cloned() else {
                continue;
            };
            let columns: Vec<_> = now.into_iter().map(|(_, column)| column).collect();
            let rows = store.ask(&format!("SELECT {} FROM {table}", names.join(", ")));
            let at = |column: &String| {
                let found = names.iter();
                let mut found = found.map(|name| self.now(number, &table, name).1);
                found.position(|name| name == *column).unwrap()
            };
            let rows = rows
                .into_iter()
                .map(|row| columns.iter().map(|c| row[at(c)].clone()).collect());
            let query = format!("SELECT {} FROM {table_now}", columns.join(", "));
            held.insert(query, rows.collect());
        }
        held
    }
}

/// Whether the rows of a table stay as they are when a database of this schema is migrated.
fn is_kept(number: u32, table: &str, column: &str) -> bool {
    // Migration 3 deletes the ledger and migration 11 a part of it; both are rebuilt.
    let rebuilt =
        number < 3 && (table == "hazard" || (table, column) == ("projection_mark", "seq"));
    let rebuilt = rebuilt || number < 11 && ["quantity", "inspected_building"].contains(&table);
    // The rows of these are in `photo_reference` now.
    let merged = ["blob_space", "blob_doc"].contains(&table);
    // Notices are requested again: they are numbered otherwise than revocations were.
    let requested = (table, column) == ("scope", "last_notice");
    !rebuilt && !merged && !requested
}

/// An open database of either engine.
pub(crate) enum Store {
    Sqlite(Connection),
    Postgres(Runtime, tokio_postgres::Client),
}

/// The space of the rows that [`Schema::fill`] writes.
pub(crate) const SPACE: &str = "429999/429998";

impl Store {
    pub(crate) fn sqlite(file: &Path) -> Self {
        let c = Connection::open(file).unwrap();
        // Rows are written table by table, and nothing of them must survive a power loss.
        c.execute_batch("PRAGMA foreign_keys=OFF; PRAGMA synchronous=OFF")
            .unwrap();
        Self::Sqlite(c)
    }

    pub(crate) fn postgres(url: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Self::Postgres(runtime, client)
    }

    fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(..) => "postgres",
        }
    }

    pub(crate) fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(c) => c.execute_batch(sql).unwrap(),
            Self::Postgres(runtime, client) => runtime.block_on(client.batch_execute(sql)).unwrap(),
        }
    }

    /// The rows of a query as texts.
    pub(crate) fn ask(&self, sql: &str) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite(c) => {
                let mut statement = c.prepare(sql).unwrap();
                let width = statement.column_count();
                let row = |row: &rusqlite::Row<'_>| {
                    let cell = |at| Ok(format!("{:?}", row.get::<_, Value>(at)?));
                    (0..width).map(cell).collect()
                };
                let rows = statement.query_map([], row).unwrap();
                rows.collect::<Result<_, _>>().unwrap()
            }
            Self::Postgres(runtime, client) => {
                let messages = runtime.block_on(client.simple_query(sql)).unwrap();
                let row = |message: &SimpleQueryMessage| match message {
                    SimpleQueryMessage::Row(row) => {
                        let cell = |at| row.get(at).unwrap_or("NULL").to_owned();
                        Some((0..row.len()).map(cell).collect())
                    }
                    _ => None,
                };
                messages.iter().filter_map(row).collect()
            }
        }
    }

    /// Each table with its columns and their types.
    pub(crate) fn tables(&self) -> Vec<(String, Vec<(String, String)>)> {
        let sql = match self {
            Self::Sqlite(_) => {
                "SELECT t.name, c.name, c.type FROM main.sqlite_master t, pragma_table_info(t.name, 'main') c
                 WHERE t.type = 'table' ORDER BY t.name, c.cid"
            }
            Self::Postgres(..) => {
                "SELECT t.relname, c.attname, format_type(c.atttypid, NULL) FROM pg_class t
                 JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
                 WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition AND pg_table_is_visible(t.oid)
                   AND t.relnamespace = to_regnamespace('public') AND t.relname <> 'schema_version'
                 ORDER BY t.relname, c.attnum"
            }
        };
        let plain = |text: &String| {
            let text = text.trim_start_matches("Text(\"").trim_end_matches("\")");
            text.to_owned()
        };
        let mut tables: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for row in self.ask(sql) {
            let (table, column) = (plain(&row[0]), (plain(&row[1]), plain(&row[2])));
            match tables.last_mut() {
                Some((last, columns)) if *last == table => columns.push(column),
                _ => tables.push((table, vec![column])),
            }
        }
        tables
    }

    /// Notes the number of the schema, and makes the partitions of the space as programs of that schema did.
    fn begin(&self, number: u32) {
        let Self::Postgres(..) = self else {
            self.run(&format!("PRAGMA user_version={number}"));
            return;
        };
        self.run(&format!(
            "CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES ({number})"
        ));
        for table in self
            .ask("SELECT relname FROM pg_class WHERE relkind = 'p' AND pg_table_is_visible(oid)")
        {
            let (table, part) = (&table[0], SPACE.replace('/', "_"));
            self.run(&format!(
                "CREATE TABLE {table}_{part} (LIKE {table} INCLUDING ALL);
                 ALTER TABLE {table} ATTACH PARTITION {table}_{part} FOR VALUES IN ('{SPACE}')"
            ));
        }
    }

    /// A value of a column: one that every check of every schema accepts.
    fn literal(&self, table: &str, column: &str, kind: &str) -> String {
        match kind {
            "TEXT" | "text" => match (table, column) {
                (_, "space") | ("space", "id") => format!("'{SPACE}'"),
                (_, "path" | "area") => format!("'{SPACE}/1'"),
                ("setup_code", "class") => "'audit'".to_owned(),
                (_, "class") => "'business'".to_owned(),
                _ => format!("'{table} {column}'"),
            },
            "BLOB" | "bytea" => {
                let hex = "0b".repeat(if column == "log_id" || column == "log_epoch" {
                    8
                } else {
                    16
                });
                match self {
                    Self::Sqlite(_) => format!("x'{hex}'"),
                    Self::Postgres(..) => format!("'\\x{hex}'"),
                }
            }
            // A refusal of the picture itself, which every version keeps.
            _ if column == "refusal" => "40".to_owned(),
            _ => "1".to_owned(),
        }
    }
}

//! Opens the data folder and the database, and builds every component on them.

use std::{path::Path, sync::Arc};

use anyhow::{Context, ensure};
use sync_core::identity::SecretKey;

use crate::{
    access::Access,
    audit::Audit,
    config::Config,
    editions::Editions,
    feed::Feed,
    folder,
    hints::Hints,
    host::Now,
    http::Components,
    ingest::Ingest,
    keys::{embedded_key, shared_key},
    metrics::Metrics,
    migrate::FILLING,
    people::People,
    photos::{Lifetimes, Photos, Store, Target},
    projection::Projection,
    quota::Quota,
    reporting::Reporting,
    review::Review,
    storage::{Storage, StorageError, spaces},
    wake::Wake,
};

/// Opens the data folder and builds every component on it.
///
/// # Errors
/// If the folder, the database or the key cannot be opened; the error names the path and what to do.
pub fn open(config: &Config, now: Now) -> anyhow::Result<(Storage, Components)> {
    prepare(&config.data)?;
    let (storage, key) = database(config)?;
    let editions = Editions::open(&storage, &key).context("catalogue")?;
    let access = Access::new(
        storage.clone(),
        key.clone(),
        Arc::clone(&now),
        config.session_ms,
        editions.clone(),
    )
    .with_sign_in(config.sign_in);
    let audit = Audit::new(storage.clone(), Arc::clone(&now));
    let catalogue = editions.catalogue();
    let target = Target::parse(config.photos.as_deref(), &config.data).context("--photos")?;
    let wake = Wake::default();
    let photos = Photos::new(
        storage.clone(),
        Store::open(&target).context("--photos")?,
        key.clone(),
        Arc::clone(&now),
        wake.clone(),
        Lifetimes {
            upload: config.upload_ms,
            orphan: config.orphan_ms,
            unnamed: config.unnamed_ms,
        },
    )?;
    let components = Components {
        ingest: Ingest::new(
            storage.clone(),
            key,
            Arc::clone(&now),
            wake.clone(),
            Arc::clone(catalogue),
        ),
        feed: Feed::new(storage.clone(), access.clone()),
        photos,
        projection: Projection::new(
            storage.clone(),
            Arc::clone(&now),
            wake.clone(),
            Arc::clone(catalogue),
        ),
        review: Review::new(storage.clone(), Arc::clone(catalogue)),
        reporting: Reporting::new(storage.clone()),
        hints: Hints::new(storage.clone(), wake),
        metrics: Arc::new(Metrics::default()),
        quota: Quota::new(storage.clone(), Arc::clone(&now), config.limits.clone()),
        limits: config.limits.clone(),
        people: People::new(
            storage.clone(),
            access.clone(),
            audit.clone(),
            config.sign_in,
        ),
        audit,
        access,
        editions,
    };
    Ok((storage, components))
}

/// Makes the data folder and closes it to others. Refuses one that holds an unfinished restore or takes no writes.
fn prepare(data: &Path) -> anyhow::Result<()> {
    folder::make(data).with_context(|| {
        format!(
            "data folder {} cannot be made; choose another with --data",
            data.display()
        )
    })?;
    ensure!(
        !data.join(folder::UNFINISHED).exists(),
        "{} holds a restore that was not finished; run `xuncha admin restore` again",
        data.display()
    );
    ensure!(
        !folder::is_read_only(data),
        "{} is on a disk that takes no writes (it is read-only): only backup, verify and lists work there",
        data.display()
    );
    let closed = folder::tighten(data).context("--data")?;
    if closed > 0 {
        tracing::warn!(data = %data.display(), closed, "files and folders of the server were readable by others; they are closed now");
    }
    Ok(())
}

/// Opens the database, and the key that signs for it.
fn database(config: &Config) -> anyhow::Result<(Storage, SecretKey)> {
    let data = &config.data;
    match &config.database {
        Some(url) => {
            let authority = config.database_ca.as_deref();
            let storage = Storage::connect(url, authority).context("--database")?;
            let filling = storage.write_now(|tx| spaces::meta(tx, FILLING))?;
            ensure!(
                filling.is_none(),
                "--database: it is being filled by `xuncha admin migrate-store`; run that to its end first"
            );
            let key = shared_key(&storage, config.shared_key()).context("server key")?;
            Ok((storage, key))
        }
        None => {
            let storage = Storage::open(&data.join("xuncha.db"))
                .with_context(|| format!("database in {} cannot be opened", data.display()))?;
            // A write fails if the records have moved to another database; this empty one checks that.
            storage
                .write_now(|_| Ok::<_, StorageError>(()))
                .with_context(|| format!("database in {}", data.display()))?;
            let key = embedded_key(&storage, &config.key_file()).context("server key")?;
            folder::tighten(data).context("--data")?;
            Ok((storage, key))
        }
    }
}

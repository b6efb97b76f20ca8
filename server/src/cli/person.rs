//! A person with a role in an area, as the arguments of a command.

use clap::Args;
use sync_core::record::{AreaPath, OrganId, PersonId, Role};
use xuncha_server::{app::system_clock, storage::Storage, storage::names};

/// A person with a role in an area.
#[derive(Debug, Args)]
pub(crate) struct Person {
    /// Role, for example `grid_worker`, `property_manager`, `county_reviewer`.
    #[arg(long)]
    pub(super) role: Role,
    /// Area: administrative path such as `429999/429998/429998001/G01`.
    #[arg(long)]
    pub(super) area: AreaPath,
    /// The person's id (a UUID), if the person is already known.
    #[arg(long)]
    pub(super) person: Option<PersonId>,
    /// The organisation's id (a UUID), if it is already known.
    #[arg(long)]
    pub(super) organ: Option<OrganId>,
    /// Name shown in the ledger; stored in a table of names, never in an event.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Name of the organisation.
    #[arg(long)]
    pub(super) organ_name: Option<String>,
}

fn fresh() -> anyhow::Result<[u8; 16]> {
    let mut random = [0; 10];
    getrandom::fill(&mut random)
        .map_err(|e| anyhow::anyhow!("the system gives no randomness: {e}"))?;
    Ok(sync_core::record::ids::uuid_v7(system_clock()().0, random))
}

/// Creates ids for the person and the organisation unless they are given, and stores their names.
pub(super) async fn introduce(
    storage: &Storage,
    person: &Person,
) -> anyhow::Result<(PersonId, OrganId)> {
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

//! The simulated county: areas, organisations, people with roles, compounds. No real person and no real place.
//!
//! It writes its names into a server's storage and makes the enrolment codes of its people, with the same services
//! that an administrator uses.

mod hazards;

use sync_core::record::{AreaPath, CompoundId, DAY_MS, OrganId, PersonId, Role, ServerTime};
use xuncha_server::{
    access::{Invitation, invite},
    http::Components,
    storage::{Storage, names},
};

pub use hazards::{evidence, note, observation, photo};

/// A person of the world.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The name, which the server stores in a separate table.
    pub name: &'static str,
    /// The person.
    pub person: PersonId,
    /// The organisation.
    pub organ: OrganId,
    /// The role.
    pub role: Role,
    /// The area of the grant.
    pub area: AreaPath,
}

/// A compound with its grid.
#[derive(Debug, Clone)]
pub struct Compound {
    /// Its id.
    pub id: CompoundId,
    /// Its name.
    pub name: &'static str,
    /// Its grid.
    pub grid: AreaPath,
}

/// A county with its people.
#[derive(Debug, Clone)]
pub struct World {
    /// The county, which is the space.
    pub county: AreaPath,
    /// Its grids.
    pub grids: Vec<AreaPath>,
    /// Its compounds.
    pub compounds: Vec<Compound>,
    /// Its people.
    pub actors: Vec<Actor>,
}

/// A fixed id for the world's compounds, organisations and people.
fn id(kind: u8, number: u8) -> [u8; 16] {
    [
        0x01, 0x8e, 0x6a, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, kind, 0, number,
    ]
}

impl World {
    /// The county 示范县 (region 429998 does not exist): two grids, three compounds, one property company.
    ///
    /// # Panics
    /// Never: the paths are constants.
    pub fn small() -> Self {
        Self::of("429999/429998".parse().expect("a constant path"))
    }

    /// The same county at another path: a province has many.
    ///
    /// # Panics
    /// If the path has no room for three more codes.
    pub fn of(county: AreaPath) -> Self {
        let street = county.child("429998001").expect("room for more codes");
        let community = street.child("429998001001").expect("room for more codes");
        let grids = vec![
            community.child("G01").expect("room for more codes"),
            community.child("G02").expect("room for more codes"),
        ];
        let compound = |n: u8, name, grid: &AreaPath| Compound {
            id: CompoundId(id(2, n)),
            name,
            grid: grid.clone(),
        };
        let compounds = vec![
            compound(1, "清风苑", &grids[0]),
            compound(2, "明月里", &grids[0]),
            compound(3, "向阳院", &grids[1]),
        ];
        let organ = |n: u8| OrganId(id(3, n));
        let actor = |n: u8, name, o: u8, role, area: &AreaPath| Actor {
            name,
            person: PersonId(id(4, n)),
            organ: organ(o),
            role,
            area: area.clone(),
        };
        let actors = vec![
            actor(1, "网格员甲", 1, Role::GridWorker, &grids[0]),
            actor(2, "网格员乙", 1, Role::GridWorker, &community),
            actor(3, "物业经理丙", 2, Role::PropertyManager, &grids[0]),
            actor(4, "审核员丁", 3, Role::CountyReviewer, &county),
            actor(5, "街道干部戊", 4, Role::StreetOfficer, &street),
            actor(6, "消防员己", 5, Role::FireOfficer, &county),
            actor(7, "城管队员庚", 6, Role::UrbanMgmtOfficer, &county),
            actor(8, "审核员辛", 3, Role::CountyReviewer, &county),
        ];
        Self {
            county,
            grids,
            compounds,
            actors,
        }
    }

    /// The person with this name.
    ///
    /// # Panics
    /// If no person has this name.
    pub fn actor(&self, name: &str) -> &Actor {
        self.actors
            .iter()
            .find(|a| a.name == name)
            .expect("a name of this world")
    }

    /// The organisation of a person.
    ///
    /// # Panics
    /// If no person has this name.
    pub fn organ_of(&self, name: &str) -> OrganId {
        self.actor(name).organ
    }

    /// Writes the names into the server's storage.
    ///
    /// # Errors
    /// From the storage.
    pub async fn seed(&self, storage: &Storage) -> anyhow::Result<()> {
        let world = self.clone();
        storage
            .write(move |tx| {
                names::set_area(tx, &world.county, "示范县")?;
                for (n, grid) in world.grids.iter().enumerate() {
                    names::set_area(tx, grid, ["示范社区第一网格", "示范社区第二网格"][n % 2])?;
                }
                for (n, name) in [
                    (1, "示范社区居委会"),
                    (2, "示范物业公司"),
                    (3, "示范县住建局"),
                    (4, "示范街道办事处"),
                    (5, "示范县消防救援大队"),
                    (6, "示范县城管局"),
                ] {
                    names::set_organ(tx, OrganId(id(3, n)), name)?;
                }
                for actor in &world.actors {
                    names::set_person(tx, actor.person, actor.organ, actor.name)?;
                }
                for compound in &world.compounds {
                    names::set_compound(tx, compound.id, &compound.grid, compound.name)?;
                }
                Ok::<_, xuncha_server::storage::StorageError>(())
            })
            .await?;
        Ok(())
    }

    /// A one-time enrolment code for a person's device.
    ///
    /// # Errors
    /// From the storage.
    pub async fn invite(
        &self,
        storage: &Storage,
        components: &Components,
        actor: &Actor,
    ) -> anyhow::Result<String> {
        let expires = ServerTime(components.access.now().0 + DAY_MS);
        let invitation = Invitation {
            person: actor.person,
            organ: actor.organ,
            role: actor.role,
            area: actor.area.clone(),
            space: self.county.clone(),
        };
        Ok(invite(storage, &invitation, expires).await?)
    }
}

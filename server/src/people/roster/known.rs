//! The people and organisations that the server knows, and those that a roster adds.

use std::collections::{HashMap, HashSet};

use sync_core::record::{AreaPath, OrganId, PersonId, Role, ServerTime, ids::uuid_v7};

use super::line::Row;
use crate::{
    access::spelled,
    host::random,
    register::both,
    storage::{StorageError, Tx, aliases, credentials, names, persons},
};

/// Who is known, by name.
pub(super) struct Known {
    now: ServerTime,
    /// Each person with the organisation.
    persons: HashMap<PersonId, OrganId>,
    by_name: HashMap<String, Vec<PersonId>>,
    organs: HashSet<OrganId>,
    organs_by_name: HashMap<String, Vec<OrganId>>,
    aliases: aliases::Aliases,
    /// Appointments that a device has, or may still enrol for.
    pub(super) appointed: HashSet<(PersonId, Role, AreaPath)>,
}

/// Who a line means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meant {
    pub(super) person: PersonId,
    pub(super) organ: OrganId,
    pub(super) is_new: bool,
    /// Known by name and organisation alone.
    pub(super) by_name: bool,
}

impl Known {
    pub(super) fn read(tx: &mut dyn Tx, now: ServerTime) -> Result<Self, StorageError> {
        let mut known = Self {
            now,
            persons: HashMap::new(),
            by_name: HashMap::new(),
            organs: HashSet::new(),
            organs_by_name: HashMap::new(),
            aliases: aliases::all(tx)?,
            appointed: credentials::open_appointments(tx, now)?,
        };
        for one in persons::all(tx)? {
            let id = known.aliases.kept(one.id);
            known.persons.insert(id, one.organ);
            let of_name = known.by_name.entry(spelled(&one.name)).or_default();
            if !of_name.contains(&id) {
                of_name.push(id);
            }
            known.organs.insert(one.organ);
        }
        for (id, name) in persons::organs(tx)? {
            known.organs.insert(id);
            known
                .organs_by_name
                .entry(spelled(&name))
                .or_default()
                .push(id);
        }
        Ok(known)
    }

    /// Who a line means. A person of the same name in the same organisation is the same person, unless the line states
    /// otherwise. The error states what is unclear, in Chinese and English.
    pub(super) fn meant(
        &self,
        tx: &mut dyn Tx,
        row: &Row,
    ) -> Result<Result<Meant, String>, StorageError> {
        let organ = match self.organ(row) {
            Ok(organ) => organ,
            Err(problem) => return Ok(Err(problem)),
        };
        if let Some(id) = row.person.map(|id| self.aliases.kept(id)) {
            let stated = persons::appointments(tx, id)?;
            let own = self.persons.get(&id).copied().or(stated.organ);
            if own.is_none() && !stated.known {
                return Ok(Err(both(
                    format!("person：服务器没有人员 {id}"),
                    format!("person: the server knows no person {id}"),
                )));
            }
            return Ok(Self::known(id, organ.or(own), false));
        }
        let name = row.name.clone().unwrap_or_default();
        let same: Vec<PersonId> = match self.by_name.get(&name) {
            Some(same) if !row.is_new => same.clone(),
            _ => Vec::new(),
        };
        // An organisation that is new here has no members yet.
        let names_none = row.organisation.is_none() && row.organisation_id.is_none();
        let here: Vec<PersonId> = same
            .iter()
            .copied()
            .filter(|id| names_none || self.persons.get(id).copied() == organ)
            .collect();
        Ok(match (here.as_slice(), same.is_empty()) {
            ([one], _) => Self::known(*one, organ.or(self.persons.get(one).copied()), true),
            (_, true) => {
                let organ = organ.or_else(|| {
                    let is_named = row.organisation.is_some();
                    is_named.then(|| OrganId(uuid_v7(self.now.0, random::<10>())))
                });
                let Some(organ) = organ else {
                    return Ok(Err(no_organ()));
                };
                Ok(Meant {
                    person: PersonId(uuid_v7(self.now.0, random::<10>())),
                    organ,
                    is_new: true,
                    by_name: false,
                })
            }
            _ => {
                let ids: Vec<String> = same.iter().map(ToString::to_string).collect();
                let ids = ids.join(", ");
                Err(both(
                    format!("已有同名人员：同一人填 person，另一人 new 填 是：{ids}"),
                    format!(
                        "the name is known: give person for the same one, new = yes for another: {ids}"
                    ),
                ))
            }
        })
    }

    fn known(person: PersonId, organ: Option<OrganId>, by_name: bool) -> Result<Meant, String> {
        let organ = organ.ok_or_else(no_organ)?;
        Ok(Meant {
            person,
            organ,
            is_new: false,
            by_name,
        })
    }

    /// The organisation of a line; `None` if the line names none, or names a new one.
    fn organ(&self, row: &Row) -> Result<Option<OrganId>, String> {
        if let Some(id) = row.organisation_id {
            let unknown = || {
                both(
                    format!("organisation_id：服务器没有单位 {id}"),
                    format!("organisation_id: the server knows no organisation {id}"),
                )
            };
            return self
                .organs
                .contains(&id)
                .then_some(Some(id))
                .ok_or_else(unknown);
        }
        let Some(name) = &row.organisation else {
            return Ok(None);
        };
        match self.organs_by_name.get(name).map_or(&[][..], Vec::as_slice) {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => {
                let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
                let ids = ids.join(", ");
                Err(both(
                    format!("有几个同名单位，请填 organisation_id：{ids}"),
                    format!("several organisations have this name, give organisation_id: {ids}"),
                ))
            }
        }
    }

    /// Stores the names of who a line means, so that later lines find them.
    pub(super) fn note(
        &mut self,
        tx: &mut dyn Tx,
        row: &Row,
        meant: Meant,
    ) -> Result<(), StorageError> {
        if let Some(name) = row
            .name
            .as_ref()
            .filter(|_| meant.is_new || row.person.is_some())
        {
            names::set_person(tx, meant.person, meant.organ, name)?;
            let of_name = self.by_name.entry(name.clone()).or_default();
            if !of_name.contains(&meant.person) {
                of_name.push(meant.person);
            }
        }
        if let Some(name) = &row.organisation {
            let of_name = self.organs_by_name.entry(name.clone()).or_default();
            if of_name.is_empty() {
                of_name.push(meant.organ);
                names::set_organ(tx, meant.organ, name)?;
            }
        }
        self.organs.insert(meant.organ);
        self.persons.entry(meant.person).or_insert(meant.organ);
        Ok(())
    }
}

fn no_organ() -> String {
    both("缺少 organisation", "organisation is missing")
}

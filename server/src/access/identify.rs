//! Which person and organisation an administrator means: a device or a token must not make one person into two.
//!
//! The rules that require another person compare ids. So a name that is known already creates no id, unless the
//! administrator states that it is another person.

use std::collections::BTreeSet;

use sync_core::record::{OrganId, PersonId, ServerTime, ids::uuid_v7};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    host::random,
    storage::{
        Storage, StorageError, Tx, aliases, names,
        persons::{self, Appointments, NamedPerson},
    },
};

/// The person and the organisation that an administrator asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The person's id.
    pub person: Option<PersonId>,
    /// The person's name.
    pub name: Option<String>,
    /// Creates a person, whatever names and ids are known.
    pub new: bool,
    /// The organisation's id.
    pub organ: Option<OrganId>,
    /// The organisation's name.
    pub organ_name: Option<String>,
    /// Creates an organisation, whatever names and ids are known.
    pub new_organ: bool,
}

/// A person and an organisation, known or created.
#[derive(Debug, Clone)]
pub struct Identified {
    /// The person.
    pub person: PersonId,
    /// The organisation.
    pub organ: OrganId,
    /// The person was created.
    pub is_new: bool,
    /// The organisation was created.
    pub is_new_organ: bool,
}

/// A person who may be the one that is asked for.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The person with the name.
    pub person: NamedPerson,
    /// The organisation's name, if it has one.
    pub organ_name: Option<String>,
    /// What grants, codes and tokens state of the person.
    pub appointments: Appointments,
}

/// Why no person or no organisation was chosen. Nothing was written.
#[derive(Debug, Clone)]
pub enum Unclear {
    /// Neither a name nor an id was given.
    NoName,
    /// The server does not know this id.
    UnknownPerson(PersonId),
    /// Persons of this name are known.
    Persons(Vec<Candidate>),
    /// Neither a name nor an id of an organisation was given, and none is known of the person.
    NoOrgan,
    /// The server does not know this id.
    UnknownOrgan(OrganId),
    /// Several organisations have this name.
    Organs(Vec<(OrganId, String)>),
}

/// A name as it is compared and stored: Unicode NFKC, without outer white space, with single spaces inside.
pub fn spelled(name: &str) -> String {
    let compatible: String = name.nfkc().collect();
    let words: Vec<&str> = compatible.split_whitespace().collect();
    words.join(" ")
}

/// Chooses the person and the organisation, creates what is new, and stores the names.
///
/// # Errors
/// [`StorageError`]; the inner error states why it is unclear who is meant.
pub async fn identify(
    storage: &Storage,
    asked: Asked,
    now: ServerTime,
) -> Result<Result<Identified, Unclear>, StorageError> {
    storage
        .write(move |tx| identify_in(tx, asked.clone(), now))
        .await
}

/// As [`identify`], in the caller's transaction.
///
/// # Errors
/// As [`identify`].
pub fn identify_in(
    tx: &mut dyn Tx,
    asked: Asked,
    now: ServerTime,
) -> Result<Result<Identified, Unclear>, StorageError> {
    let fresh = [
        uuid_v7(now.0, random::<10>()),
        uuid_v7(now.0, random::<10>()),
    ];
    let tidy = |name: &Option<String>| name.as_deref().map(spelled).filter(|n| !n.is_empty());
    let asked = Asked {
        name: tidy(&asked.name),
        organ_name: tidy(&asked.organ_name),
        ..asked
    };
    let (person, known) = match person(tx, &asked, PersonId(fresh[0]))? {
        Ok(person) => person,
        Err(unclear) => return Ok(Err(unclear)),
    };
    let (organ, is_new_organ) = match organ(tx, &asked, known, OrganId(fresh[1]))? {
        Ok(organ) => organ,
        Err(unclear) => return Ok(Err(unclear)),
    };
    if let Some(name) = &asked.name {
        names::set_person(tx, person, organ, name)?;
    }
    if let (Some(name), true) = (&asked.organ_name, is_new_organ || asked.organ.is_some()) {
        names::set_organ(tx, organ, name)?;
    }
    Ok(Ok(Identified {
        person,
        organ,
        is_new: known.is_none(),
        is_new_organ,
    }))
}

/// A person who is known already, with the organisation if that is known; `None`: a new person.
type Known = Option<Option<OrganId>>;

fn person(
    tx: &mut dyn Tx,
    asked: &Asked,
    fresh: PersonId,
) -> Result<Result<(PersonId, Known), Unclear>, StorageError> {
    let (all, aliases) = (persons::all(tx)?, aliases::all(tx)?);
    if let Some(id) = asked.person.map(|id| aliases.kept(id)) {
        let stated = persons::appointments(tx, id)?;
        let named = all.iter().find(|one| one.id == id).map(|one| one.organ);
        return Ok(if named.is_some() || stated.known {
            Ok((id, Some(stated.organ.or(named))))
        } else if asked.new {
            Ok((id, None))
        } else {
            Err(Unclear::UnknownPerson(id))
        });
    }
    if asked.new {
        return Ok(Ok((fresh, None)));
    }
    let Some(name) = &asked.name else {
        return Ok(Err(Unclear::NoName));
    };
    let same: BTreeSet<PersonId> = all
        .iter()
        .filter(|one| spelled(&one.name) == *name)
        .map(|one| aliases.kept(one.id))
        .collect();
    let mut candidates = Vec::new();
    for one in all.into_iter().filter(|one| same.contains(&one.id)) {
        candidates.push(Candidate {
            organ_name: names::organ(tx, one.organ)?,
            appointments: persons::appointments(tx, one.id)?,
            person: one,
        });
    }
    Ok(if candidates.is_empty() {
        Ok((fresh, None))
    } else {
        Err(Unclear::Persons(candidates))
    })
}

fn organ(
    tx: &mut dyn Tx,
    asked: &Asked,
    person: Known,
    fresh: OrganId,
) -> Result<Result<(OrganId, bool), Unclear>, StorageError> {
    let all = persons::organs(tx)?;
    if let Some(id) = asked.organ {
        let known = all.iter().any(|(known, _)| *known == id) || persons::is_used(tx, id)?;
        return Ok(if known || asked.new_organ {
            Ok((id, !known))
        } else {
            Err(Unclear::UnknownOrgan(id))
        });
    }
    if asked.new_organ {
        return Ok(Ok((fresh, true)));
    }
    let Some(name) = &asked.organ_name else {
        // A known person acts for the same organisation as before.
        return Ok(person
            .flatten()
            .map(|organ| (organ, false))
            .ok_or(Unclear::NoOrgan));
    };
    let mut named: Vec<_> = all
        .into_iter()
        .filter(|(_, other)| spelled(other) == *name)
        .collect();
    Ok(match (named.len(), named.pop()) {
        (1, Some((id, _))) => Ok((id, false)),
        (_, None) => Ok((fresh, true)),
        (_, Some(last)) => {
            named.push(last);
            Err(Unclear::Organs(named))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_spaced_and_whatever_its_width() {
        for typed in [" 张 三 ", "张\u{3000}三", "张\t\n三"] {
            assert_eq!(spelled(typed), "张 三", "{typed:?}");
        }
        assert_eq!(spelled("ＺＨＡＮＧ　San"), "ZHANG San");
        assert_ne!(spelled("张三"), spelled("张三丰"));
    }
}

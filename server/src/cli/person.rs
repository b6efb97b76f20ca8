//! A person with a role in an area, as the arguments of a command.

use std::fmt::Write as _;

use clap::Args;
use sync_core::record::{AreaPath, OrganId, PersonId, Role};
use xuncha_server::{
    access::{Asked, Candidate, Identified, Unclear, identify, refuse_administrator},
    app::system_clock,
    say,
    storage::Storage,
};

use super::lists::moment;

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
    person: Option<PersonId>,
    /// Creates a person although the name is known, or the id is not.
    #[arg(long)]
    new: bool,
    /// The organisation's id (a UUID), if several have its name; by default the organisation of a known person.
    #[arg(long)]
    organ: Option<OrganId>,
    /// Creates an organisation although its name is known, or its id is not.
    #[arg(long)]
    new_organ: bool,
    /// Name shown in the ledger; stored in a table of names, never in an event.
    #[arg(long)]
    name: Option<String>,
    /// Name of the organisation. A name that exactly one organisation has means that one.
    #[arg(long)]
    organ_name: Option<String>,
}

/// The person and the organisation that are meant. Creates them if their names are not known yet.
///
/// # Errors
/// A list of the candidates if it is unclear who is meant. `command` is the beginning of the command that it shows.
pub(super) async fn introduce(
    storage: &Storage,
    person: &Person,
    command: &str,
) -> anyhow::Result<Identified> {
    let asked = Asked {
        person: person.person,
        name: person.name.clone(),
        new: person.new,
        organ: person.organ,
        organ_name: person.organ_name.clone(),
        new_organ: person.new_organ,
    };
    let found = identify(storage, asked, system_clock()()).await?;
    let found = found.map_err(|unclear| anyhow::anyhow!(explained(person, &unclear, command)))?;
    let id = found.person;
    storage.read(move |tx| refuse_administrator(tx, id)).await?;
    Ok(found)
}

/// Prints who was meant, and whether that is a new person.
pub(super) fn report(found: &Identified) {
    let known = |is_new: bool| {
        if is_new {
            "新建 / new"
        } else {
            "已有 / known"
        }
    };
    say!(
        "人员 / person: {} ({})   单位 / organisation: {} ({})",
        found.person,
        known(found.is_new),
        found.organ,
        known(found.is_new_organ)
    );
}

/// The words for an administrator, with a command that can be copied.
fn explained(person: &Person, unclear: &Unclear, command: &str) -> String {
    let again = |more: &str| {
        let (role, area) = (person.role, &person.area);
        format!("\n  {command} --role {role} --area {area} {more}")
    };
    let organ = person.organ_part();
    match unclear {
        Unclear::NoName => format!(
            "没有写明是谁 / name the person with --name, or with --person ID if the person is known:{}",
            again("--name 姓名 --organ-name 单位")
        ),
        Unclear::UnknownPerson(id) => format!(
            "服务器没有人员 {id}；请核对编号，确要新建时加 --new / the server knows no person {id}; check the id, or add --new to create it:{}",
            again(&format!("--person {id} --new{organ}"))
        ),
        Unclear::Persons(candidates) => {
            let mut text = format!(
                "已有同名人员，没有生成任何东西。同一个人用 --person，另一个同名的人用 --new。\n\
                 Persons of this name are known, and nothing was created. Use --person for the same person, --new for another person of the same name.\n{}",
                listed(candidates)
            );
            let first = candidates.first().map(|one| one.person.id.to_string());
            let same = format!("--person {}", first.unwrap_or_default());
            text += &again(&same);
            let name = person.name.as_deref().unwrap_or_default();
            text += &again(&format!("--name {} --new{organ}", quoted(name)));
            text
        }
        Unclear::NoOrgan => format!(
            "没有写明单位 / name the organisation with --organ-name:{}",
            again(&format!(
                "--name {} --organ-name 单位",
                quoted(person.name.as_deref().unwrap_or("姓名"))
            ))
        ),
        Unclear::UnknownOrgan(id) => format!(
            "服务器没有单位 {id}；请核对编号，确要新建时加 --new-organ / the server knows no organisation {id}; check the id, or add --new-organ to create it"
        ),
        Unclear::Organs(several) => {
            let mut text = "有几个同名单位，请用 --organ 指明，或用 --new-organ 新建。\n\
                 Several organisations have this name. Name one with --organ, or create another one with --new-organ."
                .to_owned();
            for (id, name) in several {
                let _ = write!(text, "\n  {id}  {name}");
            }
            if let Some((id, _)) = several.first() {
                let name = quoted(person.name.as_deref().unwrap_or("姓名"));
                text += &again(&format!("--name {name} --organ {id}"));
            }
            text
        }
    }
}

impl Person {
    /// The arguments that name the organisation, for a command that is shown.
    fn organ_part(&self) -> String {
        match (&self.organ, &self.organ_name) {
            (Some(id), _) => format!(" --organ {id}"),
            (None, Some(name)) => format!(" --organ-name {}", quoted(name)),
            (None, None) => String::new(),
        }
    }
}

/// The candidates, one on a line, each with its appointments.
fn listed(candidates: &[Candidate]) -> String {
    let mut text = String::new();
    for one in candidates {
        let (person, stated) = (&one.person, &one.appointments);
        let organ = one.organ_name.clone();
        let organ = organ.unwrap_or_else(|| person.organ.to_string());
        let seen = stated
            .seen
            .map_or_else(|| "从未 / never".to_owned(), |at| moment(at.0));
        let _ = write!(
            text,
            "\n  {}  {}  {organ}  设备 / devices {}  最近 / last seen {seen}",
            person.id, person.name, stated.devices
        );
        for (role, area) in &stated.roles {
            let _ = write!(text, "\n      {role}  {area}");
        }
    }
    text
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

//! Rosters: a table of people with their roles, imported as a whole or not at all.
//!
//! A line with a login name makes an account with a reviewing role; any other line makes a one-time code for a device. What
//! is there already stays as it is, so that an extended roster can be imported again.

mod known;
mod line;

use std::collections::{HashMap, HashSet};

use sync_core::record::{AreaPath, LogEpoch, PersonId, ServerTime};

use super::{Administrator, People, typed_code, view};
use crate::{
    access::{log_of_wider, refuse_administrator, token_hash},
    audit::Kind,
    host::random,
    refusal::Refusal,
    register::{self, BadLine, both},
    storage::{
        StorageError, Tx,
        accounts::{self, Account, Class},
        assignments::{self, Assignment},
        credentials::{self, Appointment},
        spaces,
    },
};

use known::{Known, Meant};
use line::{COLUMNS, Row};

/// Lines of a roster at most.
const MOST_LINES: usize = 20_000;
/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// A one-time code that a roster made. It is returned once.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The number of the line.
    pub line: usize,
    /// The person's name, if the line states it.
    pub name: String,
    /// The organisation's name, if the line states it.
    pub organisation: String,
    /// The role.
    pub role: &'static str,
    /// The area.
    pub area: String,
    /// The login name of a reviewer; empty for a device.
    pub login: String,
    /// The code: for the enrolment of a device, or the password of the first sign-in.
    pub code: String,
    /// Its end (RFC 3339).
    pub until: String,
}

/// The result of an import, or of a dry run.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// People who were not known.
    pub people: usize,
    /// New codes for devices.
    pub codes: usize,
    /// New accounts.
    pub accounts: usize,
    /// New reviewing roles.
    pub assignments: usize,
    /// Lines that change nothing.
    pub same: usize,
    /// What concerns the whole file, such as its encoding.
    pub notes: Vec<String>,
    /// Lines whose person was found by name and organisation.
    pub by_name: Vec<String>,
    /// Lines that cannot be imported; if there is one, nothing is imported.
    pub bad: Vec<BadLine>,
    /// The codes.
    pub issued: Vec<Issued>,
    /// Whether it was written.
    pub written: bool,
}

/// What a line needs that is made before the transaction: a code with its hash.
#[derive(Debug, Clone)]
struct Fresh {
    code: String,
    /// The hash of a password; empty for the code of a device.
    password: String,
}

/// A transaction that ends without being written, or failed.
enum Undone {
    Result(Box<Roster>),
    Failed(Refusal),
}

impl From<StorageError> for Undone {
    fn from(error: StorageError) -> Self {
        Self::Failed(error.into())
    }
}

impl People {
    /// Imports a roster; with `dry`, only returns what an import would do. Codes of devices are valid for `hours`, those of
    /// accounts for 72 hours. A bad line is part of the result, and then nothing is written.
    ///
    /// # Errors
    /// [`Refusal`] if the actor may not do this, or from the database.
    pub async fn import(
        &self,
        actor: &Administrator,
        file: Vec<u8>,
        hours: i64,
        dry: bool,
    ) -> Result<Roster, Refusal> {
        let now = self.now();
        actor.acts(&[Class::System], now)?;
        actor.acts(&[Class::Security], now)?;
        let mut read = register::Import::default();
        let lines = register::read(&file, &COLUMNS, &["role"], &mut read);
        let mut roster = Roster {
            notes: read.notes,
            bad: read.bad,
            ..Roster::default()
        };
        let mut rows = Vec::with_capacity(lines.len());
        for line in lines.iter().take(MOST_LINES) {
            match line::read(line) {
                Ok(row) => rows.push(row),
                Err(problem) => roster.bad.push(BadLine {
                    line: line.number,
                    problem,
                }),
            }
        }
        if lines.len() > MOST_LINES {
            roster.bad.push(BadLine {
                line: MOST_LINES + 1,
                problem: both(
                    format!("超过 {MOST_LINES} 行，请分成几份导入"),
                    format!("more than {MOST_LINES} lines; import them in parts"),
                ),
            });
        }
        let fresh = self.fresh(&rows, dry || !roster.bad.is_empty()).await?;
        let (this, actor) = (self.clone(), actor.clone());
        let done = self.storage.write(move |tx| {
            let mut roster = roster.clone();
            this.apply(tx, &actor, (&rows, &fresh), (now, hours), &mut roster)?;
            roster.bad.sort_by_key(|bad| bad.line);
            if dry || !roster.bad.is_empty() {
                roster.issued.clear();
                return Err(Undone::Result(Box::new(roster)));
            }
            roster.written = true;
            Ok(roster)
        });
        match done.await {
            Ok(roster) => Ok(roster),
            Err(Undone::Result(roster)) => Ok(*roster),
            Err(Undone::Failed(refusal)) => Err(refusal),
        }
    }

    /// A code for each line. A password is hashed only for a login name that has no account: each hash takes tens of
    /// milliseconds, and other writes do not wait for it.
    async fn fresh(&self, rows: &[Row], nothing_is_written: bool) -> Result<Vec<Fresh>, Refusal> {
        let known = self.storage.read(|tx| accounts::all(tx)).await?;
        let known: HashSet<String> = known.into_iter().map(|of| of.name).collect();
        let mut hashes: HashMap<&str, Fresh> = HashMap::new();
        let mut fresh = Vec::with_capacity(rows.len());
        for row in rows {
            let code = typed_code();
            let of_account = row.login.as_deref().filter(|login| !known.contains(*login));
            let one = match of_account {
                Some(login) if !nothing_is_written => match hashes.get(login) {
                    Some(same) => same.clone(),
                    None => {
                        let password = self.hashing.hash(code.clone(), None).await?;
                        let one = Fresh { code, password };
                        hashes.insert(login, one.clone());
                        one
                    }
                },
                _ => Fresh {
                    code,
                    password: String::new(),
                },
            };
            fresh.push(one);
        }
        Ok(fresh)
    }

    fn apply(
        &self,
        tx: &mut dyn Tx,
        actor: &Administrator,
        (rows, fresh): (&[Row], &[Fresh]),
        (now, hours): (ServerTime, i64),
        roster: &mut Roster,
    ) -> Result<(), Undone> {
        let mut known = Known::read(tx, now)?;
        for (row, fresh) in rows.iter().zip(fresh) {
            let meant = match known.meant(tx, row)? {
                Ok(meant) => meant,
                Err(problem) => {
                    roster.wrong(row, problem);
                    continue;
                }
            };
            match refuse_administrator(tx, meant.person) {
                Ok(()) => {}
                Err(Refusal::Problem(problem)) => {
                    roster.wrong(row, problem.detail);
                    continue;
                }
                Err(other) => return Err(Undone::Failed(other)),
            }
            known.note(tx, row, meant)?;
            roster.people += usize::from(meant.is_new);
            let before = roster.made();
            match &row.login {
                Some(login) => {
                    self.reviewer(tx, (actor, now), (row, login), meant.person, fresh, roster)?
                }
                None => device(tx, &mut known, row, meant, fresh, (now, hours), roster)?,
            }
            let is_same =
                roster.made() == before && roster.bad.last().is_none_or(|bad| bad.line != row.line);
            roster.same += usize::from(is_same);
            if meant.by_name && !is_same {
                let name = row.name.as_deref().unwrap_or_default();
                roster
                    .by_name
                    .push(format!("{} {name} = {}", row.line, meant.person));
            }
        }
        Ok(())
    }

    /// Makes the account of a reviewer and the reviewing role, where they are not there.
    fn reviewer(
        &self,
        tx: &mut dyn Tx,
        (actor, now): (&Administrator, ServerTime),
        (row, login): (&Row, &str),
        person: PersonId,
        fresh: &Fresh,
        roster: &mut Roster,
    ) -> Result<(), Undone> {
        match accounts::find(tx, person)? {
            Some(of) if of.name == *login => {}
            Some(of) => {
                roster.wrong(
                    row,
                    both(
                        format!("login：此人已有账号 {}", of.name),
                        format!("login: the person has the account {}", of.name),
                    ),
                );
                return Ok(());
            }
            None => {
                let until = ServerTime(now.0 + super::accounts::CODE_MS);
                let mut account = Account::new(person, login.to_owned(), Class::Business, now);
                account.password.clone_from(&fresh.password);
                account.code_until = Some(until);
                if !accounts::insert(tx, &account)? {
                    roster.wrong(
                        row,
                        both(
                            format!("login：{login} 已是他人的账号"),
                            format!("login: {login} is the account of another person"),
                        ),
                    );
                    return Ok(());
                }
                let about = format!("create person:{person} login {login}");
                self.audit
                    .append(tx, &actor.entry(Kind::Account).about(about))?;
                roster.accounts += 1;
                roster.issue(row, fresh, until);
            }
        }
        let from = row.from.unwrap_or(now);
        let lasts = |one: &Assignment| {
            one.ended_at.is_none()
                && one.valid_until == row.until
                && row.from.is_none_or(|from| from == one.valid_from)
        };
        let held = assignments::of(tx, person)?;
        if held
            .iter()
            .any(|one| (one.role, &one.area) == (row.role, &row.area) && lasts(one))
        {
            return Ok(());
        }
        if row.until.is_some_and(|until| until <= now) {
            roster.wrong(row, both("until 已过", "until: the day is over"));
            return Ok(());
        }
        let assignment = Assignment {
            id: random(),
            person,
            class: Class::Business.name().to_owned(),
            role: row.role,
            area: row.area.clone(),
            valid_from: from,
            valid_until: row.until,
            made_by: actor.person().unwrap_or(person),
            made_at: now,
            ended_at: None,
        };
        assignments::insert(tx, &assignment)?;
        let about = format!("give person:{person} {} in {}", row.role, row.area);
        self.audit
            .append(tx, &actor.entry(Kind::Assignment).about(about))?;
        roster.assignments += 1;
        Ok(())
    }
}

/// Makes a code for a device, unless the person has this appointment or a code for it.
fn device(
    tx: &mut dyn Tx,
    known: &mut Known,
    row: &Row,
    meant: Meant,
    fresh: &Fresh,
    (now, hours): (ServerTime, i64),
    roster: &mut Roster,
) -> Result<(), Undone> {
    let appointment = (meant.person, row.role, row.area.clone());
    if known.appointed.contains(&appointment) {
        return Ok(());
    }
    if row.until.is_some_and(|until| until <= now) {
        roster.wrong(row, both("until 已过", "until: the day is over"));
        return Ok(());
    }
    let space = match space(tx, row)? {
        Ok(space) => space,
        Err(problem) => {
            roster.wrong(row, problem);
            return Ok(());
        }
    };
    let expires = ServerTime(now.0 + hours * HOUR_MS);
    let who = Appointment {
        person: meant.person,
        organ: meant.organ,
        role: row.role,
        area: row.area.clone(),
        space,
        until: row.until,
        shared: false,
    };
    credentials::insert_code(tx, &token_hash(&fresh.code), &who, expires)?;
    known.appointed.insert(appointment);
    roster.codes += 1;
    roster.issue(row, fresh, expires);
    Ok(())
}

/// The space of a line's area: the named one, which is created if it is new, else the deepest known one.
fn space(tx: &mut dyn Tx, row: &Row) -> Result<Result<AreaPath, String>, Undone> {
    if let Some(space) = &row.space {
        if let Some(wider) = log_of_wider(tx, space)? {
            return Ok(Err(both(
                format!("space：该区划的记录已在 {wider} 的日志中，请填 {wider}"),
                format!("space: records of this area are in the log of {wider}; give that"),
            )));
        }
        spaces::create(tx, space, LogEpoch(random()))?;
        return Ok(Ok(space.clone()));
    }
    let covering = spaces::covering(tx, &[row.area.clone()].into())?;
    let found = spaces::deepest(&covering, &row.area).cloned();
    Ok(found.ok_or_else(|| {
        both(
            "服务器没有这个地区的空间：请填 space（县级路径）",
            "the server has no space for this area: give space, the path of the county",
        )
    }))
}

impl Roster {
    /// The codes as CSV, with the mark that lets spreadsheets read UTF-8.
    ///
    /// # Panics
    /// Never: memory takes every line.
    pub fn codes_csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
        let header = [
            "line",
            "name",
            "organisation",
            "role",
            "area",
            "login",
            "code",
            "until",
        ];
        let _ = writer.write_record(header);
        for one in &self.issued {
            let line = one.line.to_string();
            let _ = writer.write_record([
                line.as_str(),
                &one.name,
                &one.organisation,
                one.role,
                &one.area,
                &one.login,
                &one.code,
                &one.until,
            ]);
        }
        writer.into_inner().expect("memory takes every line")
    }

    fn wrong(&mut self, row: &Row, problem: String) {
        self.bad.push(BadLine {
            line: row.line,
            problem,
        });
    }

    fn made(&self) -> usize {
        self.codes + self.accounts + self.assignments
    }

    fn issue(&mut self, row: &Row, fresh: &Fresh, until: ServerTime) {
        self.issued.push(Issued {
            line: row.line,
            name: row.name.clone().unwrap_or_default(),
            organisation: row.organisation.clone().unwrap_or_default(),
            role: row.role.name(),
            area: row.area.to_string(),
            login: row.login.clone().unwrap_or_default(),
            code: fresh.code.clone(),
            until: view::instant(until),
        });
    }
}

//! The values of the registers: which values replace which, and which concurrent ones differ; see `docs/rules.md`, 4.3
//! and 6.
//!
//! Both depend on two events and their causal histories only. So they are found once, when the second event is judged,
//! and every assessment of a set selects from what was found.

use std::collections::HashMap;

use super::{content::Content, known::Known, pairs::each, relations::Relations};
use crate::{
    catalogue::{Class, FieldName, PairRule, PairScope, Rows, When, is_statutory, level},
    history::{History, Lanes, Positions},
    record::{EventBody, Grade, OrganId, Role},
};

/// The registers whose later values replace earlier ones. Transfers have steps of their own (`steps.rs`), and
/// penalties, clearances and photo roles only add up.
pub(super) const REGISTERS: [FieldName; 7] = [
    FieldName::Code,
    FieldName::Grade,
    FieldName::Place,
    FieldName::Count,
    FieldName::Deadline,
    FieldName::Responsible,
    FieldName::Duplicate,
];

/// Whether a value is the determination of a major hazard by a fire officer.
pub(super) fn is_fire_major(known: &Known<'_, '_>, lane: Lanes, at: usize) -> bool {
    if lane != FieldName::Grade.bit() {
        return false;
    }
    let Some(source) = known.source(FieldName::Grade, at) else {
        return false;
    };
    let fire = known.history.grants[source].is_some_and(|g| g.role == Role::FireOfficer);
    fire && matches!(known.history.body(source), EventBody::Regrade(r) if r.grade == Grade::G3)
}

/// The lanes whose values an event removes: those of an earlier round, or the merges before an unmerge.
pub(super) fn removed_by(known: &Known<'_, '_>, at: usize) -> Lanes {
    let Some(taken) = &known.taken[at] else {
        return 0;
    };
    let mut lanes = 0;
    if taken.opens {
        lanes |= FieldName::Deadline.bit() | FieldName::Responsible.bit();
    }
    if matches!(known.history.body(at), EventBody::Unmerge(_)) {
        lanes |= FieldName::Duplicate.bit();
    }
    lanes
}

/// The author of a value, as far as it decides which values replace which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Authority {
    organ: OrganId,
    level: u8,
    is_fire_officer: bool,
    /// Whether the value is a determination that only fire officers replace.
    is_fire_major: bool,
}

fn authority(known: &Known<'_, '_>, lane: Lanes, at: usize) -> Option<Authority> {
    let grant = known.history.grants[at]?;
    Some(Authority {
        organ: grant.organ,
        level: level(grant.role),
        is_fire_officer: grant.role == Role::FireOfficer,
        is_fire_major: is_fire_major(known, lane, at),
    })
}

impl Authority {
    /// Whether a value of this author may replace one of `earlier` that the author had.
    fn replaces(&self, earlier: &Self, lane: Lanes) -> bool {
        if earlier.is_fire_major && !self.is_fire_officer {
            return false;
        }
        let (high, low) = (self.level, earlier.level);
        let at_level = high == low && lane != FieldName::Deadline.bit();
        self.organ == earlier.organ || high > low || at_level
    }
}

/// Whether `later`, whose author had `earlier`, replaces it in a register; see `docs/rules.md`, 5.5 and 6.
pub(super) fn replaces(known: &Known<'_, '_>, lane: Lanes, later: usize, earlier: usize) -> bool {
    let Some(taken) = &known.taken[later] else {
        return false;
    };
    let mut picks = taken.picks.iter();
    if picks.any(|pick| pick.lane == lane && pick.values.has(earlier)) {
        return true;
    }
    let authors = (
        authority(known, lane, later),
        authority(known, lane, earlier),
    );
    let of_others = taken.replaces & lane != 0;
    (of_others || known.same_person(later, earlier))
        && matches!(authors, (Some(mine), Some(theirs)) if mine.replaces(&theirs, lane))
}

/// What decides by which rule two differing values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Traits {
    rows: [Rows; 2],
    is_statutory: bool,
    is_major: bool,
    is_fire_major: bool,
}

fn traits(known: &Known<'_, '_>, field: FieldName, at: usize) -> Option<Traits> {
    let source = known.source(field, at)?;
    let role = known.history.grants[source].map(|grant| grant.role);
    let content = known.content(FieldName::Grade, at);
    Some(Traits {
        rows: known.taken[source].as_ref().map_or([0; 2], |t| t.rows),
        is_statutory: role.is_some_and(is_statutory),
        is_major: matches!(content, Some(Content::Grade(grade)) if grade >= Grade::G3Suspected),
        is_fire_major: is_fire_major(known, field.bit(), at),
    })
}

/// The rule about two concurrent values of a register that differ.
fn rule_of(rules: &[PairRule], field: FieldName, a: &Traits, b: &Traits) -> Option<usize> {
    let both = a.rows[0] & b.rows[1] | b.rows[0] & a.rows[1];
    let fits = |row: &usize| {
        let rule = &rules[*row];
        rule.scope == PairScope::Register
            && rule.register == Some(field)
            && match rule.when {
                Some(When::BothStatutory) => a.is_statutory && b.is_statutory,
                Some(When::MajorInvolved) => a.is_major || b.is_major,
                Some(When::FireSetsMajor) => a.is_fire_major || b.is_fire_major,
                _ => true,
            }
    };
    each(both).find(fits)
}

/// Concurrent values that differ from a value, and the row by which they are compared.
#[derive(Debug)]
pub(super) struct Differing {
    pub(super) row: usize,
    /// Of the pair, the earlier one in causal order; the later one has this entry.
    pub(super) earlier: Positions,
}

/// The values of one register.
pub(super) struct Lane<'a> {
    pub(super) field: FieldName,
    /// The events that set it.
    pub(super) values: Positions,
    /// Of these, resolutions.
    pub(super) resolutions: Positions,
    /// Of these, observations: they count only if they begin the hazard.
    pub(super) observations: Positions,
    /// Whether two values were ever in conflict.
    pub(super) has_conflicts: bool,
    /// The events that remove its values, of whatever authority.
    pub(super) removing: Positions,
    /// By position: the events that replace or remove the value.
    ended: Vec<Positions>,
    /// By position: the earlier concurrent values that differ.
    differing: Vec<Vec<Differing>>,
    authors: HashMap<Authority, Positions>,
    traits: Vec<(Traits, Positions)>,
    contents: HashMap<Content<'a>, Positions>,
}

impl<'a> Lane<'a> {
    fn new(field: FieldName, size: usize) -> Self {
        let none = || Positions::new(size);
        Self {
            field,
            values: none(),
            resolutions: none(),
            observations: none(),
            has_conflicts: false,
            removing: none(),
            ended: vec![Positions::default(); size],
            differing: (0..size).map(|_| Vec::new()).collect(),
            authors: HashMap::new(),
            traits: Vec::new(),
            contents: HashMap::new(),
        }
    }

    /// Whether one of these events sets the register or removes its values.
    pub(super) fn concerns(&self, events: &Positions) -> bool {
        self.values.meets(events) || self.removing.meets(events)
    }

    /// The events that replace or remove a value.
    pub(super) fn ended(&self, value: usize) -> &Positions {
        &self.ended[value]
    }

    /// The earlier concurrent values that differ from a value, by row.
    pub(super) fn differing(&self, value: usize) -> &[Differing] {
        &self.differing[value]
    }

    fn sets(&self, known: &Known<'_, '_>, at: usize) -> bool {
        if self.field != FieldName::Transfer {
            return known.sets(self.field, at);
        }
        let lane = self.field.bit();
        let mut picks = known.taken[at].iter().flat_map(|taken| &taken.picks);
        matches!(known.history.body(at), EventBody::Transfer(_)) || picks.any(|p| p.lane == lane)
    }

    /// Adds what the next judged event sets and removes.
    fn add(&mut self, known: &Known<'_, 'a>, relations: &Relations, at: usize) {
        let size = known.history.len();
        let lane = self.field.bit();
        let seen = known.ancestors(at);
        let removes = removed_by(known, at) & lane != 0;
        let sets = self.sets(known, at);
        if !sets && !removes {
            return;
        }
        let mut ends = Positions::new(size);
        if removes {
            ends.extend(seen);
            self.removing.insert(at);
        }
        if sets {
            self.replace(known, at, &mut ends);
            self.compare(known, relations, at);
        }
        ends.keep(&self.values);
        ends.iter().for_each(|value| self.ended[value].insert(at));
        if !sets {
            return;
        }
        self.ended[at] = Positions::new(size);
        self.values.insert(at);
        match known.history.body(at) {
            EventBody::Resolve(_) => self.resolutions.insert(at),
            EventBody::Observe(_) => self.observations.insert(at),
            _ => {}
        }
    }

    /// Finds the values that a new value replaces.
    fn replace(&mut self, known: &Known<'_, 'a>, at: usize, ends: &mut Positions) {
        let Some(taken) = &known.taken[at] else {
            return;
        };
        let lane = self.field.bit();
        let Some(own) = authority(known, lane, at) else {
            return;
        };
        if self.field != FieldName::Transfer {
            let mut replaced = Positions::new(known.history.len());
            let authors = self.authors.iter();
            for (_, of) in authors.filter(|(author, _)| own.replaces(author, lane)) {
                replaced.extend(of);
            }
            if taken.replaces & lane == 0 {
                replaced.keep(&known.of_author(at));
            }
            for pick in taken.picks.iter().filter(|pick| pick.lane == lane) {
                replaced.extend(&pick.values);
            }
            replaced.keep(known.ancestors(at));
            ends.extend(&replaced);
        }
        let of = self.authors.entry(own);
        of.or_insert_with(|| Positions::new(known.history.len()))
            .insert(at);
    }

    /// Finds the earlier concurrent values that differ from a new one.
    fn compare(&mut self, known: &Known<'_, 'a>, relations: &Relations, at: usize) {
        let size = known.history.len();
        let mut concurrent = relations.accepted.clone();
        concurrent.keep(&self.values);
        concurrent.subtract(known.ancestors(at));
        let content = known.content(self.field, at);
        if let Some(content) = content {
            let equal = self.contents.entry(content);
            let equal = equal.or_insert_with(|| Positions::new(size));
            concurrent.subtract(equal);
            equal.insert(at);
        }
        let Some(own) = traits(known, self.field, at) else {
            return;
        };
        let rules = &known.history.rules.concurrent;
        let mut found: Vec<Differing> = Vec::new();
        if !concurrent.is_empty() {
            for (other, of) in &self.traits {
                let row = rule_of(rules, self.field, &own, other);
                let (Some(row), true) = (row, concurrent.meets(of)) else {
                    continue;
                };
                let mut earlier = concurrent.clone();
                earlier.keep(of);
                match found.iter_mut().find(|differing| differing.row == row) {
                    Some(differing) => differing.earlier.extend(&earlier),
                    None => found.push(Differing { row, earlier }),
                }
            }
        }
        self.has_conflicts |= found.iter().any(|of| rules[of.row].class == Class::C);
        self.differing[at] = found;
        match self.traits.iter_mut().find(|(traits, _)| *traits == own) {
            Some((_, of)) => of.insert(at),
            None => {
                let mut of = Positions::new(size);
                of.insert(at);
                self.traits.push((own, of));
            }
        }
    }
}

/// The values of every register, the transfers among them.
pub(super) struct Rivals<'a>(Vec<Lane<'a>>);

impl<'a> Rivals<'a> {
    pub(super) fn new(history: &History<'a>) -> Self {
        let fields = REGISTERS.into_iter().chain([FieldName::Transfer]);
        Self(
            fields
                .map(|field| Lane::new(field, history.len()))
                .collect(),
        )
    }

    pub(super) fn lanes(&self) -> &[Lane<'a>] {
        &self.0
    }

    /// Adds the next judged event, after `relations` has the earlier ones.
    pub(super) fn add(&mut self, known: &Known<'_, 'a>, relations: &Relations, at: usize) {
        if known.taken[at].is_some() {
            self.0
                .iter_mut()
                .for_each(|lane| lane.add(known, relations, at));
        }
    }
}

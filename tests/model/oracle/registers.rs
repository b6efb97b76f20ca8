//! Multi-value registers: values, replacement, conflicts (docs/rules.md, sections 4.3, 5.5 and 6).

use sync_core::record::{DocId, EventBody, Grade, KindCode, OrganId, PersonId, Place, Role};

use super::{
    case::{Case, Mode, Register, RegisterRow, View},
    doc::Set,
    sequences,
};

/// A value of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Code(KindCode),
    Grade(Grade),
    Place(Place),
    Count(u32),
    Time(i64),
    Party(OrganId, Option<PersonId>),
    Doc(DocId),
}

/// Section 6.1: the value that an event states for a register; a `resolve` states the value of the event that it holds.
pub(crate) fn value(case: &Case<'_>, register: Register, e: usize) -> Option<Value> {
    let party = |organ: OrganId| Value::Party(organ, None);
    let time = |t: sync_core::record::DeviceTime| Value::Time(t.0);
    match (register, case.doc.body(source(case, register, e)?)) {
        (Register::Code, EventBody::Observe(o)) => Some(Value::Code(o.code.clone())),
        (Register::Code, EventBody::Recode(r)) => Some(Value::Code(r.code.clone())),
        (Register::Place, EventBody::Observe(o)) => Some(Value::Place(o.place.clone())),
        (Register::Place, EventBody::Relocate(r)) => Some(Value::Place(r.place.clone())),
        (Register::Count, EventBody::Observe(o)) => o.count.map(Value::Count),
        (Register::Count, EventBody::CorrectCount(c)) => Some(Value::Count(c.count)),
        (Register::Grade, EventBody::Regrade(r)) => Some(Value::Grade(r.grade)),
        (Register::Deadline, EventBody::Order(o)) => Some(time(o.deadline)),
        (Register::Deadline, EventBody::Assign(a)) => a.deadline.map(time),
        (Register::Deadline, EventBody::ExtendDeadline(x)) => Some(time(x.deadline)),
        (Register::Deadline, EventBody::GovDecision(g)) => g.deadline.map(time),
        (Register::Deadline, EventBody::TransferResult(t)) => t.deadline.map(time),
        (Register::Responsible, EventBody::Assign(a)) => Some(Value::Party(a.organ, a.person)),
        (Register::Responsible, EventBody::Order(o)) => o.responsible.map(party),
        (Register::Responsible, EventBody::GovDecision(g)) => g.lead.map(party),
        (Register::Transfer, EventBody::Transfer(t)) => Some(party(t.to)),
        (Register::Duplicate, EventBody::MarkDuplicate(d)) => Some(Value::Doc(d.of)),
        _ => None,
    }
}

/// The event whose statement a value goes back to, through the `resolve` events that held it.
pub(crate) fn source(case: &Case<'_>, register: Register, e: usize) -> Option<usize> {
    let mut e = e;
    while case.doc.kind(e) == "resolve" {
        e = case.settles[e].registers.get(&register)?.1;
    }
    Some(e)
}

/// The first accepted `observe` of a set, in display order.
pub(crate) fn first_observation(case: &Case<'_>, v: &View) -> Option<usize> {
    v.live
        .iter()
        .copied()
        .find(|e| case.doc.kind(*e) == "observe")
}

/// Section 6: the live events that state a value of a register, replaced ones among them. A `resolve` that its author
/// may not make as a party (section 5.2) is none.
fn stated(case: &Case<'_>, v: &View, register: Register) -> Set {
    let first = first_observation(case, v);
    let is_value = |e: &&usize| {
        let later_observation = case.doc.kind(**e) == "observe" && Some(**e) != first;
        value(case, register, **e).is_some() && !later_observation
    };
    let all = v.live.iter().filter(is_value).copied();
    let (resolves, mut stated): (Set, Set) = all.partition(|e| case.doc.kind(*e) == "resolve");
    let mut sides = Set::new();
    for (a, b, row) in differing(case, &stated, register) {
        if row.decided_by.is_some() {
            sides.extend([a, b]);
        }
    }
    stated.extend(
        resolves
            .into_iter()
            .filter(|r| !case.doc.is_party_later(*r, &sides)),
    );
    stated
}

/// Section 4.3: the pairs of class conflict and notice of a register, also of values that were replaced later.
pub(crate) fn find_pairs(case: &Case<'_>, v: &mut View) {
    for register in Register::ALL {
        let stated = stated(case, v, register);
        v.register_pairs
            .insert(register, differing(case, &stated, register));
        v.stated.insert(register, stated);
    }
}

/// Section 6: the values that no finding or `unmerge` removed.
fn values(case: &Case<'_>, v: &View, register: Register) -> Set {
    if register == Register::Transfer {
        return sequences::live_transfers(case, v);
    }
    let with_round = matches!(register, Register::Deadline | Register::Responsible);
    let is_value = |e: &&usize| {
        let removed = with_round && is_removed(case, v, **e);
        let unmerged = register == Register::Duplicate && is_unmerged(case, v, **e);
        !removed && !unmerged
    };
    v.stated[&register]
        .iter()
        .filter(is_value)
        .copied()
        .collect()
}

/// Section 6.2: whether a live finding whose transition opens a round saw e.
pub(crate) fn is_removed(case: &Case<'_>, v: &View, e: usize) -> bool {
    let removes = |f: &usize| case.doc.before(e, *f) && case.opens_by_verdict(*f);
    v.live.iter().any(removes)
}

/// Whether a live `unmerge` saw the `mark_duplicate` m.
pub(crate) fn is_unmerged(case: &Case<'_>, v: &View, m: usize) -> bool {
    let sees = |u: &usize| case.doc.kind(*u) == "unmerge" && case.doc.before(m, *u);
    case.doc.kind(m) == "mark_duplicate" && v.live.iter().any(sees)
}

/// Section 6: the maximal values, which no value replaces.
pub(crate) fn maximal(case: &Case<'_>, v: &View, register: Register) -> Set {
    let all = values(case, v, register);
    let stays = |e: &&usize| !all.iter().any(|w| replaces(case, register, *w, **e));
    all.iter().filter(stays).copied().collect()
}

/// Sections 6.1 and 5.5: whether the value w replaces the value e.
fn replaces(case: &Case<'_>, register: Register, w: usize, e: usize) -> bool {
    if register == Register::Transfer || !case.doc.before(e, w) {
        return false;
    }
    let settled = case.settles[w].registers.get(&register);
    if case.doc.kind(w) == "resolve" && settled.is_some_and(|(all, _)| all.contains(&e)) {
        return true;
    }
    if is_fire_major(case, register, e) && case.doc.role(w) != Some(Role::FireOfficer) {
        return false;
    }
    if !may_replace_others(case, register, w) && !case.doc.same_person(w, e) {
        return false;
    }
    let (mine, its) = (case.doc.level(w), case.doc.level(e));
    case.doc.same_organ(w, e) || mine > its || (mine == its && register != Register::Deadline)
}

/// Section 5.5: an author of one of the conflicting values in P(w) replaces values of other authors only by the
/// provisional value.
fn may_replace_others(case: &Case<'_>, register: Register, w: usize) -> bool {
    let author_had = case.view(w, Mode::Contested);
    let Some(conflict) = author_had.open_registers.get(&register) else {
        return true;
    };
    if !conflict.iter().any(|e| case.doc.same_person(*e, w)) {
        return true;
    }
    let provisional = provisional(case, author_had, register, conflict);
    provisional.is_some() && provisional == value(case, register, w)
}

/// Whether the value is a fire officer's `G3`.
pub(crate) fn is_fire_major(case: &Case<'_>, register: Register, e: usize) -> bool {
    let by_fire =
        source(case, register, e).is_some_and(|s| case.doc.role(s) == Some(Role::FireOfficer));
    by_fire && value(case, register, e) == Some(Value::Grade(Grade::G3))
}

/// The column "Provisional value" of section 4.3.
pub(crate) fn provisional(
    case: &Case<'_>,
    v: &View,
    register: Register,
    values: &Set,
) -> Option<Value> {
    let of = |e: usize| value(case, register, e);
    match register {
        Register::Code | Register::Place | Register::Count => {
            let first = first_observation(case, v).and_then(of);
            first.or_else(|| values.first().and_then(|e| of(*e)))
        }
        Register::Grade => highest(case, values).map(Value::Grade),
        Register::Deadline => earliest(case, values).map(Value::Time),
        Register::Responsible => {
            let most = values.iter().map(|e| case.doc.level(*e)).max()?;
            let first = values.iter().find(|e| case.doc.level(**e) == most);
            first.and_then(|e| of(*e))
        }
        Register::Transfer | Register::Duplicate => None,
    }
}

/// The highest of the grades.
pub(crate) fn highest(case: &Case<'_>, values: &Set) -> Option<Grade> {
    let grade = |e: &usize| match value(case, Register::Grade, *e) {
        Some(Value::Grade(grade)) => Some(grade),
        _ => None,
    };
    values.iter().filter_map(grade).max()
}

/// The earliest of the deadlines.
pub(crate) fn earliest(case: &Case<'_>, values: &Set) -> Option<i64> {
    let time = |e: &usize| match value(case, Register::Deadline, *e) {
        Some(Value::Time(time)) => Some(time),
        _ => None,
    };
    values.iter().filter_map(time).min()
}

/// The code of a set: that of the only value, or the first registered one of several.
pub(crate) fn code(case: &Case<'_>, v: &View) -> Option<KindCode> {
    let values = v.values.get(&Register::Code)?;
    let current = match values.len() {
        0 => None,
        1 => values.first().and_then(|e| value(case, Register::Code, *e)),
        _ => provisional(case, v, Register::Code, values),
    };
    match current {
        Some(Value::Code(code)) => Some(code),
        _ => None,
    }
}

/// The table of section 4.3 for two values; none if they are equal or not concurrent.
pub(crate) fn row(case: &Case<'_>, register: Register, a: usize, b: usize) -> Option<RegisterRow> {
    let differ = value(case, register, a) != value(case, register, b);
    if !differ || !case.doc.concurrent(a, b) {
        return None;
    }
    let sources = [source(case, register, a)?, source(case, register, b)?];
    let both = |kind: &str| sources.iter().all(|e| case.doc.kind(*e) == kind);
    let higher = case.doc.level(a).max(case.doc.level(b));
    let conflict = |id, level| RegisterRow {
        id,
        decided_by: Some(level),
    };
    let notice = |id| RegisterRow {
        id,
        decided_by: None,
    };
    let major = |e| match value(case, register, e) {
        Some(Value::Grade(grade)) => grade >= Grade::G3Suspected,
        _ => false,
    };
    Some(match register {
        Register::Deadline
            if both("order") && sources.iter().all(|e| case.doc.is_statutory(*e)) =>
        {
            conflict("C-12", 3)
        }
        Register::Deadline => notice("C-12"),
        Register::Responsible if both("assign") => conflict("C-13", higher.max(2)),
        Register::Responsible => notice("responsible"),
        Register::Transfer => conflict("C-14", higher + 1),
        Register::Grade if is_fire_major(case, register, a) || is_fire_major(case, register, b) => {
            notice("C-18")
        }
        Register::Grade if major(a) || major(b) => conflict("C-17", 3),
        Register::Grade => notice("C-17"),
        Register::Code => conflict("C-19", 3),
        Register::Place => conflict("C-20", 3),
        Register::Count => notice("count"),
        Register::Duplicate => return None,
    })
}

/// The pairs of values that the table names, with the row.
fn differing(
    case: &Case<'_>,
    values: &Set,
    register: Register,
) -> Vec<(usize, usize, RegisterRow)> {
    let mut all = Vec::new();
    for a in values {
        for b in values.iter().filter(|b| *b > a) {
            if let Some(row) = row(case, register, *a, *b) {
                all.push((*a, *b, row));
            }
        }
    }
    all
}

/// The pairs of class conflict of a register.
pub(crate) fn conflicts(
    v: &View,
    register: Register,
) -> impl Iterator<Item = (usize, usize, RegisterRow)> {
    let all = v.register_pairs.get(&register).into_iter().flatten();
    all.filter(|(_, _, row)| row.decided_by.is_some()).copied()
}

/// Section 4.3: whether a pair is open: both values are maximal. Transfers stay live after a decision, so a pair of
/// them is also settled by a `resolve`.
pub(crate) fn is_open(case: &Case<'_>, v: &View, register: Register, a: usize, b: usize) -> bool {
    let maximal = &v.values[&register];
    let decided = register == Register::Transfer
        && v.stated[&register].iter().any(|r| {
            let settled = case.settles[*r].registers.get(&register);
            settled.is_some_and(|(all, _)| all.contains(&a) && all.contains(&b))
        });
    maximal.contains(&a) && maximal.contains(&b) && !decided
}

/// The values of the open pairs of a register.
pub(crate) fn open_values(case: &Case<'_>, v: &View, register: Register) -> Set {
    let mut open = Set::new();
    for (a, b, _) in conflicts(v, register) {
        if is_open(case, v, register, a, b) {
            open.extend([a, b]);
        }
    }
    open
}

/// The least level that decides the open conflict of a register.
pub(crate) fn decided_by(v: &View, register: Register) -> u8 {
    let open = v.open_registers.get(&register);
    let is_open = |e: &usize| open.is_some_and(|open| open.contains(e));
    let rows = conflicts(v, register).filter(|(a, b, _)| is_open(a) && is_open(b));
    rows.filter_map(|(_, _, row)| row.decided_by)
        .max()
        .unwrap_or(0)
}

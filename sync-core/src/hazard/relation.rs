//! The concurrent-pair rule that applies to two concurrent events.

use super::member::Member;
use crate::{
    catalogue::{From, PairRule, When},
    history::History,
    record::{CHINA_OFFSET_MS, DAY_MS, EventBody, Grade, PersonId, Role},
};

/// The rule for two concurrent members; `None` if they do not disagree.
pub(super) fn between(history: &History<'_>, a: &Member, b: &Member) -> Option<u16> {
    let rules = history.rules;
    let (kind_a, kind_b) = (history.body(a.at).number(), history.body(b.at).number());
    let same_kind = kind_a == kind_b;
    if same_kind && says_the_same(history, a, b) {
        return None;
    }
    let fits = |row: &&u16| {
        rules
            .row(**row)
            .when
            .is_none_or(|when| holds(history, when, rules.row(**row), a, b))
    };
    let own = rules.rows_for(kind_a, kind_b).iter().find(fits).copied();
    if !(a.is_state() && b.is_state()) {
        return own;
    }
    let same_end = a.state == b.state && !(a.sighting || b.sighting) && a.cycle == b.cycle;
    if same_end {
        // Two orders or two assignments lead to one state and still differ in content.
        return own.filter(|_| same_kind);
    }
    let sure = own.is_some_and(|row| rules.row(row).when == Some(When::AEarlier));
    if !sure && in_order(history, a, b) {
        return Some(rules.in_order_row());
    }
    match own {
        // Agreement about different cycles of a hazard is no agreement.
        Some(row) if rules.row(row).class == crate::catalogue::Class::A && a.cycle != b.cycle => {
            Some(rules.default_row())
        }
        Some(row) => Some(row),
        // One event ended the hazard and no rule covers the other one, such as a sighting: a reviewer decides.
        None if !rules.is_open(a.state) || !rules.is_open(b.state) => Some(rules.default_row()),
        None if a.sighting || b.sighting => None,
        None => Some(rules.default_row()),
    }
}

/// Orders two members as the `a` and the `b` of a rule.
pub(super) fn first_of<'m>(
    history: &History<'_>,
    row: &PairRule,
    a: &'m Member,
    b: &'m Member,
) -> (&'m Member, &'m Member) {
    if history.body(a.at).name() == row.a {
        (a, b)
    } else {
        (b, a)
    }
}

/// The earlier and the later of two members, if their time bounds do not overlap.
pub(super) fn by_time<'m>(
    history: &History<'_>,
    a: &'m Member,
    b: &'m Member,
) -> Option<(&'m Member, &'m Member)> {
    if history.times[a.at].is_before(&history.times[b.at]) {
        Some((a, b))
    } else if history.times[b.at].is_before(&history.times[a.at]) {
        Some((b, a))
    } else {
        None
    }
}

/// Whether the time bounds do not overlap and the later event is legal after the earlier one. Events that end a hazard
/// are never ordered by time: a merge alone must not close a hazard.
fn in_order(history: &History<'_>, a: &Member, b: &Member) -> bool {
    let Some((earlier, later)) = by_time(history, a, b) else {
        return false;
    };
    let rules = history.rules;
    let body = history.body(later.at);
    let leads = |t: &crate::catalogue::Transition| {
        let from = match &t.from {
            From::States(list) => list.contains(&earlier.state),
            From::Group(_) => rules.starts_from(t, earlier.state),
        };
        from && !t.proposal && t.to_state() == Some(later.state) && t.fits(body.variant())
    };
    let open = rules.is_open(later.state) && rules.is_open(earlier.state);
    open && !later.sighting && rules.transitions_of(body.number()).any(leads)
}

fn says_the_same(history: &History<'_>, a: &Member, b: &Member) -> bool {
    match (history.body(a.at), history.body(b.at)) {
        (EventBody::Resolve(x), EventBody::Resolve(y)) => {
            let held = |r: &crate::record::Resolution| {
                let mut held = r.also_hold.clone();
                held.push(r.holds);
                held.sort_unstable();
                held.dedup();
                held
            };
            held(x) == held(y)
        }
        (EventBody::Regrade(x), EventBody::Regrade(y)) => x.grade == y.grade,
        (EventBody::Recode(x), EventBody::Recode(y)) => x.code == y.code,
        (EventBody::Relocate(x), EventBody::Relocate(y)) => x.place == y.place,
        // Two clearances of the same size are two statements; so are two observations.
        (EventBody::Clearance(_), _) | (EventBody::Observe(_), _) => false,
        (x, y) => x == y,
    }
}

fn person(history: &History<'_>, m: &Member) -> PersonId {
    history.entry(m.at).event.author
}

fn statutory(history: &History<'_>, m: &Member) -> bool {
    let enforcing = |role| {
        matches!(
            role,
            Role::FireOfficer | Role::PoliceOfficer | Role::UrbanMgmtOfficer | Role::OtherDept
        )
    };
    history.grants[m.at].is_some_and(|g| enforcing(g.role))
}

fn grade(history: &History<'_>, m: &Member) -> Option<Grade> {
    match history.body(m.at) {
        EventBody::Regrade(r) => Some(r.grade),
        _ => None,
    }
}

fn day(history: &History<'_>, m: &Member) -> i64 {
    (history.entry(m.at).event.claimed.0 + CHINA_OFFSET_MS).div_euclid(DAY_MS)
}

fn holds(history: &History<'_>, when: When, row: &PairRule, a: &Member, b: &Member) -> bool {
    let both = |is: &dyn Fn(&Member) -> bool| is(a) && is(b);
    let one = |is: &dyn Fn(&Member) -> bool| is(a) || is(b);
    match when {
        When::BothStatutory => both(&|m| statutory(history, m)),
        When::MajorInvolved => one(&|m| grade(history, m) >= Some(Grade::G3Suspected)),
        When::FireSetsMajor => one(&|m| {
            let fire = history.grants[m.at].is_some_and(|g| g.role == Role::FireOfficer);
            fire && grade(history, m) == Some(Grade::G3)
        }),
        When::SameDay => day(history, a) == day(history, b),
        When::BothPublicReports => both(&|m| {
            matches!(history.body(m.at), EventBody::Observe(o)
                if o.source == crate::record::FindingSource::PublicReport)
        }),
        When::AEarlier => {
            let (first, second) = first_of(history, row, a, b);
            history.times[first.at].is_before(&history.times[second.at])
        }
        When::OtherAuthor => person(history, a) != person(history, b),
    }
}

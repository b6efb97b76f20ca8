//! What two events mean to each other whose authors had not seen each other.

use super::{case::Case, view::Member};
use crate::{
    catalogue::{FieldName, From, Outcome, Pair, When},
    record::{EventBody, Grade, PersonId, Role},
};

/// Milliseconds of a day, and what the day in China is ahead of UTC.
const DAY_MS: i64 = 86_400_000;
const CHINA_MS: i64 = 8 * 3_600_000;

/// The row of the table for two members apart; `None` if they do not disagree.
pub(super) fn between(case: &Case<'_>, a: &Member, b: &Member) -> Option<u16> {
    let rules = case.rules;
    let (kind_a, kind_b) = (case.body(a.at).number(), case.body(b.at).number());
    let same_kind = kind_a == kind_b;
    if same_kind && says_the_same(case, a, b) {
        return None;
    }
    let fits = |row: &&u16| {
        rules
            .row(**row)
            .when
            .is_none_or(|when| holds(case, when, rules.row(**row), a, b))
    };
    let own = rules.rows_for(kind_a, kind_b).iter().find(fits).copied();
    if !(a.is_state() && b.is_state()) {
        return own;
    }
    let same_end = a.state == b.state && !(a.sighting || b.sighting) && a.cycle == b.cycle;
    if same_end {
        // Two orders or two assignments end in one state and still say different things.
        return own.filter(|_| same_kind);
    }
    let sure = own.is_some_and(|row| rules.row(row).when == Some(When::AEarlier));
    if !sure && in_order(case, a, b) {
        return Some(rules.in_order_row());
    }
    match own {
        // Two who agree about different rounds of a hazard do not agree.
        Some(row) if rules.row(row).class == crate::catalogue::Class::A && a.cycle != b.cycle => {
            Some(rules.default_row())
        }
        Some(row) => Some(row),
        // Somebody saw it where another ended it.
        None if !rules.is_open(a.state) || !rules.is_open(b.state) => Some(rules.default_row()),
        None if a.sighting || b.sighting => None,
        None => Some(rules.default_row()),
    }
}

/// Which of two members is the `a` of a row.
pub(super) fn first_of<'m>(
    case: &Case<'_>,
    row: &Pair,
    a: &'m Member,
    b: &'m Member,
) -> (&'m Member, &'m Member) {
    if case.body(a.at).name() == row.a {
        (a, b)
    } else {
        (b, a)
    }
}

/// Earlier and later, if trusted times say so.
pub(super) fn by_time<'m>(
    case: &Case<'_>,
    a: &'m Member,
    b: &'m Member,
) -> Option<(&'m Member, &'m Member)> {
    if case.times[a.at].is_before(&case.times[b.at]) {
        Some((a, b))
    } else if case.times[b.at].is_before(&case.times[a.at]) {
        Some((b, a))
    } else {
        None
    }
}

/// Whether trusted times do not overlap and the later one is legal after the earlier one. What ends a hazard is
/// never put in order by time: software does not close by merge.
fn in_order(case: &Case<'_>, a: &Member, b: &Member) -> bool {
    let Some((earlier, later)) = by_time(case, a, b) else {
        return false;
    };
    let rules = case.rules;
    let body = case.body(later.at);
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

impl crate::catalogue::Transition {
    /// The state it leads to, if that is one and the same always.
    fn to_state(&self) -> Option<crate::catalogue::StateCode> {
        match self.to {
            Outcome::State(state) => Some(state),
            Outcome::Word(_) => None,
        }
    }
    /// Whether it is about this variant of its event.
    pub(super) fn fits(&self, variant: Option<&str>) -> bool {
        self.when.is_empty() || variant.is_some_and(|v| self.when.iter().any(|w| w == v))
    }
}

fn says_the_same(case: &Case<'_>, a: &Member, b: &Member) -> bool {
    match (case.body(a.at), case.body(b.at)) {
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

fn person(case: &Case<'_>, m: &Member) -> PersonId {
    case.stated(m.at).event.author
}

fn statutory(case: &Case<'_>, m: &Member) -> bool {
    let enforcing = |role| {
        matches!(
            role,
            Role::FireOfficer | Role::PoliceOfficer | Role::UrbanMgmtOfficer | Role::OtherDept
        )
    };
    case.grants[m.at].is_some_and(|g| enforcing(g.role))
}

fn grade(case: &Case<'_>, m: &Member) -> Option<Grade> {
    match case.body(m.at) {
        EventBody::Regrade(r) => Some(r.grade),
        _ => None,
    }
}

fn day(case: &Case<'_>, m: &Member) -> i64 {
    (case.stated(m.at).event.claimed.0 + CHINA_MS).div_euclid(DAY_MS)
}

fn holds(case: &Case<'_>, when: When, row: &Pair, a: &Member, b: &Member) -> bool {
    let both = |is: &dyn Fn(&Member) -> bool| is(a) && is(b);
    let one = |is: &dyn Fn(&Member) -> bool| is(a) || is(b);
    match when {
        When::BothStatutory => both(&|m| statutory(case, m)),
        When::MajorInvolved => one(&|m| grade(case, m) >= Some(Grade::G3Suspected)),
        When::FireSetsMajor => one(&|m| {
            let fire = case.grants[m.at].is_some_and(|g| g.role == Role::FireOfficer);
            fire && grade(case, m) == Some(Grade::G3)
        }),
        When::SameDay => day(case, a) == day(case, b),
        When::BothPublicReports => both(&|m| {
            matches!(case.body(m.at), EventBody::Observe(o)
                if o.source == crate::record::FindingSource::PublicReport)
        }),
        When::AEarlier => {
            let (first, second) = first_of(case, row, a, b);
            case.times[first.at].is_before(&case.times[second.at])
        }
        When::OtherAuthor => person(case, a) != person(case, b),
    }
}

impl Member {
    /// Whether it still speaks about this field.
    pub(super) fn holds_field(&self, field: FieldName) -> bool {
        self.lanes & field.bit() != 0
    }
}

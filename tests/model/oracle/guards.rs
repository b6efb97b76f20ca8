//! The guards by name (docs/rules.md, section 3). Guards that the rules do not define have the meaning of
//! docs/lifecycle.md and of the texts of the void reasons.

use sync_core::record::{DissuasionResult, EventBody, Grade, PhotoRole, Role};

use super::{
    case::{Case, Judgement, Register, Status, View},
    classes::Class,
    doc::Set,
    people, registers, roles, sequences,
};

type Checked = Result<(), &'static str>;

fn require(good: bool, reason: &'static str) -> Checked {
    if good { Ok(()) } else { Err(reason) }
}

/// Whether the guard holds for e, whose causal history was folded as v; otherwise the void reason.
pub(crate) fn check(case: &Case<'_>, v: &View, e: usize, guard: &str, unchanged: bool) -> Checked {
    let recheck_unchanged = unchanged && case.doc.kind(e) == "recheck_fail";
    match guard {
        "not_claimant" => require(
            recheck_unchanged || people::is_no_claimant(case, v, e),
            "same-person",
        ),
        "other_organ_than_claimant" => require(
            recheck_unchanged || people::is_of_other_organ(case, v, e),
            "same-person",
        ),
        "not_rechecker" => require(people::is_no_checker(case, v, e), "same-person"),
        "not_finder" => require(!people::has_found(case, v, e), "same-person"),
        "finder" => require(people::is_finder(case, v, e), "role-may-not"),
        "finder_or_manager" => require(
            people::is_finder(case, v, e) || is_on_site(case, e),
            "role-may-not",
        ),
        "verified_by_another" => require(
            !people::verifiers(case, v, e).is_empty(),
            "second-person-missing",
        ),
        "no_open_conflict" => require(!blocks(case, v, e), "conflict-open"),
        "no_unknown_event" => require(
            !v.set
                .iter()
                .any(|x| case.judgements[*x] == Judgement::Unknown),
            "unknown-event",
        ),
        "may_end_grade" => require(may_end_grade(case, v, e), "grade-too-high"),
        "higher_for_official" => require(
            !is_official(case, v) || is_higher(case, e),
            "grade-too-high",
        ),
        "transfer_step" => sequences::step(case, v, e),
        "step_follows" => sequences::follows(case, v, e),
        "escalated" => require(
            !sequences::escalations(case, v).is_empty(),
            "step-out-of-order",
        ),
        "not_party_to_conflict" => require(!case.settles[e].is_nothing(), "not-for-them-to-decide"),
        "responsible_party" => require(is_responsible(case, v, e), "not-responsible"),
        "issuer_or_higher" => require(may_extend(case, v, e), "not-the-issuer"),
        "major_stands" => require(!major_stands(case, v), "major-stands"),
        "reporter_soon" => require(is_reporter(case, v, e), "too-late"),
        _ => form(case, v, e, guard),
    }
}

/// Guards about the event's own content and what it names.
fn form(case: &Case<'_>, v: &View, e: usize, guard: &str) -> Checked {
    let body = case.doc.body(e);
    let has_role = |e: usize, role| case.doc.body(e).photos().iter().any(|p| p.role == role);
    match guard {
        "photo_required" => require(!body.photos().is_empty(), "photo-missing"),
        "after_photo" => require(has_role(e, PhotoRole::After), "after-photo-missing"),
        "before_seen" => require(
            has_role(e, PhotoRole::Before) || shows_finding(case, v),
            "before-photo-missing",
        ),
        "no_repeated_evidence" => require(!repeats_evidence(case, v), "evidence-repeated"),
        "photo_known" => require(
            matches!(body, EventBody::PhotoRole(r) if v.set.iter().any(|x| {
                case.is_accepted(*x) && case.doc.has_photo(*x, r.photo)
            })),
            "target-unknown",
        ),
        "order_known" => require(
            matches!(body, EventBody::OfficialNumber(n) if v.set.iter().any(|x| {
                case.is_accepted(*x) && case.doc.kind(*x) == "order" && case.doc.events[*x].id == n.order
            })),
            "target-unknown",
        ),
        "before_deadline" => require(
            !v.values.get(&Register::Deadline).is_none_or(Set::is_empty),
            "deadline-passed",
        ),
        "dissuaded_first" => require(may_report(case, v, e), "dissuade-first"),
        "street_and_department" => {
            let EventBody::Report(report) = body else {
                return Ok(());
            };
            let different: std::collections::BTreeSet<_> = report.recipients.iter().collect();
            require(different.len() >= 2, "recipients-missing")
        }
        "both_records_seen" => require(
            matches!(body, EventBody::MarkDuplicate(d) if !d.seen.is_empty()),
            "other-record-not-seen",
        ),
        "promise_dated"
        | "order_complete"
        | "facts_given"
        | "document_given"
        | "escalation_complete"
        | "case_numbered" => require(is_complete(body), "incomplete"),
        // The window is an effect, because only receipts limit it.
        _ => Ok(()),
    }
}

/// Whether the parts are there that the law or the practice requires.
fn is_complete(body: &EventBody) -> bool {
    match body {
        EventBody::Dissuade(d) => {
            d.result != DissuasionResult::Promised || d.promised_until.is_some()
        }
        EventBody::Order(o) => !o.number.is_empty() && !o.basis.is_empty(),
        EventBody::Transfer(t) => !t.facts.is_empty(),
        EventBody::TransferResult(t) => !t.document.is_empty(),
        EventBody::GovDecision(g) => !g.minutes.is_empty(),
        EventBody::Escalate(x) => !x.letter.is_empty() && !x.interim_measures.is_empty(),
        EventBody::PenaltyLink(p) => !p.case.is_empty(),
        _ => true,
    }
}

/// *no_open_conflict*: whether a conflict is open that e does not answer.
pub(crate) fn blocks(case: &Case<'_>, v: &View, e: usize) -> bool {
    let open = |s: &Status| *s == Status::Open;
    let settles = &case.settles[e];
    let objection = v
        .fates
        .iter()
        .any(|(o, s)| open(s) && !settles.objections.contains_key(o));
    let same = v
        .same_fates
        .iter()
        .any(|(y, s)| open(s) && !settles.same.contains(y));
    objection || same || !v.open_registers.is_empty()
}

/// The grade of a set: the highest value of the register, or else the default of the current kind.
pub(crate) fn grade(case: &Case<'_>, v: &View) -> Option<Grade> {
    let stated = v.values.get(&Register::Grade);
    let stated = stated.and_then(|values| registers::highest(case, values));
    stated.or_else(|| {
        let code = registers::code(case, v)?;
        case.tables.default_grade(code.as_str())
    })
}

/// *may_end_grade*.
pub(crate) fn may_end_grade(case: &Case<'_>, v: &View, e: usize) -> bool {
    let role = case.doc.role(e);
    role.is_some_and(|role| roles::may_end(role, grade(case, v)))
}

/// *higher_for_official*: HS90, a statutory order or a live escalation in the current round, or a penalty case.
fn is_official(case: &Case<'_>, v: &View) -> bool {
    let of_round = case.of_round(v);
    let acts = |e: &usize| {
        (case.doc.kind(*e) == "order" && case.doc.is_statutory(*e))
            || (case.doc.kind(*e) == "escalate" && v.live.contains(e))
    };
    let penalised = |e: &usize| case.is_accepted(*e) && case.doc.kind(*e) == "penalty_link";
    v.state == 90 || of_round.iter().any(acts) || v.set.iter().any(penalised)
}

fn is_higher(case: &Case<'_>, e: usize) -> bool {
    let may = [Role::CountyReviewer, Role::CityReviewer, Role::FireOfficer];
    case.doc.level(e) >= 3 && case.doc.role(e).is_some_and(|role| may.contains(&role))
}

/// *responsible_party*: a maximal value of the register names the author's organisation or the author.
fn is_responsible(case: &Case<'_>, v: &View, e: usize) -> bool {
    let values = v.values.get(&Register::Responsible).into_iter().flatten();
    let mut parties = values.filter_map(|x| registers::value(case, Register::Responsible, *x));
    parties.any(|party| match party {
        registers::Value::Party(organ, person) => {
            case.doc.organ(e) == Some(organ)
                || person.is_some_and(|id| case.doc.ids(e).contains(&id))
        }
        _ => false,
    }) || is_receiver(case, v, e)
}

/// Whether a live transfer was sent to the author's organisation.
fn is_receiver(case: &Case<'_>, v: &View, e: usize) -> bool {
    let mut transfers = v.values.get(&Register::Transfer).into_iter().flatten();
    transfers
        .any(|t| case.doc.organ(e).is_some() && sequences::receiver(case, *t) == case.doc.organ(e))
}

/// *finder_or_manager*: the property company's people on site.
fn is_on_site(case: &Case<'_>, e: usize) -> bool {
    matches!(
        case.doc.role(e),
        Some(Role::PropertyManager | Role::PropertyPatrol)
    )
}

/// *before_seen*: an accepted `observe` or `add_photo` has a photo.
fn shows_finding(case: &Case<'_>, v: &View) -> bool {
    v.set.iter().any(|x| {
        case.is_accepted(*x)
            && matches!(case.doc.kind(*x), "observe" | "add_photo")
            && !case.doc.body(*x).photos().is_empty()
    })
}

/// *issuer_or_higher*: a maximal deadline is of the author's organisation or of a lower level.
fn may_extend(case: &Case<'_>, v: &View, e: usize) -> bool {
    let mut values = v.values.get(&Register::Deadline).into_iter().flatten();
    values.any(|x| case.doc.same_organ(*x, e) || case.doc.level(e) > case.doc.level(*x))
}

/// *major_stands*: a fire officer's `G3` is a maximal grade.
fn major_stands(case: &Case<'_>, v: &View) -> bool {
    let mut values = v.values.get(&Register::Grade).into_iter().flatten();
    values.any(|x| registers::is_fire_major(case, Register::Grade, *x))
}

/// *reporter_soon*: the author found the hazard, and no accepted event of another person but silent ones follows.
fn is_reporter(case: &Case<'_>, v: &View, e: usize) -> bool {
    let acted = |x: &usize| {
        case.is_accepted(*x) && !case.doc.same_person(*x, e) && case.doc.class(*x) != Class::Silent
    };
    people::is_finder(case, v, e) && !v.set.iter().any(acted)
}

/// *dissuaded_first*: a violation was dissuaded in the round, or the danger is immediate.
fn may_report(case: &Case<'_>, v: &View, e: usize) -> bool {
    let immediate = matches!(case.doc.body(e), EventBody::Report(r) if r.immediate_danger);
    let code = registers::code(case, v);
    let violation = code.is_some_and(|code| case.tables.is_violation(code.as_str()));
    let dissuaded = case
        .of_round(v)
        .iter()
        .any(|x| case.doc.kind(*x) == "dissuade");
    immediate || !violation || dissuaded
}

/// *no_repeated_evidence*: one photo shows the hazard in an accepted finding and as fixed in an accepted claim or check.
fn repeats_evidence(case: &Case<'_>, v: &View) -> bool {
    let fixes = |e: usize| match case.doc.body(e) {
        EventBody::Dissuade(d) => d.result == DissuasionResult::Complied,
        _ => matches!(
            case.doc.kind(e),
            "fix_on_spot" | "claim_fixed" | "recheck_pass"
        ),
    };
    let accepted = || v.set.iter().copied().filter(|e| case.is_accepted(*e));
    let photos = |of: &dyn Fn(usize) -> bool, not: PhotoRole| -> Vec<_> {
        let all = accepted().filter(|e| of(*e));
        let all = all.flat_map(|e| case.doc.body(e).photos());
        all.filter(|p| p.role != not).map(|p| p.hash).collect()
    };
    let found = photos(&|e| case.doc.class(e) == Class::Finding, PhotoRole::After);
    let fixed = photos(&fixes, PhotoRole::Before);
    fixed.iter().any(|hash| found.contains(hash))
}

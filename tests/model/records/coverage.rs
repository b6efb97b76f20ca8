//! How often the worlds of activities and inspections reach each part of section 10.

use std::collections::BTreeMap;

use sync_core::record::EventBody;

use super::{
    case::{Case, Class, Verdict},
    catalogue::Types,
    judged,
    outcome::{self, Outcome, Result},
    state::{self, State},
    world::of_seed,
};
use crate::{
    laws::worlds,
    oracle::{case::Effect, doc::Set},
};

/// Counters by name.
#[derive(Debug, Default)]
struct Coverage(BTreeMap<String, usize>);

/// A hundred hits in 20,000 worlds. Fewer worlds must reach half of that rate, because rare rows vary.
const WORLDS_PER_HIT: u64 = 200;
const MANY_WORLDS: u64 = 20_000;

impl Coverage {
    fn hit(&mut self, name: impl Into<String>) {
        *self.0.entry(name.into()).or_insert(0) += 1;
    }
    fn hit_if(&mut self, is: bool, name: &str) {
        if is {
            self.hit(name);
        }
    }

    /// Counts what one world reaches.
    fn of(case: &Case<'_>) -> Self {
        let mut all = Self::default();
        for e in 0..case.doc.events.len() {
            all.count_event(case, e);
        }
        let whole: Set = (0..case.doc.events.len()).collect();
        let v = state::view(case, &whole, super::case::Mode::Actual);
        let found = outcome::outcome(case);
        let is_activity = whole.iter().any(|e| case.doc.kind(*e) == "activity");
        let family = if is_activity {
            "activity"
        } else {
            "inspection"
        };
        all.hit(format!("{family} {:?}", v.state));
        all.hit_if(v.is_withdrawal_disputed(), "disputed withdrawal");
        all.hit_if(!v.supplement.is_empty(), &format!("{family} supplement"));
        let beginnings = v.content.iter().filter(|e| case.begins(**e)).count();
        all.hit_if(beginnings > 1, &format!("{family} with two beginnings"));
        all.hit_if(
            v.is_closed() && v.covered.is_empty(),
            "closed without covered content",
        );
        all.count_found(&found);
        all
    }

    fn count_found(&mut self, found: &Outcome) {
        let disputed = found.state == State::Disputed;
        self.hit_if(disputed && found.counts, "disputed and counts");
        self.hit_if(disputed && !found.counts, "disputed and does not count");
        self.hit_if(found.attempted, "attempt");
        if let Some(result) = found.result {
            self.hit(format!("result {result:?}"));
        }
        let registers = found.answers.values().chain(found.more_answers.values());
        for register in registers {
            self.hit_if(register.contested, "contested register");
            self.hit_if(!register.earlier.is_empty(), "earlier answers");
            self.hit_if(register.values.len() > 1, "several values");
        }
    }

    fn count_event(&mut self, case: &Case<'_>, e: usize) {
        let kind = case.doc.kind(e);
        let v = case.known(e);
        let decides = v.is_withdrawal_disputed();
        let knows_begun = !case.begun(&case.doc.past[e]).is_empty();
        let inspects = v.content.iter().any(|x| case.doc.kind(*x) == "inspect");
        let family = if inspects || kind == "inspect" {
            "inspection"
        } else {
            "activity"
        };
        match case.verdicts[e] {
            Verdict::Accepted => {
                self.hit(format!("accepted {kind}"));
                let withdraws = kind == "withdraw";
                let own = case.is_own(e) && !v.is_closed();
                self.hit_if(
                    withdraws && decides,
                    &format!("{family} decision to withdraw"),
                );
                let joint = withdraws && !decides && v.is_closed();
                self.hit_if(joint, &format!("{family} joint withdrawal"));
                let by_decider = withdraws && !decides && !v.is_closed() && !own;
                self.hit_if(by_decider, "withdrawal by a decider");
                let closes = case.class(e) == Class::Closing;
                self.hit_if(
                    closes && !v.supplement.is_empty(),
                    &format!("{family} supplement covered"),
                );
                if outcome::result_of(case, e) == Some(Result::NotReached) {
                    self.hit("outcome not_reached");
                }
            }
            Verdict::Keeps { covers } => self.hit(format!("{family} kept, covers {covers}")),
            Verdict::Added if matches!(case.doc.body(e), EventBody::Answer(_)) => {
                self.hit("remark");
            }
            Verdict::Added => self.hit(format!("added {kind}")),
            Verdict::Proposed => self.hit(format!("{family} proposed")),
            Verdict::Void(reason) => {
                self.hit(format!("void {reason}"));
                self.hit_if(knows_begun, &format!("void {kind} {reason}"));
            }
            Verdict::Unknown => self.hit("unknown"),
        }
        if case.is_accepted(e) && case.effects[e] != Effect::Counts {
            self.hit(format!("{:?} {:?}", case.class(e), case.effects[e]));
        }
    }

    /// The table, rarest first.
    fn print(&self) {
        let mut rows: Vec<(usize, &String)> = self.0.iter().map(|(n, c)| (*c, n)).collect();
        rows.sort_unstable();
        for (count, name) in rows {
            println!("{count:>8}  {name}");
        }
    }
}

/// What the worlds must reach.
const NAMES: &[&str] = &[
    "disputed withdrawal",
    "activity decision to withdraw",
    "inspection decision to withdraw",
    "activity kept, covers true",
    "activity kept, covers false",
    "inspection kept, covers false",
    "activity joint withdrawal",
    "inspection joint withdrawal",
    "withdrawal by a decider",
    "activity proposed",
    "inspection proposed",
    "activity supplement",
    "inspection supplement",
    "activity supplement covered",
    "inspection supplement covered",
    "activity with two beginnings",
    "inspection with two beginnings",
    "closed without covered content",
    "contested register",
    "earlier answers",
    "several values",
    "outcome not_reached",
    "attempt",
    "remark",
    "unknown",
    "disputed and counts",
    "disputed and does not count",
    "result NotReached",
    "result Stopped",
    "result Passed",
    "result Problems",
    "activity Stated",
    "activity Confirmed",
    "activity Disputed",
    "activity Withdrawn",
    "activity Void",
    "inspection Stated",
    "inspection Confirmed",
    "inspection Disputed",
    "inspection Withdrawn",
    "inspection Void",
    "accepted activity",
    "accepted inspect",
    "accepted amend",
    "accepted answer",
    "accepted confirm",
    "accepted finish_inspection",
    "accepted withdraw",
    "added receive",
    "added respond",
    "added sign",
    "added redact",
    "added note",
    "added add_photo",
    "Closing Pending",
    "Closing None",
    "Content Pending",
    "Content None",
    "Withdrawal Pending",
    "Withdrawal None",
    "void grant-unknown",
    "void grant-not-theirs",
    "void unattested",
    "void grant-other-area",
    "void grant-other-time",
    "activity Unknown",
    "inspection Unknown",
    "void level-too-low",
    "void photo-missing",
    "void data-invalid",
    "void activity illegal-from-state",
    "void inspect illegal-from-state",
    "void amend role-may-not",
    "void amend data-invalid",
    "void amend illegal-from-state",
    "void confirm role-may-not",
    "void confirm same-person",
    "void confirm conflict-open",
    "void confirm unknown-event",
    "void confirm illegal-from-state",
    "void receive illegal-from-state",
    "void receive same-person",
    "void respond illegal-from-state",
    "void respond same-person",
    "void redact role-may-not",
    "void redact illegal-from-state",
    "void answer illegal-from-state",
    "void answer role-may-not",
    "void answer target-unknown",
    "void answer data-invalid",
    "void sign illegal-from-state",
    "void sign role-may-not",
    "void sign photo-missing",
    "void sign second-person-missing",
    "void finish_inspection illegal-from-state",
    "void finish_inspection role-may-not",
    "void finish_inspection unknown-event",
    "void finish_inspection conflict-open",
    "void finish_inspection incomplete",
    "void finish_inspection second-person-missing",
    "void finish_inspection signature-missing",
    "void finish_inspection photo-missing",
    "void withdraw role-may-not",
    "void withdraw incomplete",
    "void withdraw same-person",
    "void withdraw illegal-from-state",
];

#[test]
fn worlds_of_records_reach_every_part_of_the_rules() {
    let types = Types::embedded();
    let count = worlds(5_000);
    let all = crate::parallel(count, |seed| {
        let world = of_seed(seed, &types);
        let case = judged(&world.events, &world.facts, &types);
        Some(Coverage::of(&case))
    });
    let mut sum = Coverage::default();
    for one in all {
        for (name, hits) in one.0 {
            *sum.0.entry(name).or_insert(0) += hits;
        }
    }
    sum.print();
    let slack = if count < MANY_WORLDS { 2 } else { 1 };
    let least = usize::try_from(count / WORLDS_PER_HIT / slack).unwrap_or(0);
    let hits = |name: &str| sum.0.get(name).copied().unwrap_or(0);
    let missed: Vec<&&str> = NAMES
        .iter()
        .filter(|name| hits(name) < least.max(1))
        .collect();
    assert!(missed.is_empty(), "too rare in {count} worlds: {missed:?}");
}

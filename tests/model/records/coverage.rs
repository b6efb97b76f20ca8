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
        let is_activity = v.content.iter().any(|e| case.doc.kind(*e) == "activity");
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
const NAMES: &[&str] = &["disputed withdrawal"];

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

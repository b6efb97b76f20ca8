//! How often the worlds reach each row of the rules.

use std::collections::BTreeMap;

use crate::{
    oracle::{
        self,
        case::{Case, Judgement, Mode, PairRow, Register, Status, View},
        judge_whole,
        outcome::Outcome,
        tables::{Row, Tables, To},
    },
    world::World,
};

/// Counters by name.
#[derive(Debug, Default)]
pub(crate) struct Coverage(BTreeMap<String, usize>);

/// A hundred hits in 25,000 worlds. Fewer worlds must reach half of that rate, because rare rows vary.
const WORLDS_PER_HIT: u64 = 250;
const MANY_WORLDS: u64 = 25_000;

/// What is not reached as often, and why.
const RARE: &[(&str, &str)] = &[(
    "void deadline-passed",
    "without a deadline the guard before it, issuer_or_higher, fails; that the deadline has passed is an effect",
)];

impl Coverage {
    fn hit(&mut self, name: impl Into<String>) {
        *self.0.entry(name.into()).or_insert(0) += 1;
    }
    fn add(&mut self, other: Self) {
        for (name, count) in other.0 {
            *self.0.entry(name).or_insert(0) += count;
        }
    }

    /// Counts what one world reaches.
    pub(crate) fn of(world: &World, tables: &Tables) -> Self {
        let mut all = Self::default();
        let (case, whole) = judge_whole(&world.events, &world.facts, tables);
        let judged = oracle::outcome(&case, &whole);
        for e in 0..case.doc.events.len() {
            all.count_verdict(&case, e);
            all.count_settlement(&case, &whole, e);
        }
        all.count_judged(&judged);
        all.count_pairs(&case, &whole);
        for register in Register::ALL {
            for (_, _, row) in whole.register_pairs.get(&register).into_iter().flatten() {
                let class = if row.decided_by.is_some() {
                    "conflict"
                } else {
                    "notice"
                };
                all.hit(format!("register {} {class}", row.id));
            }
        }
        all
    }

    fn count_verdict(&mut self, case: &Case<'_>, e: usize) {
        let kind = case.doc.kind(e);
        let variant = case.doc.body(e).variant().unwrap_or_default();
        match &case.judgements[e] {
            Judgement::Accepted { row, to, .. } => {
                self.hit(transition(row, kind, variant, *to, false));
                let ordered_only = !case.tables.rows.iter().any(|r| {
                    r.id == *row && case.tables.starts(r, case.view(e, Mode::Contested).state)
                });
                if ordered_only && kind != "observe" {
                    self.hit("candidate ordered only");
                }
            }
            Judgement::Proposed { row } => self.hit(transition(row, kind, variant, None, true)),
            Judgement::Void(reason) => {
                self.hit(format!("void {reason}"));
                self.hit(format!("by kind: {kind} {reason}"));
            }
            Judgement::Unknown => self.hit("verdict unknown"),
        }
    }

    fn count_settlement(&mut self, case: &Case<'_>, v: &View, e: usize) {
        if !v.live.contains(&e) {
            return;
        }
        let kind = case.doc.kind(e);
        let settles = &case.settles[e];
        let known = case.view(e, Mode::Contested);
        for (o, outcome) in &settles.objections {
            for pair in known.pairs.iter().filter(|p| p.o == *o) {
                self.hit(format!("settled {:?} by {kind} {outcome:?}", pair.row));
            }
        }
        for y in &settles.same {
            self.hit(format!("settled C40 of {} by {kind}", case.doc.kind(*y)));
        }
        for register in settles.registers.keys() {
            self.hit(format!("settled register {}", register.name()));
        }
        if kind == "resolve" && !settles.confirms.is_empty() {
            self.hit("resolve confirms an ending");
        }
    }

    fn count_judged(&mut self, judged: &Outcome) {
        self.hit(format!("state HS{:02}", judged.state));
        self.hit(format!("round {}", judged.round.min(3)));
        for event in judged.events.values() {
            if let Some(effect) = event.effect {
                self.hit(format!("effect {effect:?}"));
            }
            if let Some(standing) = event.standing {
                self.hit(format!("standing {standing:?}"));
            }
        }
        for card in &judged.cards {
            self.hit(format!("card {}", card.row));
        }
        for notice in &judged.notices {
            self.hit(format!("notice {}", notice.row));
        }
        for conflict in &judged.conflicts {
            for row in &conflict.rows {
                self.hit(format!("conflict {row} {:?}", conflict.status));
            }
        }
    }

    fn count_pairs(&mut self, case: &Case<'_>, v: &View) {
        for pair in &v.pairs {
            let superseded = |e: usize| {
                let mut later = case.doc.future[e].iter();
                later.any(|x| v.live.contains(x) && case.leads_to(*x).is_some())
            };
            self.hit(format!("pair {:?}", pair.row));
            if superseded(pair.o) {
                self.hit(format!("pair {:?} objection superseded", pair.row));
            }
            if superseded(pair.d) {
                self.hit(format!("pair {:?} decision superseded", pair.row));
            }
            let settlements = v.settlements.get(&pair.o).map_or(0, Vec::len);
            if settlements > 1 && v.fates.get(&pair.o) == Some(&Status::Open) {
                self.hit("settlements C-00");
            }
        }
        for pair in &v.in_order {
            self.hit(format!("in order {:?}", pair.row));
        }
        for (y, sides) in &v.same {
            for x in sides {
                let sides = (case.doc.class(*x), case.doc.kind(*y));
                self.hit(format!("pair C40 {sides:?}"));
            }
        }
        for row in v.yields.values() {
            self.hit(format!("yields {row}"));
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

fn transition(row: &str, kind: &str, variant: &str, to: Option<u16>, proposal: bool) -> String {
    let to = match to {
        _ if proposal => "proposal".to_owned(),
        Some(state) => format!("HS{state:02}"),
        None => "same".to_owned(),
    };
    let by_variant = [
        "dissuade",
        "transfer_result",
        "gov_decision",
        "gov_progress",
    ];
    let variant = if by_variant.contains(&kind) {
        variant
    } else {
        ""
    };
    format!("transition {row} {kind} {variant} to {to}")
}

/// What the rules name and worlds should reach.
fn expected(tables: &Tables) -> Vec<String> {
    let mut all = Vec::new();
    for row in &tables.rows {
        let of = |variant: &str, row: &Row| {
            let to = match row.to {
                To::State(state) => Some(state),
                To::Same => None,
            };
            transition(&row.id, &row.event, variant, to, row.proposal)
        };
        match row.when.as_slice() {
            [] => all.push(of(
                if row.event == "dissuade" {
                    "refused"
                } else {
                    ""
                },
                row,
            )),
            variants => all.extend(variants.iter().map(|variant| of(variant, row))),
        }
    }
    use PairRow::{C04, C06, C08, C10, C16, C21, C23, C25, C26, C33, C39, C41};
    for row in [C04, C06, C08, C10, C16, C21, C23, C25, C26, C33, C39, C41] {
        all.push(format!("pair {row:?}"));
        all.push(format!("pair {row:?} decision superseded"));
        if ![C16].contains(&row) {
            all.push(format!("pair {row:?} objection superseded"));
        }
        if row != C39 {
            all.push(format!("settled {row:?} by resolve Held"));
            all.push(format!("settled {row:?} by resolve Overruled"));
        }
    }
    all.extend(NAMES.iter().map(|name| (*name).to_owned()));
    all.sort_unstable();
    all.dedup();
    all
}

/// The other rows of the rules.
const NAMES: &[&str] = &[
    "settled C06 by recheck_pass Held",
    "settled C06 by recheck_fail Held",
    "settled C08 by recheck_pass Held",
    "settled C08 by recheck_fail Held",
    "settled C33 by recheck_pass Held",
    "settled C39 by close Held",
    "settled C39 by mark_duplicate Held",
    "settled C40 of recheck_pass by recheck_pass",
    "settled C40 of recheck_pass by recheck_fail",
    "settled C40 of close by close",
    "settled C40 of recheck_pass by resolve",
    "settled register code",
    "settled register grade",
    "settled register place",
    "settled register deadline",
    "settled register responsible",
    "settled register transfer",
    "settlements C-00",
    "resolve confirms an ending",
    "pair C40 (Claim, \"recheck_pass\")",
    "pair C40 (Claim, \"close\")",
    "pair C40 (Check, \"close\")",
    "pair C40 (Finding, \"void\")",
    "in order C06",
    "in order C08",
    "in order C41",
    "register C-12 conflict",
    "register C-12 notice",
    "register C-13 conflict",
    "register C-14 conflict",
    "register C-17 conflict",
    "register C-17 notice",
    "register C-18 notice",
    "register C-19 conflict",
    "register C-20 conflict",
    "register count notice",
    "register responsible notice",
    "card C-27",
    "card C-28",
    "card C-38",
    "notice C-05",
    "notice C-07",
    "notice C-09",
    "notice C-11",
    "notice C-15",
    "notice C-22",
    "notice more_open",
    "notice C-TIME",
    "yields C-07",
    "yields C-15",
    "yields C-TIME",
    "yields C-09",
    "yields C-22",
    "effect Counts",
    "effect None",
    "effect Pending",
    "effect ProposedInstead",
    "standing Counted",
    "standing EarlierRound",
    "standing NotLive",
    "standing Overruled",
    "standing Rejected",
    "standing Stateless",
    "standing Superseded",
    "standing Suspended",
    "standing Unmerged",
    "standing WithoutBasis",
    "standing Yielded",
    "verdict unknown",
    "void after-photo-missing",
    "void before-photo-missing",
    "void conflict-open",
    "void deadline-passed",
    "void dissuade-first",
    "void evidence-repeated",
    "void grade-too-high",
    "void grant-not-theirs",
    "void grant-other-area",
    "void grant-other-time",
    "void grant-unknown",
    "void illegal-from-state",
    "void incomplete",
    "void major-stands",
    "void not-for-them-to-decide",
    "void not-responsible",
    "void not-the-issuer",
    "void not-the-receiver",
    "void not-the-sender",
    "void other-record-not-seen",
    "void photo-missing",
    "void recipients-missing",
    "void role-may-not",
    "void same-person",
    "void second-person-missing",
    "void step-out-of-order",
    "void target-unknown",
    "void unattested",
    "void unknown-event",
];

#[test]
fn the_worlds_reach_every_row_of_the_rules() {
    let tables = Tables::embedded();
    let count = crate::laws::worlds(2000);
    let all = crate::parallel(count, |seed| {
        Some(Coverage::of(&World::of_seed(seed, &tables), &tables))
    });
    let mut coverage = Coverage::default();
    for part in all {
        coverage.add(part);
    }
    coverage.print();
    let rate = if count < MANY_WORLDS {
        2 * WORLDS_PER_HIT
    } else {
        WORLDS_PER_HIT
    };
    let least = usize::try_from(count / rate).unwrap_or(1).max(1);
    let hits = |name: &String| coverage.0.get(name).copied().unwrap_or(0);
    let is_listed = |name: &String| RARE.iter().any(|(rare, _)| rare == name);
    let expected = expected(&tables).into_iter();
    let missing: Vec<(String, usize)> = expected
        .filter(|name| hits(name) < least && !is_listed(name))
        .map(|name| (name.clone(), hits(&name)))
        .collect();
    assert!(missing.is_empty(), "fewer than {least} hits: {missing:#?}");
}

//! The events of a hazard that were judged so far, and how they relate to each other.

use std::{borrow::Cow, collections::HashMap};

use super::{
    content::Content,
    settlements::Settlements,
    taken::{Subject, Taken},
};
use crate::{
    catalogue::{FieldName, HazardKind, StateCode},
    history::{History, Positions, Verdict},
    record::{
        AreaPath, Edition, EventBody, Grade, Grant, KindCode, Observation, OrganId, PersonId,
    },
};

/// What a set of events is assessed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum World {
    /// Every accepted event counts, and no receipt orders concurrent events.
    Contested = 0,
    /// As `Contested`, but every pair that receipts could order is ordered.
    Ordered = 1,
    /// With the effects of events, and ordered as receipts prove.
    Effective = 2,
}

/// What the causal history of an event amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) state: StateCode,
    pub(super) round: u16,
}

/// The events that were judged so far, in causal order.
pub(super) struct Known<'h, 'a> {
    pub(super) history: &'h History<'a>,
    pub(super) verdicts: Vec<Verdict>,
    /// The accepted events.
    pub(super) taken: Vec<Option<Taken<'a>>>,
    /// The accepted observations.
    pub(super) observations: Vec<usize>,
    /// What each causal history amounts to, by world. That of `Effective` is empty if it equals that of `Contested`.
    before: [Vec<Before>; 3],
    /// The accepted events of each person, by id.
    persons: HashMap<PersonId, Positions>,
    /// The accepted events of each organisation.
    organs: HashMap<OrganId, Positions>,
    /// The accepted steps of the government and of each penalty case, by event kind and case number.
    matters: HashMap<(u16, &'a str), Positions>,
    /// The events that settle each conflict.
    settlements: HashMap<Subject, Settlements>,
    /// These events.
    settling: Positions,
}

impl<'h, 'a> Known<'h, 'a> {
    pub(super) fn new(history: &'h History<'a>) -> Self {
        Self {
            history,
            verdicts: Vec::with_capacity(history.len()),
            taken: Vec::with_capacity(history.len()),
            observations: Vec::new(),
            before: Default::default(),
            persons: HashMap::new(),
            organs: HashMap::new(),
            matters: HashMap::new(),
            settlements: HashMap::new(),
            settling: Positions::new(history.len()),
        }
    }

    /// Adds the verdict on the next event in causal order. `contested` and `ordered`: what its author knew.
    pub(super) fn push(
        &mut self,
        verdict: Verdict,
        taken: Option<Taken<'a>>,
        contested: Before,
        ordered: Before,
    ) {
        let at = self.taken.len();
        if taken.is_some() && matches!(self.history.body(at), EventBody::Observe(_)) {
            self.observations.push(at);
        }
        self.before[World::Contested as usize].push(contested);
        self.before[World::Ordered as usize].push(ordered);
        self.verdicts.push(verdict);
        if let Some(taken) = &taken {
            let size = self.history.len();
            for id in self.history.ids(at) {
                let of_person = self.persons.entry(id);
                of_person.or_insert_with(|| Positions::new(size)).insert(at);
            }
            if let Some(organ) = self.organ(at) {
                let of_organ = self.organs.entry(organ);
                of_organ.or_insert_with(|| Positions::new(size)).insert(at);
            }
            if let Some(matter) = matter(self.history.body(at)) {
                let of_matter = self.matters.entry(matter);
                of_matter.or_insert_with(|| Positions::new(size)).insert(at);
            }
            for (subject, outcome) in &taken.settles {
                let of_conflict = self.settlements.entry(*subject);
                let of_conflict = of_conflict.or_insert_with(|| Settlements::new(size));
                of_conflict.insert(at, *outcome);
                self.settling.insert(at);
            }
        }
        self.taken.push(taken);
    }

    /// The accepted events of the person who made an event.
    pub(super) fn of_author(&self, at: usize) -> Cow<'_, Positions> {
        self.of_ids(self.history.ids(at))
    }

    /// The accepted events of the person of a grant.
    pub(super) fn of_grant(&self, grant: &Grant) -> Cow<'_, Positions> {
        let other = grant.other_ids().iter().copied();
        self.of_ids(std::iter::once(grant.person).chain(other))
    }

    fn of_ids(&self, ids: impl Iterator<Item = PersonId>) -> Cow<'_, Positions> {
        let mut each = ids.filter_map(|id| self.persons.get(&id));
        let Some(first) = each.next() else {
            return Cow::Owned(Positions::new(self.history.len()));
        };
        each.fold(Cow::Borrowed(first), |mut all, more| {
            all.to_mut().extend(more);
            all
        })
    }

    /// The accepted steps of the matter of an event; `None` if there is none.
    pub(super) fn of_matter(&self, at: usize) -> Option<&Positions> {
        self.matters.get(&matter(self.history.body(at))?)
    }

    /// The accepted events of an organisation; `None` if there is none.
    pub(super) fn of_organ(&self, organ: OrganId) -> Option<&Positions> {
        self.organs.get(&organ)
    }

    /// The accepted events that settle a conflict.
    pub(super) fn settling(&self) -> &Positions {
        &self.settling
    }

    /// The accepted events that settle this conflict; `None` if there is none.
    pub(super) fn settlements(&self, subject: Subject) -> Option<&Settlements> {
        self.settlements.get(&subject)
    }

    /// Adds what the causal history of the next event amounts to with effects and receipts.
    pub(super) fn push_effective(&mut self, before: Before) {
        self.before[World::Effective as usize].push(before);
    }

    /// What the causal history of an event amounts to in a world.
    pub(super) fn before(&self, world: World, at: usize) -> Before {
        let of = self.before[world as usize].get(at);
        *of.unwrap_or(&self.before[World::Contested as usize][at])
    }

    /// The position of the first observation of a set that counts in a world.
    pub(super) fn first_of(&self, set: &Positions, world: World) -> Option<usize> {
        let mut observations = self.observations.iter().copied();
        observations.find(|at| set.has(*at) && self.is_live(*at, world))
    }

    /// The area of the document as the author of the next event knew it.
    pub(super) fn area_before(&self, at: usize) -> Option<&'a AreaPath> {
        let first = self.first_of(self.ancestors(at), World::Contested)?;
        self.history.body(first).begins_in()
    }

    /// The first observation that has an effect.
    pub(super) fn first(&self) -> Option<&'a Observation> {
        let live = |at: &&usize| self.is_live(**at, World::Effective);
        let first = self.observations.iter().find(live)?;
        match self.history.body(*first) {
            EventBody::Observe(o) => Some(o),
            _ => None,
        }
    }

    /// Notes the state after an event in its step: that of a resolution or an unmerge depends on the events before it.
    pub(super) fn lead_to(&mut self, at: usize, state: StateCode) {
        let decides = matches!(
            self.history.body(at),
            EventBody::Resolve(_) | EventBody::Unmerge(_)
        );
        if let (true, Verdict::Accepted { step: Some(step) }) = (decides, &mut self.verdicts[at]) {
            step.to = state;
        }
    }

    /// Whether an event counts, or was not accepted.
    pub(super) fn counts(&self, at: usize) -> bool {
        self.taken[at].is_none() || self.is_live(at, World::Effective)
    }

    /// Whether an event was accepted and counts in a world.
    pub(super) fn is_live(&self, at: usize, world: World) -> bool {
        self.taken[at].as_ref().is_some_and(|taken| {
            world != World::Effective || taken.effect.is_live(self.history.body(at), taken.class)
        })
    }

    /// Whether two events were made by one person.
    pub(super) fn same_person(&self, a: usize, b: usize) -> bool {
        self.history.same_person(a, b)
    }

    pub(super) fn organ(&self, at: usize) -> Option<OrganId> {
        self.history.grants[at].map(|grant| grant.organ)
    }

    /// The event whose statement a value of a register goes back to, through the resolutions that chose it.
    pub(super) fn source(&self, field: FieldName, at: usize) -> Option<usize> {
        let mut at = at;
        while matches!(self.history.body(at), EventBody::Resolve(_)) {
            let picks = &self.taken[at].as_ref()?.picks;
            // A resolution chooses an event of its causal history, which is at an earlier position.
            at = picks.iter().find(|pick| pick.lane == field.bit())?.chosen;
        }
        Some(at)
    }

    /// What an event states about a register: its own value, or that of the event that a resolution chose.
    pub(super) fn content(&self, field: FieldName, at: usize) -> Option<Content<'a>> {
        Content::of(self.history.body(self.source(field, at)?), field)
    }

    /// Whether an accepted event sets a register.
    pub(super) fn sets(&self, field: FieldName, at: usize) -> bool {
        self.taken[at]
            .as_ref()
            .is_some_and(|taken| taken.lanes & field.bit() != 0)
            && self.content(field, at).is_some()
    }

    /// The events of a causal history.
    pub(super) fn ancestors(&self, at: usize) -> &Positions {
        &self.history.order.ancestors[at]
    }

    /// The edition of the catalogue that judges the finding.
    pub(super) fn found_under(&self) -> Option<Edition> {
        let first = self.observations.first()?;
        Some(self.history.edition(*first))
    }

    /// A hazard kind, by the edition of the finding.
    pub(super) fn kind(&self, code: &KindCode) -> Option<&'a HazardKind> {
        let edition = self.found_under()?;
        self.history.catalogue.kind(code.as_str(), edition)
    }

    /// The default grade of a hazard kind, by the edition of the finding.
    pub(super) fn default_grade(&self, code: &KindCode) -> Option<Grade> {
        self.history.grade_of(code, self.found_under()?)
    }
}

/// The matter of a step: its event kind and, for penalties, the case number; `None` if the event is no such step.
fn matter(body: &EventBody) -> Option<(u16, &str)> {
    match body {
        EventBody::PenaltyLink(p) => Some((body.number(), p.case.as_str())),
        EventBody::GovProgress(_) => Some((body.number(), "")),
        _ => None,
    }
}

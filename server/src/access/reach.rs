//! The reach of an authenticated caller. Only this module constructs one.

use sync_core::{
    catalogue::ReportingTree,
    record::{AreaPath, DeviceId, PersonId, Role, ServerTime},
    wire::{Code, MAX_SCOPES, session::Scope},
};

use crate::{
    refusal::Refusal,
    storage::spaces::{Space, deepest},
};

/// Milliseconds after the password or the second factor was given in which a person may decide.
pub const PROVEN_MS: i64 = 15 * 60_000;

/// What a caller may read, proven by a token that was checked in this request.
#[derive(Debug, Clone)]
pub struct Reach {
    pub(super) areas: Vec<AreaPath>,
    /// Areas outside these that report to them today: who owns an area reads what lies in it.
    pub(super) owned: Vec<AreaPath>,
    pub(super) device: Option<DeviceId>,
    pub(super) person: Option<PersonId>,
    /// The id of the account or of the holder of the key; another one than `person` after a merge.
    pub(super) account: Option<PersonId>,
    pub(super) role: Option<Role>,
    /// The areas of a device in which its person reviews.
    pub(super) reviewing: Vec<AreaPath>,
    /// When the person of a session last gave the password or the second factor.
    pub(super) proven_at: Option<ServerTime>,
    /// Whether it is a key that a person made for a program: it decides nothing.
    pub(super) only_reads: bool,
}

impl Reach {
    /// The caller's own areas; none lies inside another.
    pub fn areas(&self) -> &[AreaPath] {
        &self.areas
    }
    /// The areas in which the caller reads documents and the ledger: its own, and those that report to them today.
    pub fn readable(&self) -> Vec<AreaPath> {
        outermost(self.areas.iter().chain(&self.owned).cloned().collect())
    }
    /// Whether the caller reads what lies in a place.
    pub fn covers(&self, area: &AreaPath) -> bool {
        self.areas.iter().chain(&self.owned).any(|a| a.covers(area))
    }
    /// Whether an area is one of the caller's, or reports to one, by the reporting tree of a day: then the caller sees,
    /// seals and checks the figures of that day. Where an area lies is not enough: it may have moved, or been replaced.
    pub fn owns(&self, parents: &ReportingTree, area: &AreaPath) -> bool {
        self.areas.iter().any(|own| parents.is_within(area, own))
    }
    /// The calling device, if a device calls.
    pub fn device(&self) -> Option<DeviceId> {
        self.device
    }
    /// The calling person, if a person's token was used.
    pub fn person(&self) -> Option<PersonId> {
        self.person
    }
    /// The id under which the person signed in or holds the key: after a merge it may be another one than [`Self::person`].
    pub fn account(&self) -> Option<PersonId> {
        self.account
    }
    /// The same caller restricted to the areas where it reviews: a person with a token in all its areas, a device where
    /// the role of a grant reviews; `None` if there is no such area.
    ///
    /// Rules by role and kind of document come with audiences; until then only reviewing roles may read reviewers'
    /// views.
    pub fn as_reviewer(mut self) -> Option<Self> {
        if self.device.is_some() {
            self.areas = std::mem::take(&mut self.reviewing);
            self.owned.clear();
        }
        (!self.areas.is_empty()).then_some(self)
    }
    /// Checks that the caller may decide something now: the person of a session must have given the password or the
    /// second factor within [`PROVEN_MS`], and must act in one role. A key that a person made reads only; one that a
    /// command issued decides.
    ///
    /// # Errors
    /// [`Code::ProofNeeded`]; [`Code::OutOfScope`] for a key that reads only, and if the session has several roles and none
    /// was chosen.
    pub fn may_decide(&self, now: ServerTime) -> Result<(), Refusal> {
        if self.only_reads {
            let detail = "密钥只能查阅，办理请登录 / this key only reads: sign in to decide";
            return Err(Refusal::new(Code::OutOfScope, detail));
        }
        let Some(proven) = self.proven_at else {
            return Ok(());
        };
        if now.0 - proven.0 > PROVEN_MS {
            let detail = "POST /v1/step-up";
            return Err(Refusal::new(Code::ProofNeeded, detail));
        }
        if self.role.is_none() {
            let detail = "您有多个角色，请用请求头 Xuncha-Assignment 指明以哪个身份办理 / you have several roles: name the assignment that you act in with the header Xuncha-Assignment (GET /v1/me lists them)";
            return Err(Refusal::new(Code::OutOfScope, detail));
        }
        Ok(())
    }
    /// The person's role.
    pub fn role(&self) -> Option<Role> {
        self.role
    }
}

/// Removes areas that lie in others.
pub(super) fn outermost(mut areas: Vec<AreaPath>) -> Vec<AreaPath> {
    areas.sort();
    areas.dedup();
    let all = areas.clone();
    areas.retain(|a| !all.iter().any(|b| b != a && b.covers(a)));
    areas
}

/// The scopes of a device: one for each pair of a space and an area that its grants cover. An area belongs to the
/// deepest space above it, and includes every space that lies within it. A scope inside another scope of the same space
/// is dropped.
pub(super) fn scopes(areas: &[AreaPath], spaces: &[Space]) -> Vec<Scope> {
    let mut all: Vec<(&Space, &AreaPath)> = Vec::new();
    for area in areas {
        let above = deepest(spaces.iter().map(|s| &s.id), area);
        all.extend(spaces.iter().filter_map(|space| {
            if Some(&space.id) == above {
                Some((space, area))
            } else {
                area.covers(&space.id).then_some((space, &space.id))
            }
        }));
    }
    all.sort_by(|(s, a), (t, b)| (&s.id, a).cmp(&(&t.id, b)));
    all.dedup_by(|(s, a), (t, b)| s.id == t.id && a == b);
    let within = |space: &Space, area: &AreaPath| {
        let wider = |(s, a): &(&Space, &AreaPath)| s.id == space.id && *a != area && a.covers(area);
        all.iter().any(wider)
    };
    let outermost = all.iter().filter(|(space, area)| !within(space, area));
    let scope = |(space, area): &(&Space, &AreaPath)| Scope {
        space: space.id.clone(),
        area: (*area).clone(),
        log: space.log,
    };
    outermost.map(scope).take(MAX_SCOPES).collect()
}

#[cfg(test)]
mod tests {
    use sync_core::record::LogEpoch;

    use super::*;

    fn told(areas: &[&str], spaces: &[&str]) -> Vec<String> {
        let areas: Vec<AreaPath> = areas.iter().map(|a| a.parse().unwrap()).collect();
        let space = |id: &&str| Space {
            id: id.parse().unwrap(),
            log: LogEpoch([1; 8]),
            head: 0,
        };
        let spaces: Vec<Space> = spaces.iter().map(space).collect();
        let scopes = scopes(&areas, &spaces);
        let pair = |s: &Scope| format!("{} {}", s.space, s.area);
        scopes.iter().map(pair).collect()
    }

    #[test]
    fn a_city_holds_its_own_log_and_those_of_its_counties() {
        let spaces = [
            "42/4201",
            "42/4201/420106",
            "42/4201/420107",
            "42/4202/420201",
        ];
        let city = [
            "42/4201 42/4201",
            "42/4201/420106 42/4201/420106",
            "42/4201/420107 42/4201/420107",
        ];
        assert_eq!(told(&["42/4201"], &spaces), city);
        // A grant for one of its counties adds nothing; one for a county of another city does.
        assert_eq!(told(&["42/4201", "42/4201/420106/S1"], &spaces), city);
        let both = told(&["42/4201", "42/4202/420201/S1"], &spaces);
        assert_eq!(both.len(), 4);
        assert_eq!(both[3], "42/4202/420201 42/4202/420201/S1");
    }

    #[test]
    fn a_city_without_a_log_of_its_own_holds_those_of_its_counties() {
        let spaces = ["42/4201/420106", "42/4201/420107"];
        assert_eq!(told(&["42/4201"], &spaces).len(), 2);
        assert_eq!(
            told(&["42/4201/420106/S1", "42/4201/420106/S2"], &spaces),
            [
                "42/4201/420106 42/4201/420106/S1",
                "42/4201/420106 42/4201/420106/S2"
            ]
        );
    }
}

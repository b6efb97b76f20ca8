//! How far somebody sees. Only this room makes one.

use sync_core::record::{AreaPath, DeviceId, PersonId, Role};

/// What a caller may see, proven by a token that was checked at this request.
#[derive(Debug, Clone)]
pub struct Reach {
    pub(super) areas: Vec<AreaPath>,
    pub(super) device: Option<DeviceId>,
    pub(super) person: Option<PersonId>,
    pub(super) role: Option<Role>,
    /// The areas of a device in which its person reviews.
    pub(super) reviewing: Vec<AreaPath>,
}

impl Reach {
    /// The areas, none inside another.
    pub fn areas(&self) -> &[AreaPath] {
        &self.areas
    }
    /// Whether a place is within reach.
    pub fn covers(&self, area: &AreaPath) -> bool {
        self.areas.iter().any(|a| a.covers(area))
    }
    /// The calling device, if it is one.
    pub fn device(&self) -> Option<DeviceId> {
        self.device
    }
    /// The calling person, if a person's token was used.
    pub fn person(&self) -> Option<PersonId> {
        self.person
    }
    /// The same caller where it reviews: a person with a key everywhere it covers, a device where a grant's role
    /// reviews; `None` if nowhere.
    ///
    /// Reading by role and kind of record comes with audiences; until then only reviewing roles open reviewers' views.
    pub fn as_reviewer(mut self) -> Option<Self> {
        if self.device.is_some() {
            self.areas = std::mem::take(&mut self.reviewing);
        }
        (!self.areas.is_empty()).then_some(self)
    }
    /// The person's role.
    pub fn role(&self) -> Option<Role> {
        self.role
    }
}

/// Drops areas that lie in others.
pub(super) fn outermost(mut areas: Vec<AreaPath>) -> Vec<AreaPath> {
    areas.sort();
    areas.dedup();
    let all = areas.clone();
    areas.retain(|a| !all.iter().any(|b| b != a && b.covers(a)));
    areas
}

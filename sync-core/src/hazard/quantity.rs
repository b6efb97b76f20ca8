//! The quantities that the events of a hazard contribute to indicators: dissuasions, reports, transfers, orders,
//! penalties, clearances.
//!
//! Only events that have an effect count. A merged or voided hazard keeps its quantities: the work was done.

use std::collections::BTreeSet;

use super::state::HazardState;
use crate::{
    history::{EventEntry, Validity},
    record::{DeviceTime, EventBody, GovStage, PenaltyStage},
};

/// A quantity: an amount that an event contributes to indicators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// What is counted.
    pub name: String,
    /// The claimed time.
    pub at: DeviceTime,
    /// The amount, in thousandths of the unit.
    pub milli: i64,
}

/// Quantities that are a part of another: the first of them belong to the period of the first of the other.
pub const PARTS: [(&str, &str); 2] = [
    ("transfers_fed_back", "transfers"),
    ("escalations_solved", "escalations"),
];

/// The quantities of a hazard.
///
/// # Properties
/// `transfers_fed_back` is never more than `transfers`, nor `escalations_solved` than `escalations`. An order counts
/// once for each number, a penalty once for each case that was decided and served. A clearance in an open conflict
/// does not count.
pub(crate) fn quantities(state: &HazardState, events: &[EventEntry]) -> Vec<Quantity> {
    let mut figures = Figures::default();
    for judged in &state.history {
        let stated = events.iter().find(|s| s.id == judged.id);
        // A confirmation in a conflict confirms nothing yet; other work was done whatever it led to.
        let confirms = stated.is_some_and(|s| matches!(s.event.body, EventBody::ConfirmSpotFix(_)));
        let took_effect = judged.has_effect()
            && (!confirms || matches!(judged.count, Validity::Yes | Validity::Pending));
        if let (true, Some(stated)) = (took_effect, stated) {
            figures.take(&stated.event.body, stated.event.claimed);
        }
    }
    for cleared in state.values.clearances.iter().filter(|c| c.value.confirmed) {
        if let Some(stated) = events.iter().find(|s| s.id == cleared.by) {
            let name = format!("cleared.{}", cleared.value.unit);
            let milli = i64::from(cleared.value.quantity) * 1000;
            figures.push(name, stated.event.claimed, milli);
        }
    }
    figures.found
}

#[derive(Default)]
struct Figures<'e> {
    found: Vec<Quantity>,
    /// Numbers of orders and of penalty cases that were counted.
    counted: BTreeSet<(&'static str, &'e str)>,
    /// Transfers without a result so far, and escalations without a solution so far.
    waiting: (u32, u32),
}

impl<'e> Figures<'e> {
    fn push(&mut self, name: String, at: DeviceTime, milli: i64) {
        self.found.push(Quantity { name, at, milli });
    }

    fn one(&mut self, name: &'static str, at: DeviceTime) {
        self.push(name.to_owned(), at, 1000);
    }

    fn once(&mut self, name: &'static str, number: &'e str, at: DeviceTime) {
        if self.counted.insert((name, number)) {
            self.one(name, at);
        }
    }

    fn take(&mut self, body: &'e EventBody, at: DeviceTime) {
        match body {
            EventBody::Dissuade(_) => self.one("dissuasions", at),
            EventBody::Report(_) => self.one("reports", at),
            EventBody::ConfirmSpotFix(_) => self.once("fixed_on_spot", "", at),
            EventBody::Order(order) => self.once("orders", order.number.as_str(), at),
            EventBody::PenaltyLink(link) if is_served(link.stage) => {
                self.once("penalties", link.case.as_str(), at);
            }
            EventBody::Transfer(_) => {
                self.waiting.0 += 1;
                self.one("transfers", at);
            }
            EventBody::TransferResult(_) if self.waiting.0 > 0 => {
                self.waiting.0 -= 1;
                self.one("transfers_fed_back", at);
            }
            EventBody::Escalate(_) => {
                self.waiting.1 += 1;
                self.one("escalations", at);
            }
            EventBody::GovProgress(p) if p.stage == GovStage::Solved && self.waiting.1 > 0 => {
                self.waiting.1 -= 1;
                self.one("escalations_solved", at);
            }
            _ => {}
        }
    }
}

/// Whether the penalty is decided and served; a decision on the spot is served at once.
fn is_served(stage: PenaltyStage) -> bool {
    matches!(
        stage,
        PenaltyStage::OnSpotDecision
            | PenaltyStage::Served
            | PenaltyStage::Performed
            | PenaltyStage::Enforced
            | PenaltyStage::Closed
    )
}

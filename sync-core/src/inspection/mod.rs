//! Inspections: answers by building, entrance and item, finished by an author who had every answer.

mod answers;
mod conclude;
mod coverage;
mod fold;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use fold::fold_inspection;

pub use answers::{AnswerValue, Answered};
pub use coverage::{Coverage, Place, coverage, inspected};
pub use fold::{InspectionState, Signed};

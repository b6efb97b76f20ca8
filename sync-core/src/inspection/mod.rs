//! Inspections: answers by building, entrance and item, finished by an author who had every answer.
//!
//! Events with their fold context become a state: the answers of each item, with every concurrent value, and the result.
//! Templates and items are data of [`crate::catalogue`]. The engine is that of [`crate::activity`].

mod answers;
mod conclude;
mod coverage;
mod fold;
mod outcome;
mod side;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use fold::fold_inspection;

pub use answers::{AnswerValue, Answered};
pub use coverage::{Coverage, InspectedPlace, coverage, inspected};
pub use fold::{InspectionState, Signed};
pub use outcome::Outcome;

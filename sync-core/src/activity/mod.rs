//! Activities: what a campaign records that is neither a hazard nor an inspection. One author states it, the same
//! author corrects it, a second person confirms it. What was confirmed changes only with a second person.
//!
//! The types of activity are data of [`crate::catalogue`]. The engine of this module is shared with
//! [`crate::inspection`].

pub(crate) mod engine;
mod fold;
mod sets;
pub(crate) mod standing;
mod state;
pub(crate) mod withdrawal;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use fold::{counts, fold_activity, took_place};

pub use fold::{ActivityState, Receipt, Version};
pub use state::State;

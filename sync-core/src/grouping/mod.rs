//! Documents that may be or are one hazard: suggestions, groups, counts.
//!
//! Folded hazards are compared two by two, and grouped by the links that their events state. Nothing here changes a
//! document: a link is an event that a person states.

mod count;
mod duplicate;
mod group;

#[cfg(test)]
mod tests;

pub use count::covered;
pub use duplicate::{Advice, Comparable, PhotoFingerprint, Sign, Suggestion, compare};
pub use group::{Counting, Group, GroupMember, Names, groups, names};

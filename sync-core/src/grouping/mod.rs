//! Documents that may be or are one hazard: suggestions, groups, counts.

mod count;
mod duplicate;
mod group;

#[cfg(test)]
mod tests;

pub use count::covered;
pub use duplicate::{Advice, Comparable, PhotoFingerprint, Sign, Suggestion, compare};
pub use group::{Counting, Group, GroupMember, Names, groups, names};

//! The roles that a table allows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::Role;

/// The roles that may state an event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(untagged)]
pub enum Roles {
    /// One of these roles.
    List(Vec<Role>),
    /// `any`.
    Word(String),
}

impl Roles {
    /// Whether a role is among these.
    pub fn contains(&self, role: Role) -> bool {
        match self {
            Self::List(list) => list.contains(&role),
            Self::Word(_) => true,
        }
    }
}

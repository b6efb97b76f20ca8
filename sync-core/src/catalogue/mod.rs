//! The catalogue: versioned data of hazard kinds, states, transitions, concurrent-pair rules and all other tables.
//!
//! The module parses the JSON files of `schemas/catalogue` into one validated [`Catalogue`]. It has only the tables;
//! `hazard` decides whether an event is allowed.

mod activity_types;
mod bundle;
mod calendar;
mod class;
mod data_schema;
mod duplicates;
mod duties;
mod editions;
mod error;
mod event_kind;
mod field;
mod index;
mod indicators;
mod indicators_page;
mod inspection;
mod kinds;
mod level;
mod lifecycle_page;
mod lookup;
mod machine;
mod names;
mod pairs;
mod regions;
mod reporting_tree;
mod roles;
mod rules;
mod state;
mod tables;
mod transition;
mod unique_json;

#[cfg(test)]
mod tests;

pub use crate::record::Grade;
pub use activity_types::{ActivityType, ActivityTypes, Figure, INSPECTION, Only};
pub use bundle::{Bundle, BundleError};
pub use calendar::{Calendar, CountedIn, DeadlineClass, Due, Timer, Year};
pub use class::{EventClass, is_statutory, level, may_end};
pub use data_schema::{DataFault, DataSchema, DataType};
pub use duplicates::Weights;
pub use duties::Duties;
pub use editions::EditionTables;
pub use error::CatalogueError;
pub use field::{Field, FieldName, Keep};
pub use indicators::{
    Check, Compare, Fields, HazardsWhere, Indicator, Indicators, Inspected, Measure, Registered,
    ReportStep, Side,
};
pub use indicators_page::indicators_page;
pub use inspection::{AnswerType, Inspections, Item, Template, UnitRange};
pub use kinds::{Category, HazardKind, HazardKinds, Nature};
pub use level::FilingLevel;
pub use lifecycle_page::lifecycle_page;
pub use machine::{Machine, Move};
pub use pairs::{Answer, ByTime, Class, Concern, Lead, OwnLead, PairRule, PairScope, Rows, When};
pub use regions::{Level, Region, Regions};
pub use reporting_tree::{ReportingCycle, ReportingNode, ReportingTree, roll_up};
pub use roles::Roles;
pub use rules::{Bounds, Rules};
pub use state::{State, StateCode};
pub use tables::{Catalogue, ProgramTables};
pub use transition::{First, From, Guard, Outcome, Transition};

//! The indicators of the campaign for an area and a period, as of their cut-off: from what the server had received before it.
//!
//! Input is an area, a level and a period. Facts are gathered space by space, counted once for each place, rolled up
//! along the reporting tree, and cross-checked. What an indicator counts is data of the catalogue; no code here refers
//! to a code of an indicator. A manual value is shown with the computed value.

mod checks;
mod count;
mod facts;
mod figures;
mod ground;
mod manual;
mod merged;
mod milli;
mod period;
mod query;
mod sheet;
mod tally;

pub use checks::CheckView;
pub(crate) use checks::checks;
pub(crate) use count::count;
pub use figures::{Figures, Row};
pub(crate) use figures::{set_indivisible, set_ratios};
pub(crate) use ground::Ground;
pub(crate) use manual::list as manual_values;
pub use manual::{ManualValue, ManualView};
pub use milli::Milli;
pub(crate) use period::{Counting, Period};
pub use query::{IndicatorSheet, Question};
pub(crate) use sheet::{rows, total};

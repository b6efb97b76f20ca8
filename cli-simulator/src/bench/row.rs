//! One measured figure, with its target.

use serde::Serialize;

/// One measured figure.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was done.
    pub work: String,
    /// What was measured.
    pub figure: String,
    /// The unit.
    pub unit: &'static str,
    /// The target, if the figure has one.
    pub bar: Option<f64>,
    /// Whether higher values are better.
    pub at_least: bool,
    /// The measured value.
    pub measured: f64,
    /// Measured value divided by the target.
    pub ratio: Option<f64>,
    /// Whether the target was met.
    pub reached: Option<bool>,
}

impl Row {
    /// A figure that must be at most `bar`.
    pub(super) fn new(
        work: &str,
        figure: &str,
        unit: &'static str,
        bar: f64,
        measured: f64,
    ) -> Self {
        let ratio = measured / bar;
        let (work, figure) = (work.to_owned(), figure.to_owned());
        Self {
            work,
            figure,
            unit,
            bar: Some(bar),
            at_least: false,
            measured,
            ratio: Some(ratio),
            reached: Some(measured <= bar),
        }
    }

    /// A figure that is reported without a target.
    pub(super) fn shown(work: &str, figure: &str, unit: &'static str, measured: f64) -> Self {
        Self {
            bar: None,
            ratio: None,
            reached: None,
            ..Self::new(work, figure, unit, 1.0, measured)
        }
    }

    /// A figure that must be at least `bar`.
    pub(super) fn at_least(
        work: &str,
        figure: &str,
        unit: &'static str,
        bar: f64,
        measured: f64,
    ) -> Self {
        let row = Self::new(work, figure, unit, bar, measured);
        Self {
            at_least: true,
            reached: Some(measured >= bar),
            ..row
        }
    }
}

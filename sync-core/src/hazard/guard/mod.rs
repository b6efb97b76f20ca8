//! Guards: conditions of a transition beyond role and state, each a function that the tables name.
//!
//! A guard is decided from an event, its grant and its author's causal history; a guard that fails returns the reason.
//! `check` finds the function of a guard: those about persons are in `people`, about evidence in `evidence`, about
//! decisions in `decision`.

mod check;
mod decision;
mod evidence;
mod people;
mod situation;

pub(super) use check::check;
pub(super) use evidence::{repeated, shows_fixed, shows_hazard};
pub(super) use situation::Situation;

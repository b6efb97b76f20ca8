//! The promises of Xuncha, one file for each, on real SQLite files and real HTTP.

mod support;

#[path = "../hostile/mod.rs"]
mod hostile;

mod activities;
mod activity_types;
mod as_of;
mod bad_input;
mod base_and_pos;
mod city;
mod clocks;
mod cloned_device;
mod command_line;
mod convergence;
mod copies;
mod demo;
mod duplicates;
mod durable_ack;
mod ending_notices;
mod engines;
mod first_path;
mod fixtures;
mod fleet;
mod full_disk;
mod idempotence;
mod indicators;
mod kill_points;
mod ledger;
mod merged_persons;
mod middlebox;
mod migrate_store;
mod needed;
mod no_op_cost;
mod persons;
mod photo_safety;
mod photo_stores;
mod processes;
mod refused;
mod report_parts;
mod report_rounds;
mod report_steps;
mod reports;
mod restored_server;
mod scope_isolation;
mod shares;
mod starts;
mod storage;
mod stranger;
mod termination;
mod tls;
mod trusted_time;
mod upgrade;
mod uploads;
mod vectors;

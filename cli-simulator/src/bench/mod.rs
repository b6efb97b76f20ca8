//! Benchmarks: each row is a figure that users notice, its target, and the value measured on this machine.
//!
//! The result is a table or the same as JSON. The server runs as a process of its own; devices are real stores; bytes
//! are counted on the socket, headers included. A missed target does not fail a build.

mod county;
mod fold;
mod generate;
mod ingest;
mod load;
mod measure;
mod province;
mod relay;
mod results;
mod row;
mod run;
mod server;
mod writer;

pub use generate::{Generator, Made};
pub use results::{Run, table};
pub use row::Row;
pub use run::{Sizes, run, run_province};
pub use writer::Writer;

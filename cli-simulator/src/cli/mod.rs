//! The command line of the simulator, parsed and carried out.
//!
//! In come arguments, out go texts and tables for the person at the terminal.

mod bench;
mod demo;
mod device;
mod explain;
mod fleet;
mod serve_here;
mod siege;
mod torture;
mod tus_fixture;
mod with_postgres;

use clap::{Parser, Subcommand};

/// 巡查模拟器 / Phones by hand, fleets over a bad network, the demo, the benchmarks.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 演示 / One week of a small county over a bad network.
    Demo(demo::Demo),
    /// 手机 / A phone by hand.
    Device(Box<device::Device>),
    /// 机群 / A fleet of phones through a bad network, every promise checked.
    Fleet(fleet::Fleet),
    /// 解释 / Why a hazard stands where it stands, from a file of its events.
    Explain(explain::Explain),
    /// 折磨 / Many writers, late commits, killed connections: no number skipped, nothing lost, on PostgreSQL.
    Torture(torture::Torture),
    /// 围攻 / A server under stalled connections, endless bodies, image bombs and long polls: what others notice.
    Siege(siege::Siege),
    /// 性能测试 / Measure, and print a table.
    Bench(bench::Bench),
    /// A server of this process, for the benchmarks: prints its address, serves until its output is closed.
    #[command(hide = true)]
    ServeHere(serve_here::ServeHere),
    /// A server with one enrolled phone, for foreign tus clients: prints one line of JSON.
    #[command(hide = true)]
    TusFixture(tus_fixture::TusFixture),
    /// A command with a throw-away PostgreSQL at hand.
    #[command(hide = true)]
    WithPostgres(with_postgres::WithPostgres),
}

impl Arguments {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Device(device) => device.run(),
            Command::TusFixture(fixture) => fixture.run(),
            Command::Fleet(fleet) => fleet.run(),
            Command::Demo(demo) => demo.run(),
            Command::Explain(explain) => explain.run(),
            Command::Torture(torture) => torture.run(),
            Command::Siege(siege) => siege.run(),
            Command::Bench(bench) => bench.run(),
            Command::ServeHere(serve) => serve.run(),
            Command::WithPostgres(with) => with.run(),
        }
    }
}

//! The command line of the simulator.
//!
//! Each command parses its arguments, runs one module of the library, and prints texts and tables.

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

/// 巡查模拟器 / Devices operated by hand, fleets over a bad network, the demo, the benchmarks.
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
    /// 手机 / A device that is operated by hand.
    Device(Box<device::Device>),
    /// 机群 / A fleet of devices through a bad network; every promise is checked.
    Fleet(fleet::Fleet),
    /// 解释 / The reasons of a hazard's state, from a file of its events.
    Explain(explain::Explain),
    /// 折磨 / Many writers, late commits, killed connections on PostgreSQL: no number is skipped and nothing is lost.
    Torture(torture::Torture),
    /// 围攻 / A server under stalled connections, endless bodies, image bombs and long polls, measured by other clients.
    Siege(siege::Siege),
    /// 性能测试 / Measure and print a table.
    Bench(bench::Bench),
    /// Serves from this process for the benchmarks: prints its address and serves until it is killed.
    #[command(hide = true)]
    ServeHere(serve_here::ServeHere),
    /// A server with one enrolled device, for third-party tus clients: prints one line of JSON.
    #[command(hide = true)]
    TusFixture(tus_fixture::TusFixture),
    /// Runs a command with a temporary PostgreSQL.
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

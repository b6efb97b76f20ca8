//! What the programs print: [`say!`](crate::say) on standard output, [`note!`](crate::note) on standard error.
//!
//! `println!` panics if the reader of a pipe has closed it (`xuncha admin devices list | head -1`) or if the device is
//! full. [`say!`](crate::say) remembers the first failure instead and prints nothing after it; [`end`] reports the
//! failure at the end of the program. Printing is not the work of a command: a move of the records or a running server
//! must not end half-way because its output is not read. Call sites therefore need no `?`, and a closed pipe cannot
//! leave work undone.
//!
//! A closed pipe is no failure, because its reader has what it wanted: the program ends without a message and its exit
//! code is that of its work. The default action of SIGPIPE, which ends other Unix programs, is not restored: it would
//! also end the server when a device closes its connection. A full device is a failure: the exit code is not 0, so that
//! a script does not take a part of a list for the whole.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    process::ExitCode,
    sync::{Mutex, PoisonError},
};

use anyhow::Context;

/// The first failure of standard output.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line on standard output, as `println!` does. A failure is reported by [`end`](crate::output::end).
#[macro_export]
macro_rules! say {
    ($($part:tt)*) => {
        $crate::output::line(::core::format_args!($($part)*))
    };
}

/// Prints a line on standard error, as `eprintln!` does. A failure is ignored: it cannot be reported anywhere.
#[macro_export]
macro_rules! note {
    ($($part:tt)*) => {
        $crate::output::aside(::core::format_args!($($part)*))
    };
}

/// Prints a line on standard output, unless an earlier line failed. Called by [`say!`](crate::say).
pub fn line(text: fmt::Arguments<'_>) {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    if failed.is_none() {
        *failed = write(io::stdout().lock(), text).err();
    }
}

/// Prints a line on standard error. Called by [`note!`](crate::note).
pub fn aside(text: fmt::Arguments<'_>) {
    let _ = write(io::stderr().lock(), text);
}

fn write(mut to: impl Write, text: fmt::Arguments<'_>) -> io::Result<()> {
    to.write_fmt(text)?;
    to.write_all(b"\n")?;
    to.flush()
}

/// Ends a program with the result of its command: prints the error, and returns the exit code. A command that succeeded
/// has failed if its output is incomplete.
pub fn end(done: anyhow::Result<()>) -> ExitCode {
    const INCOMPLETE: &str =
        "命令已执行，但结果没有完整输出 / the command is done, but its output is incomplete";
    match done.and_then(|()| finish().context(INCOMPLETE)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note!("错误 / error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The first failure of standard output, except that its reader closed the pipe.
fn finish() -> io::Result<()> {
    let failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner).take();
    match failed {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

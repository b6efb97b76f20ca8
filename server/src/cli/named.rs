//! Lists of what is wrong: the first ones by name, of the rest only the number.

use xuncha_server::say;

/// Photos that are listed one by one; of the rest only the number is shown.
const NAMED: usize = 50;

/// Prints a list.
pub(super) fn list<T: std::fmt::Display>(all: &[T]) {
    for one in all.iter().take(NAMED) {
        say!("  {one}");
    }
    if all.len() > NAMED {
        say!("  … {} more", all.len() - NAMED);
    }
}

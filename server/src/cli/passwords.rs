//! Passwords on the command line, which every user of the machine can read in the list of processes.

use std::ffi::OsString;

use xuncha_server::note;

/// Options whose value may contain a password, with what to use instead.
const OPTIONS: [(&str, &str); 6] = [
    ("--database", "--database-file, XUNCHA_DATABASE"),
    ("--to-database", "--to-database-file, XUNCHA_TO_DATABASE"),
    ("--photos", "XUNCHA_PHOTOS, AWS_SECRET_ACCESS_KEY"),
    ("--blobs", "XUNCHA_PHOTOS, AWS_SECRET_ACCESS_KEY"),
    ("--to-photos", "XUNCHA_TO_PHOTOS, AWS_SECRET_ACCESS_KEY"),
    ("--to-blobs", "XUNCHA_TO_PHOTOS, AWS_SECRET_ACCESS_KEY"),
];

/// Warns of each password on the command line of this process, and does not print it.
pub(super) fn warn() {
    for (option, instead) in exposed(std::env::args_os()) {
        note!(
            "警告：{option} 的口令出现在命令行，本机所有用户均可看到，请改用 {instead} / warning: every user of this machine can read the password in {option}; use {instead}"
        );
    }
}

fn exposed(arguments: impl Iterator<Item = OsString>) -> Vec<(&'static str, &'static str)> {
    let arguments: Vec<String> = arguments
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    let value_of = |option: &str| {
        arguments.iter().enumerate().find_map(|(n, argument)| {
            let rest = argument.strip_prefix(option)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value.to_owned()),
                None if rest.is_empty() => arguments.get(n + 1).cloned(),
                None => None,
            }
        })
    };
    let options = OPTIONS.into_iter();
    options
        .filter(|(option, _)| value_of(option).is_some_and(|value| has_password(&value)))
        .collect()
}

/// Whether an address of a database or a bucket contains a password: `user:password@`, `password=…` or
/// `secret_access_key=…`.
fn has_password(address: &str) -> bool {
    let named = ["password=", "password =", "secret_access_key="];
    let user = address.split_once("://").and_then(|(_, rest)| {
        let authority = rest.split(['/', '?']).next()?;
        Some(authority.rsplit_once('@')?.0.contains(':'))
    });
    user.unwrap_or_default() || named.iter().any(|name| address.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_in_each_form_and_an_address_without_one_is_not_reported() {
        let found = |line: &str| {
            let found = exposed(line.split('|').map(OsString::from));
            found.iter().map(|(option, _)| *option).collect::<Vec<_>>()
        };
        assert_eq!(found("x|--database|postgres://u:p@h/d"), ["--database"]);
        assert_eq!(found("x|--database=host=h password=p"), ["--database"]);
        assert_eq!(
            found("x|--to-database|postgres://u:p@h/d"),
            ["--to-database"]
        );
        assert_eq!(found("x|--photos|s3://b?secret_access_key=k"), ["--photos"]);
        assert!(found("x|--database|postgres://u@h:5432/d").is_empty());
        assert!(found("x|--database-file|/etc/u:p@h").is_empty());
        assert!(found("x|--photos|s3://b?endpoint=https://h:9000").is_empty());
    }
}

//! Who runs a command, and which, as the audit log states it.

use xuncha_server::{
    audit::{Entry, Kind},
    people::Administrator,
};

/// Options whose values are no part of the audit log: secrets, places, names of persons.
const LEFT_OUT: [&str; 10] = [
    "--database",
    "--database-ca",
    "--photos",
    "--blobs",
    "--data",
    "--config",
    "--key-file",
    "--name",
    "--organ-name",
    "--server",
];

/// The user of the system.
pub(super) fn user() -> String {
    #[cfg(unix)]
    {
        format!("uid{}", rustix::process::getuid().as_raw())
    }
    #[cfg(not(unix))]
    {
        "console".to_owned()
    }
}

/// The administrator of a command.
pub(super) fn administrator() -> Administrator {
    Administrator::Console(user())
}

/// The words of a command line after `admin`, without the values that are left out.
fn words(line: impl Iterator<Item = String>) -> String {
    let mut words = Vec::new();
    let mut hidden = false;
    for word in line.skip_while(|word| word != "admin").skip(1) {
        if std::mem::take(&mut hidden) {
            continue;
        }
        let name = word.split('=').next().unwrap_or_default();
        if LEFT_OUT.contains(&name) {
            hidden = !word.contains('=');
            continue;
        }
        words.push(word);
    }
    words.join(" ")
}

/// The entry of the audit log for this command.
pub(super) fn entry() -> Entry {
    let actor = format!("command:{}", user());
    Entry::new(Kind::Command, actor).about(words(std::env::args()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_recorded_without_secrets_and_names() {
        let line = "xuncha admin --database postgres://u:hush@h/d enrol --name 张三 --name=李四 --role dpo --until 2030-01-01";
        let line = line.split(' ').map(str::to_owned);
        assert_eq!(words(line), "enrol --role dpo --until 2030-01-01");
    }
}

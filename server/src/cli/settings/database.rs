//! The address of the database, which may contain a password: from a setting, or from a file that a setting names.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// The address and the file that holds it, as one source of settings has them.
type Given = (Option<String>, Option<PathBuf>);

/// The address of the database. A setting of the command line or the environment takes precedence over both settings of
/// the file.
///
/// # Errors
/// If a source has both settings, or the file cannot be read or has not one line.
pub(super) fn address(line: Given, file: Given) -> anyhow::Result<Option<String>> {
    let given = match line {
        (None, None) => file,
        line => line,
    };
    match given {
        (Some(_), Some(_)) => anyhow::bail!(
            "--database 与 --database-file 只能设一个 / --database and --database-file exclude each other (XUNCHA_DATABASE and XUNCHA_DATABASE_FILE too)"
        ),
        (address, None) => Ok(address),
        (None, Some(path)) => read(&path).map(Some),
    }
}

/// The address in a file: its only line. An error does not show the text, which may contain a password.
///
/// # Errors
/// If the file cannot be read or has not one line.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("--database-file {}", path.display()))?;
    let address = text.trim();
    ensure!(
        !address.is_empty() && address.lines().count() == 1,
        "--database-file {}: 应只有一行，即数据库地址 / expected one line, the address of the database",
        path.display()
    );
    Ok(address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_that_of_the_file_and_its_text_is_in_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("database");
        std::fs::write(&path, "postgres://u:hush@h/d\n").unwrap();
        let of_file = || (None, Some(path.clone()));
        let found = address((None, None), of_file()).unwrap();
        assert_eq!(found.as_deref(), Some("postgres://u:hush@h/d"));
        let found = address(of_file(), (Some("other".to_owned()), None)).unwrap();
        assert_eq!(found.as_deref(), Some("postgres://u:hush@h/d"));
        let both = (Some("hush".to_owned()), Some(path.clone()));
        let twice = address(both, (None, None)).unwrap_err().to_string();
        assert!(twice.contains("--database-file") && !twice.contains("hush"));
        for text in ["", "postgres://u:hush@h/d\npostgres://u:hush@h/e\n"] {
            std::fs::write(&path, text).unwrap();
            let wrong = address(of_file(), (None, None)).unwrap_err().to_string();
            assert!(
                wrong.contains("one line") && !wrong.contains("hush"),
                "{wrong}"
            );
        }
    }
}

//! `xuncha admin import-people`: a roster, checked completely before anything is written.

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use clap::Args;
use xuncha_server::{http::Components, people::Roster, say};

use super::operator::administrator;

/// Lines that are listed one by one; of the rest only the number is shown.
const NAMED: usize = 50;

/// Arguments of `import-people`.
#[derive(Debug, Args)]
pub(crate) struct ImportPeople {
    /// CSV in UTF-8 or GBK, column names in the first line.
    file: PathBuf,
    /// A new file for the one-time codes; only its owner can read it.
    #[arg(long, required_unless_present = "dry_run")]
    codes: Option<PathBuf>,
    /// Hours that the codes of devices are valid, 1 to 720. Those of accounts are valid for 72 hours.
    #[arg(long, default_value_t = 336, value_parser = clap::value_parser!(i64).range(1..=720))]
    hours: i64,
    /// 试运行 / Only show what would be done.
    #[arg(long)]
    dry_run: bool,
}

impl ImportPeople {
    pub(super) async fn run(self, components: &Components) -> anyhow::Result<()> {
        let file = std::fs::read(&self.file).with_context(|| self.file.display().to_string())?;
        // Opened first: codes that cannot be written down would be lost.
        let codes = match &self.codes {
            Some(path) if !self.dry_run => Some((path, create(path)?)),
            _ => None,
        };
        let people = components.people.clone().of_command();
        let by = administrator();
        let done = people.import(&by, file, self.hours, self.dry_run).await;
        let (Some((path, mut file)), true) = (codes, done.as_ref().is_ok_and(|done| done.written))
        else {
            if let Some(path) = self.codes.filter(|_| !self.dry_run) {
                let _ = std::fs::remove_file(path);
            }
            return tell(&done?);
        };
        let done = done?;
        let written = file
            .write_all(&done.codes_csv())
            .and_then(|()| file.sync_all());
        written.with_context(|| {
            format!(
                "{}: 登记码未能写下，请作废后重发（admin codes list、admin accounts code） / the codes could not be written down; end them and issue new ones (admin codes list, admin accounts code)",
                path.display()
            )
        })?;
        tell(&done)?;
        say!(
            "登记码和首次登录码在 / codes are in {}；发放后请删除 / delete it once they are handed out",
            path.display()
        );
        Ok(())
    }
}

fn create(path: &Path) -> anyhow::Result<std::fs::File> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.with_context(|| {
        format!(
            "--codes {}: 请指明一个尚不存在的文件 / name a file that does not exist yet",
            path.display()
        )
    })
}

fn tell(done: &Roster) -> anyhow::Result<()> {
    for note in &done.notes {
        say!("注意 / note: {note}");
    }
    for bad in done.bad.iter().take(NAMED) {
        say!("第 {} 行 / line {}: {}", bad.line, bad.line, bad.problem);
    }
    let counts = format!(
        "{} people new, {} device codes, {} accounts, {} reviewing roles, {} lines the same",
        done.people, done.codes, done.accounts, done.assignments, done.same
    );
    ensure!(
        done.bad.is_empty(),
        "{} 处有误，未写入任何内容 / {} mistakes, nothing was written ({counts})",
        done.bad.len(),
        done.bad.len()
    );
    if !done.by_name.is_empty() {
        say!(
            "按姓名和单位认作同一人，请核对 / taken for the same person by name and organisation, check:"
        );
        for one in done.by_name.iter().take(NAMED) {
            say!("  第 / line {one}");
        }
    }
    let verdict = if done.written {
        "已导入 / imported"
    } else {
        "试运行，未写入 / dry run, nothing was written"
    };
    say!("{verdict}: {counts}");
    Ok(())
}

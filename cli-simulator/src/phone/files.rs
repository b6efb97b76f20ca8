//! Photos of a device as files in a folder; a file is durable before a row of the database names it.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use sync_core::host::{FileError, Files};

/// A folder of files.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Opens the folder; creates it if it does not exist.
    ///
    /// # Errors
    /// From the file system.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self(path.to_owned()))
    }
}

fn failed(name: &str) -> impl Fn(std::io::Error) -> FileError + '_ {
    move |error| match error.kind() {
        std::io::ErrorKind::StorageFull => FileError::Full {
            name: name.to_owned(),
        },
        std::io::ErrorKind::NotFound => FileError::Missing {
            name: name.to_owned(),
        },
        _ => FileError::Failed {
            name: name.to_owned(),
            source: error.into(),
        },
    }
}

impl Files for Folder {
    fn write_durable(&mut self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let (path, aside) = (self.0.join(name), self.0.join(format!("{name}.part")));
        let write = || {
            let mut file = File::create(&aside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&aside, &path)?;
            File::open(&self.0)?.sync_all()
        };
        write().map_err(failed(name))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, FileError> {
        fs::read(self.0.join(name)).map_err(failed(name))
    }

    fn remove(&mut self, name: &str) -> Result<(), FileError> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(name)(error)),
            _ => Ok(()),
        }
    }

    fn list(&self) -> Result<Vec<String>, FileError> {
        let entries = fs::read_dir(&self.0).map_err(failed("."))?;
        let names = entries
            .filter_map(Result::ok)
            .map(|e| e.file_name().to_string_lossy().into_owned());
        Ok(names.collect())
    }
}

//! What Xuncha promises, one file for each promise, on real SQLite files and real HTTP.

mod support;

mod first_path;

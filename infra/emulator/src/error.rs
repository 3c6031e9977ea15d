//! Why the servers could not be started, each a sentence that says what to do.

use std::io;
use std::path::PathBuf;

/// Why [`crate::Emulator::start`] refused.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder, or a file in it, cannot be made or written.
    #[error("cannot write to the data folder {}: {source}; make it writable or choose another folder", folder.display())]
    NotWritable {
        /// The data folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error("the data folder {} is in use by another process; stop that one or choose another folder", folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// A port that was asked for cannot be listened on.
    #[error("cannot listen on port {port} for {server}: {source}; free the port or choose another")]
    Port {
        /// Which server was to listen there.
        server: &'static str,
        /// The port; 0 when any would have done.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// A database file exists and is no such thing, is damaged, or was written by a newer version.
    #[error("cannot open {}: {reason}; move the file away or use the version of Feedmill that wrote it", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// What the database said.
        reason: String,
    },
}

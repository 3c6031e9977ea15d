//! What is logged while a test runs.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

static NOBODY: LazyLock<Dispatch> = LazyLock::new(|| {
    let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    Dispatch::new(lines.with_writer(io::sink).finish())
});

/// Everything that this thread logs, as JSON lines, whatever its level.
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// From now on, until the guard is dropped.
    pub(crate) fn start() -> (Self, DefaultGuard) {
        Self::at(tracing::Level::TRACE)
    }

    /// The same of a level, and what is more severe.
    pub(crate) fn at(level: tracing::Level) -> (Self, DefaultGuard) {
        // With one subscriber alone, whoever meets a line first on a thread without any hides it from all.
        LazyLock::force(&NOBODY);
        let logs = Self::default();
        let lines = tracing_subscriber::fmt().json().flatten_event(true).with_max_level(level);
        let guard = tracing::subscriber::set_default(lines.with_writer(logs.clone()).finish());
        (logs, guard)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

//! The system as a whole: every part in one process, or the real program as people start it.

mod cli;
mod directions;
mod endpoint;
mod folder;
mod kill;
mod life;
mod platform;
mod world;

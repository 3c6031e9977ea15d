//! Feedmill on one machine: everything but `main`.

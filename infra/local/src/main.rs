//! Feedmill on one machine.
fn main() {}

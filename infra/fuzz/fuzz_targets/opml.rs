//! See `properties::opml`.
#![no_main]

#[allow(dead_code, reason = "each target holds one property")]
#[path = "../../../shared/feed/tests/properties/mod.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::opml(data));

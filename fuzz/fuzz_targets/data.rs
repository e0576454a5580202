#![no_main]

// Beside the library of the other bodies, which a test without the feature `json` replays.
#[path = "../src/data.rs"]
mod data;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    data::data(bytes);
});

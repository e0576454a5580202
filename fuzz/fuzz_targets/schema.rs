#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    relata_fuzz::schema(bytes);
});

//! Bytes as manifests and messages write them.

use std::fmt::Write;

/// Writes each byte as two lower-case digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

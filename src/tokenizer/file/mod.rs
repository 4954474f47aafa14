//! The two forms of a tokenizer file, and how each is read while it arrives.

mod checksum;
pub mod compact;
pub mod json;
pub mod parts;
pub mod reader;

//! The two forms of a tokenizer file, JSON and compact, with a reader for each that takes the file in chunks.

mod checksum;
pub mod compact;
pub mod json;
pub mod parts;
pub mod reader;

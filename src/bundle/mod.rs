//! A model in one file: graph, weights as the kernels read them, compact tokenizer and a manifest, in the order in which
//! they are needed, so that the file streams into memory once and nothing is packed or copied again.
//!
//! All numbers are little-endian.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | [`MAGIC`] |
//! | 4 | version, [`VERSION`] |
//! | 4 | n, length of the manifest |
//! | 32 | SHA-256 of the manifest |
//! | n | the [`Manifest`], JSON |
//! | | the parts that it lists, in its order, with nothing between them |
//!
//! A part is the tokenizer in either form, the graph as a ModelProto without the weights (they are inputs of it), a [stored
//! matrix](crate::kernels::linear::stored), head before panels, or a table, row after row. Tokenizer and graph come once,
//! before the weights.

mod manifest;
mod reader;
mod refusal;
mod writer;

pub use manifest::{MOST_TOKENS, Manifest, Part, PartKind};
pub use reader::{Bundle, BundleReader};
pub use writer::{Contents, write};

/// Its first byte starts no protobuf message and no JSON; its line ends tell when a transfer took the file for text.
pub const MAGIC: [u8; 8] = *b"\x89RWBUN\r\n";

pub const VERSION: u32 = 1;

/// Bytes before the manifest.
const HEADER_BYTES: usize = 48;

//! A model in one file: manifest, tokenizer, graph and weights as the kernels read them. They come in the order of use,
//! so the file streams into memory once, and nothing is packed or copied again.
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
//! | | the listed parts in the manifest's order, without gaps |
//!
//! A part holds the tokenizer in either form, or the graph as a ModelProto with an input for each weight. A weight is a
//! [stored matrix](crate::kernels::linear::stored), head before panels, or a table, row after row. Tokenizer and graph
//! come once, before the weights.

mod manifest;
mod reader;
mod refusal;
mod writer;

pub use manifest::{MOST_TOKENS, Manifest, Part, PartKind};
pub use reader::{Bundle, BundleReader};
pub use writer::{Contents, write};

/// The first bytes of a bundle. The first one starts neither a protobuf message nor JSON. The line ends reveal a
/// transfer in text mode.
pub const MAGIC: [u8; 8] = *b"\x89RWBUN\r\n";

pub const VERSION: u32 = 1;

/// Bytes before the manifest.
const HEADER_BYTES: usize = 48;

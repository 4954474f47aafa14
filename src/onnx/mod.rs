//! The reader of an ONNX file that arrives in chunks. Big weights go straight to their final place; tract gets the
//! rest.
//!
//! A ModelProto is a message that holds a graph. A graph is a message of nodes and initializers, and an initializer has
//! name, shape, type and data. The parser follows these three levels byte by byte; any other field is complete in
//! memory before it is read.
//!
//! Files usually have nodes before initializers, and an initializer's data after its shape. So the use of a weight is
//! known when its first byte arrives. In any other order the data stays as it is in the file and moves at the end; the
//! model is the same.
//!
//! Weights may lie in files beside the graph. [`ExternalReader`] takes these files after the graph.

mod external;
mod external_reader;
mod filling;
mod incoming;
mod parser;
pub mod refusal;
mod remainder;
mod roles;
pub(crate) mod schema;
mod store;
pub(crate) mod wire;

pub(crate) use external::ExternalTensor;
pub use external_reader::ExternalReader;
pub use parser::{Parsed, Parser};
pub(crate) use remainder::write_input;
pub(crate) use roles::MAX_DEPTH;
pub use store::{Table, Weight, WeightStore};

/// A model with its big weights beside its graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnnxModel {
    /// The ModelProto of the file, with a graph input in place of each initializer in `weights`. The input has its
    /// name, type and shape, and follows the inputs of the file.
    pub graph: Vec<u8>,
    pub weights: WeightStore,
}

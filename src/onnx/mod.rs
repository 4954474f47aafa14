//! An ONNX file that arrives in chunks: its big weights go straight to where they will stay, the rest is kept for tract.
//!
//! A ModelProto is a message with a graph in it; a graph is a message of nodes and initializers, and an initializer is
//! name, shape, type and data. Only these three levels are followed byte by byte; whatever else there is lies in memory,
//! complete, before it is looked at. Files have their nodes before their initializers and an initializer's data behind
//! its shape, so it is known what a weight is for when its first byte comes. Where the order is another, or where a later
//! byte changes the matter, the data is held as it is in the file and moved at the end: the model is the same.

mod filling;
mod incoming;
mod parser;
pub mod refusal;
mod remainder;
mod roles;
pub(crate) mod schema;
mod store;
pub(crate) mod wire;

pub use parser::Parser;
pub(crate) use remainder::write_input;
pub use store::{Table, Weight, WeightStore};

/// A model whose big weights are beside its graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnnxModel {
    /// A ModelProto: the file, but each initializer that is in `weights` is a graph input of its name, type and shape,
    /// behind the inputs that the file has.
    pub graph: Vec<u8>,
    pub weights: WeightStore,
}

//! The neural network. Everything that names tract is in this module.
//!
//! [`import`] reads the graph of an ONNX file into tract's operators, [`fuse`] puts operators of our own in the place of
//! subgraphs, and [`run`] loads and runs the plan.

mod fuse;
mod import;
mod run;

pub use fuse::rewrite::Rewrite;
pub use run::{Graph, OperatorTime, TokenSequence, exact};

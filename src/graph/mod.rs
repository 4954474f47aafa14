//! The neural network. Only this module names tract.
//!
//! `import` reads the graph of an ONNX file into tract's operators. `fuse` replaces subgraphs by operators of this
//! crate. `run` loads and runs the plan.

mod fuse;
mod import;
mod run;

pub use fuse::rewrite::Rewrite;
pub use run::{Encoder, OperatorTime, Pooling, Speed, TokenSequence, exact};

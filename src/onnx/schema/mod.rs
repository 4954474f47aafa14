//! The messages of onnx.proto that are read or written: the numbers of their fields, and views of those that lie in memory. A
//! field without a name here is skipped.

mod model;
mod node;
pub mod numbers;
pub mod tensor;

pub use model::{Model, value_name};
pub use node::{Attribute, Node};
pub use tensor::Tensor;

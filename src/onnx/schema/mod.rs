//! The messages of onnx.proto that the crate reads or writes: the numbers of their fields, and views that borrow from
//! memory. Readers skip a field without a name here.

pub mod floats;
mod model;
mod node;
pub mod numbers;
pub mod tensor;

pub use model::{Graph, Model, value_name};
pub use node::{Attribute, Node};
pub use tensor::Tensor;

//! The ONNX operators that text encoders are exported with, each as a function that wires tract's typed operators.
//!
//! tract-onnx brings all of ONNX, which is half a megabyte more for a visitor to download, and infers types in all
//! directions; here each node's inputs are typed when its turn comes, so its outputs are too.

mod arithmetic;
mod constant;
mod elementwise;
mod integer_matmul;
mod matmul;
mod normalization;
mod quantization;
mod reduction;
mod selection;
mod shape;
#[cfg(test)]
mod tests;
mod wiring;

pub use integer_matmul::IntegerMatMul;
pub use quantization::DynamicQuantizeLinear;
pub use wiring::{MAX_CONSTANT_NUMBERS, Wire, Wiring};

use crate::onnx::schema::Node;

/// How a node's operator is wired; `None` for an operator that is not supported.
pub fn lookup(node: &Node<'_>) -> Option<Wire> {
    if !node.is_standard() {
        return None;
    }
    [
        arithmetic::lookup,
        constant::lookup,
        elementwise::lookup,
        matmul::lookup,
        normalization::lookup,
        quantization::lookup,
        reduction::lookup,
        selection::lookup,
        shape::lookup,
    ]
    .iter()
    .find_map(|lookup| lookup(node.operator))
}

//! The ONNX operators that exporters use for text encoders, each as a function that wires tract's typed operators.
//!
//! tract-onnx supports all of ONNX, at the price of half a megabyte more to download, and infers types in all
//! directions. Here each node's inputs have types when its turn comes, so its outputs have types too.

mod arithmetic;
mod attention;
mod constant;
mod einsum;
mod elementwise;
mod integer_matmul;
mod matmul;
mod normalization;
mod quantization;
mod reduction;
mod rotary;
mod selection;
mod shape;
#[cfg(test)]
mod tests;
mod wiring;

pub use integer_matmul::IntegerMatMul;
pub use matmul::matmul_axes;
pub use quantization::{DynamicQuantizeLinear, QuantizeLinear};
pub use wiring::{MAX_CONSTANT_NUMBERS, Wire, Wiring};

use crate::onnx::schema::Node;

/// Returns the function that wires a node's operator; `None` if the operator is not supported.
pub fn lookup(node: &Node<'_>) -> Option<Wire> {
    if !node.is_standard() {
        return None;
    }
    [
        arithmetic::lookup,
        attention::lookup,
        constant::lookup,
        einsum::lookup,
        elementwise::lookup,
        matmul::lookup,
        normalization::lookup,
        quantization::lookup,
        reduction::lookup,
        rotary::lookup,
        selection::lookup,
        shape::lookup,
    ]
    .iter()
    .find_map(|lookup| lookup(node.operator))
}

//! The ONNX operators that text encoders are exported with, each as a function that wires tract's typed operators.
//!
//! tract-onnx brings all of ONNX, which is half a megabyte more for a visitor to download, and infers types in all
//! directions; here each node's inputs are typed when its turn comes, so its outputs are too.

mod arithmetic;
mod constant;
mod elementwise;
mod integer_matmul;
mod matmul;
mod node;
mod normalization;
mod quantization;
mod reduction;
mod selection;
mod shape;
#[cfg(test)]
mod tests;

pub use integer_matmul::IntegerMatMul;
pub use node::{MAX_CONSTANT_NUMBERS, Node, Wire};
pub use quantization::DynamicQuantizeLinear;

use crate::graph::import::proto::NodeProto;

/// How a node's operator is wired; `None` for an operator that is not supported.
pub fn lookup(node: &NodeProto) -> Option<Wire> {
    if !matches!(&*node.domain, "" | "ai.onnx") {
        return None;
    }
    let operator = &*node.op_type;
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
    .find_map(|lookup| lookup(operator))
}

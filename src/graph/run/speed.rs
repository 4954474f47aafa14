//! What decides the speed of a plan: products and softmax on stock operators, and layers on floats.

use std::collections::BTreeMap;

use super::Encoder;
use crate::graph::fuse::feed_forward::FeedForward;
use crate::graph::fuse::linear::{FLOAT_KERNEL, LinearLayers};
use crate::graph::fuse::self_attention::SelfAttention;

/// Facts about the speed of a plan.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Speed {
    /// How many products of matrices and softmax run on stock operators, by their names in ONNX.
    pub unfused: Vec<(String, usize)>,
    /// True if these take most of the time. A lone product, as in a head, takes little.
    pub is_slow: bool,
    /// Bytes of the float weights in linear layers.
    pub float_bytes: usize,
    /// The kernel that multiplies most weights of linear layers; empty without such layers.
    pub kernel: &'static str,
}

impl Encoder {
    /// Returns the facts about the speed of the plan.
    pub fn speed(&self) -> Speed {
        let (mut unfused, mut weights) = (BTreeMap::new(), BTreeMap::new());
        for node in self.plan.model().nodes() {
            if let Some(name) = stock(&node.op.name()) {
                *unfused.entry(name).or_insert(0) += 1;
            }
            let mut layers: Vec<&LinearLayers> = node.op_as().into_iter().collect();
            layers.extend(node.op_as().into_iter().flat_map(FeedForward::layers));
            layers.extend(node.op_as().map(SelfAttention::linear));
            layers.extend(node.op_as().and_then(SelfAttention::first_query));
            for (kernel, count) in layers.into_iter().flat_map(|layers| layers.layers().kernels()) {
                *weights.entry(kernel).or_insert(0) += count;
            }
        }
        let is_slow = take_most_of_the_time(unfused.keys().copied());
        let unfused = unfused.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        let float_bytes = weights.get(FLOAT_KERNEL).map_or(0, |count| count * size_of::<f32>());
        let kernel = weights.into_iter().max_by_key(|&(_, count)| count).map_or("", |(kernel, _)| kernel);
        Speed { unfused, is_slow, float_bytes, kernel }
    }
}

/// A graph with slow attention has a softmax, too, and one with slow layers has products of integers.
fn take_most_of_the_time<'name>(mut unfused: impl Iterator<Item = &'name str>) -> bool {
    unfused.any(|name| name != "MatMul")
}

/// Returns ONNX's name of a product of matrices or a softmax on tract's operators.
fn stock(operator: &str) -> Option<&'static str> {
    match operator {
        "EinSum" | "MatMul" | "OptMatMul" => Some("MatMul"),
        "IntegerMatMul" => Some("MatMulInteger"),
        "Softmax" => Some("Softmax"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::take_most_of_the_time;

    #[test]
    fn a_product_in_a_head_takes_little_time() {
        let slow = |names: &[&str]| take_most_of_the_time(names.iter().copied());
        assert!(!slow(&[]) && !slow(&["MatMul"]));
        assert!(slow(&["MatMul", "Softmax"]) && slow(&["MatMulInteger"]) && slow(&["Softmax"]));
    }
}

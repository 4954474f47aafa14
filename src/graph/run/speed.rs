//! What decides the speed of a plan: products and softmax on stock operators, and layers on floats.

use std::collections::BTreeMap;

use super::Graph;
use crate::graph::fuse::feed_forward::FeedForward;
use crate::graph::fuse::linear::LinearLayers;
use crate::graph::fuse::self_attention::SelfAttention;

/// Facts about the speed of a plan.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Speed {
    /// How many products of matrices and softmax run on stock operators, by their names in ONNX.
    pub unfused: Vec<(String, usize)>,
    /// Bytes of the float weights in linear layers.
    pub float_bytes: usize,
}

impl Graph {
    /// Returns the facts about the speed of the plan.
    pub fn speed(&self) -> Speed {
        let (mut unfused, mut float_bytes) = (BTreeMap::new(), 0);
        for node in self.plan.model().nodes() {
            if let Some(name) = stock(&node.op.name()) {
                *unfused.entry(name).or_insert(0) += 1;
            }
            let mut layers: Vec<&LinearLayers> = node.op_as().into_iter().collect();
            layers.extend(node.op_as().into_iter().flat_map(FeedForward::layers));
            layers.extend(node.op_as().map(SelfAttention::linear));
            float_bytes += layers.into_iter().map(|layers| layers.layers().float_bytes()).sum::<usize>();
        }
        let unfused = unfused.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        Speed { unfused, float_bytes }
    }
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

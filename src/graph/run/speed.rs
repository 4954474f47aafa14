//! What decides the speed of a plan: products and softmax on stock operators, and layers on floats.

use std::collections::BTreeMap;

use super::Graph;
use crate::graph::fuse::attention::Attention;
use crate::graph::fuse::feed_forward::FeedForward;
use crate::graph::fuse::linear::LinearLayers;
use crate::graph::fuse::self_attention::SelfAttention;

/// Products with tables of relative positions in a layer of DeBERTa: their results are a bias of the fused attention.
const BIAS_PRODUCTS: usize = 2;

/// Facts about the speed of a plan.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Speed {
    /// How many products of matrices and softmax run on stock operators, by their names in ONNX.
    pub unfused: Vec<(String, usize)>,
    /// True if that takes much of the time. Products that make a bias of fused attention do not.
    pub slow: bool,
    /// Bytes of the float weights in linear layers.
    pub float_bytes: usize,
}

impl Graph {
    /// Returns the facts about the speed of the plan.
    pub fn speed(&self) -> Speed {
        let (mut unfused, mut attentions, mut float_bytes) = (BTreeMap::new(), 0, 0);
        for node in self.plan.model().nodes() {
            if let Some(name) = stock(&node.op.name()) {
                *unfused.entry(name).or_insert(0) += 1;
            }
            let mut layers: Vec<&LinearLayers> = node.op_as().into_iter().collect();
            layers.extend(node.op_as().into_iter().flat_map(FeedForward::layers));
            layers.extend(node.op_as().map(SelfAttention::linear));
            float_bytes += layers.into_iter().map(|layers| layers.layers().float_bytes()).sum::<usize>();
            attentions += usize::from(node.op_is::<Attention>() || node.op_is::<SelfAttention>());
        }
        let slow = unfused.iter().any(|(&name, &count)| name != MATMUL || count > BIAS_PRODUCTS * attentions);
        let unfused = unfused.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        Speed { unfused, slow, float_bytes }
    }
}

const MATMUL: &str = "MatMul";

/// Returns ONNX's name of a product of matrices or a softmax on tract's operators.
fn stock(operator: &str) -> Option<&'static str> {
    match operator {
        "EinSum" | "MatMul" | "OptMatMul" => Some(MATMUL),
        "IntegerMatMul" => Some("MatMulInteger"),
        "Softmax" => Some("Softmax"),
        _ => None,
    }
}

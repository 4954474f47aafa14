//! The prediction of the memory in bytes that an isolate takes with a model.

use crate::onnx::{OnnxModel, Weight};

/// Approximate bytes of activations for each number of a hidden state. A layer reads and writes floats. Between them it
/// holds codes, with either keys and values or a block of a feed-forward part that is four times as wide.
const BLOCKS: usize = 14;

/// Bytes for each number inside a feed-forward part that runs as a whole: a float, its code, and a share of the floats
/// around it.
const WHOLE: usize = 7;

/// Tokens of the longest pair in the prediction.
const TOKENS: usize = 512;

/// Fixed bytes: static data, stack and plan of the engine, the unused part of its heap, and the JavaScript heap of a
/// worker. The sum is as measured in workerd, with some reserve for garbage.
const FIXED: usize = 20_000_000;

/// Predicts the memory of an engine that scores pairs of 512 tokens, and of the JavaScript around it, without the
/// weights. `tokenizer` is the tokenizer's size. `in_blocks` says that the plan runs feed-forward parts on blocks of
/// rows, and self-attention on a few heads at a time.
pub fn around(model: &OnnxModel, tokenizer: usize, in_blocks: bool) -> usize {
    let matrices = model.weights.iter().filter(|(_, weight)| matches!(weight, Weight::Matrix { .. }));
    let widest = matrices.max_by_key(|(_, weight)| weight.columns());
    let (hidden, columns) = widest.map_or((0, 0), |(_, weight)| (weight.rows(), weight.columns()));
    let activations = if in_blocks { BLOCKS * hidden } else { WHOLE * columns };
    FIXED + TOKENS * activations + tokenizer + model.graph.len()
}

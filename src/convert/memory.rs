//! What an isolate that runs a model will hold, in bytes.

use crate::onnx::{OnnxModel, Weight};

/// Bytes of activations for each number of a hidden state, about: what a layer reads and writes, as floats, and between them
/// codes with either keys and values or a block of a feed-forward part four times as wide.
const BLOCKS: usize = 14;

/// Bytes for each number between the layers of a feed-forward part that runs as a whole: a float, its code, and a share of
/// what the layers read and write.
const WHOLE: usize = 7;

/// Tokens of the longest pair that is reckoned with.
const TOKENS: usize = 512;

/// Static data, stack and plan of the engine, what its allocator leaves unused, and the JavaScript heap of a worker: measured
/// in workerd, and some more, for garbage comes and goes.
const FIXED: usize = 20_000_000;

/// The memory of the engine with this model, but for its weights, and of the JavaScript around it, while it scores pairs of
/// 512 tokens. The tokenizer takes so many bytes; `in_blocks` where the plan runs feed-forward parts on blocks of rows and
/// self-attention on a few heads at a time.
pub fn around(model: &OnnxModel, tokenizer: usize, in_blocks: bool) -> usize {
    let matrices = model.weights.iter().filter(|(_, weight)| matches!(weight, Weight::Matrix { .. }));
    let widest = matrices.max_by_key(|(_, weight)| weight.columns());
    let (hidden, columns) = widest.map_or((0, 0), |(_, weight)| (weight.rows(), weight.columns()));
    let activations = if in_blocks { BLOCKS * hidden } else { WHOLE * columns };
    FIXED + TOKENS * activations + tokenizer + model.graph.len()
}

//! What an isolate that runs a model will hold, in bytes.

use crate::onnx::OnnxModel;

/// Tokens of the longest pair that is reckoned with.
const TOKENS: usize = 512;

/// Static data, stack and plan of the engine, what its allocator leaves unused, and the JavaScript heap of a worker: measured
/// in workerd, and some more, for garbage comes and goes.
const FIXED: usize = 20_000_000;

/// The memory of the engine with this model and of the JavaScript around it, while it scores pairs of 512 tokens.
pub fn predicted(model: &OnnxModel, tokenizer: usize) -> usize {
    model.weights.bytes() + around(model, tokenizer)
}

/// The same without the weights.
pub fn around(model: &OnnxModel, tokenizer: usize) -> usize {
    let widest = model.weights.iter().map(|(_, weight)| weight.columns()).max().unwrap_or(0);
    FIXED + activations(widest) + tokenizer + model.graph.len()
}

/// The layer with the most outputs holds them as floats, and their codes; what it read and attention's are smaller.
fn activations(widest: usize) -> usize {
    TOKENS * widest * 7
}

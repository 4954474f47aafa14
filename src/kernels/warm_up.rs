//! Runs the kernels of int8 models on small inputs, so that the first real call finds it compiled.
//!
//! V8 starts a WebAssembly function in its baseline compiler. It optimises a function that has run for a while on
//! another thread, and enters the optimised code at the next call. While a model arrives there is time for that.

use std::sync::Arc;

use super::attention::{AttentionScratch, Inputs, Rows, attention};
use super::functions::gelu::gelu;
use super::functions::layer_norm::{LayerNorm, layer_norm};
use super::linear::quantize::quantize_row_i8;
use super::linear::{Linear, LinearScratch, Packer, QuantizedRows};

const HIDDEN: usize = 192;
const HEADS: usize = 3;
const TOKENS: usize = 24;
/// Enough rounds for V8's budget of an unoptimised function to run out; they take some milliseconds in all.
const ROUNDS: usize = 24;

/// Takes some milliseconds. Does nothing if memory for it is not available.
pub fn warm_up() {
    let (Some(seven_bit), Some(eight_bit)) = (layer(63), layer(127)) else { return };
    let mut rows = vec![0.5; TOKENS * HIDDEN];
    let mut codes = vec![0; TOKENS * HIDDEN];
    let mut linear_scratch = LinearScratch::default();
    let mut attention_scratch = AttentionScratch::default();
    for _ in 0..ROUNDS {
        for layer in [&seven_bit, &eight_bit] {
            let scales: Vec<_> = rows
                .chunks_exact(HIDDEN)
                .zip(codes.chunks_exact_mut(HIDDEN))
                .map(|(row, codes)| quantize_row_i8(row, codes))
                .collect();
            let mut outputs: Vec<_> = rows.chunks_exact_mut(HIDDEN).collect();
            layer.apply(QuantizedRows { codes: &codes, rows: &scales }, &mut linear_scratch, &mut outputs);
            gelu(&mut rows);
            let input = rows.clone();
            let parameters = LayerNorm { gamma: &[1.0; HIDDEN], beta: &[0.1; HIDDEN], epsilon: 1e-5, centred: true };
            layer_norm(&input, Some(&input), parameters, &mut rows);
            let input = Rows { values: &rows.clone(), count: TOKENS, stride: HIDDEN };
            let inputs = Inputs {
                queries: input,
                keys: input,
                values: input,
                mask: Some(&[0.0; TOKENS]),
                bias: None,
                disentangled: None,
                window: None,
                heads: HEADS,
                head_size: HIDDEN / HEADS,
                scale: 0.125,
            };
            attention(&inputs, &mut attention_scratch, &mut rows, HIDDEN);
        }
    }
}

/// A layer of weights up to `largest`, which decides the kernel that runs it.
fn layer(largest: u8) -> Option<Linear> {
    let mut packer = Packer::new(HIDDEN, HIDDEN).ok()?;
    let weights: Vec<u8> = (0..HIDDEN * HIDDEN).map(|index| (index * 7 % usize::from(largest)) as u8 + 1).collect();
    packer.push(&weights);
    Some(Linear::new(Arc::new(packer.finish()), &[0.001], &[0.0; HIDDEN]))
}

#[cfg(test)]
mod tests {
    #[test]
    fn warming_up_does_no_harm() {
        super::warm_up();
    }
}

//! The result for a scored document.

use std::ops::Range;

use serde::Serialize;

/// A document with its score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoredDocument {
    /// Position in the list that the caller passed.
    pub index: usize,
    /// The model's raw output, finite.
    pub logit: f32,
    /// Sigmoid of the logit.
    pub score: f64,
    /// Tokens of the pair, special tokens included, or of all windows together.
    pub tokens: usize,
    /// True if the document was cut to fit.
    pub truncated: bool,
    /// The range of the best window in the document, in UTF-16 code units; only for several windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Range<usize>>,
}

/// Returns the probability of relevance for a logit. In single precision, different logits far from 0 would round to
/// one score.
pub fn sigmoid(logit: f32) -> f64 {
    // The host's exp differs between machines in the last bit.
    1.0 / (1.0 + libm::exp(-f64::from(logit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigmoid_has_the_same_bits_everywhere() {
        let bits = [-7.3f32, -0.1, 1.2345, 30.0].map(|logit| sigmoid(logit).to_bits());
        let expected: [u64; 4] =
            [0x3f46_1f00_d947_f17d, 0x3fde_66bd_b146_7b97, 0x3fe8_c990_e1af_9b94, 0x3fef_ffff_ffff_fcb6];
        assert_eq!(bits, expected);
    }

    #[test]
    fn sigmoid_keeps_far_logits_apart() {
        assert_eq!(sigmoid(0.0), 0.5);
        assert!(sigmoid(20.0) < sigmoid(20.5) && sigmoid(20.5) < 1.0);
        assert!(sigmoid(-200.0) > 0.0);
    }
}

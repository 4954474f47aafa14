//! From logits to the order that the caller sees.

use std::ops::Range;

use serde::Serialize;

/// One document's place in the result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedDocument {
    /// Position in the list that the caller passed.
    pub index: usize,
    /// The model's raw output, finite.
    pub logit: f32,
    /// Sigmoid of the logit.
    pub score: f64,
    /// Tokens of the pair, special tokens included; of all its windows where it has several.
    pub tokens: usize,
    /// True where the document was cut to fit.
    pub truncated: bool,
    /// Where in the document the window that counts begins and ends, in UTF-16 code units; only where it has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Range<usize>>,
}

/// Probability of relevance for a logit, in double precision: far from 0 an f32 would round different logits to one score.
pub fn sigmoid(logit: f32) -> f64 {
    // Not the host's, which differs between machines in the last bit.
    1.0 / (1.0 + libm::exp(-f64::from(logit)))
}

/// Best first by logit, ties by index, at most `top_n` of them.
pub fn rank(mut documents: Vec<RankedDocument>, top_n: Option<usize>) -> Vec<RankedDocument> {
    documents.sort_by(|left, right| right.logit.total_cmp(&left.logit).then(left.index.cmp(&right.index)));
    documents.truncate(top_n.unwrap_or(usize::MAX));
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(logits: &[f32]) -> Vec<RankedDocument> {
        logits
            .iter()
            .enumerate()
            .map(|(index, &logit)| RankedDocument {
                index,
                logit,
                score: sigmoid(logit),
                tokens: 4,
                truncated: false,
                window: None,
            })
            .collect()
    }

    fn order(logits: &[f32], top_n: Option<usize>) -> Vec<usize> {
        rank(documents(logits), top_n).iter().map(|document| document.index).collect()
    }

    #[test]
    fn best_first_and_ties_by_index() {
        assert_eq!(order(&[-1.0, 3.0, 0.5, 3.0, -1.0], None), [1, 3, 2, 0, 4]);
    }

    #[test]
    fn at_most_the_best_n() {
        assert_eq!(order(&[1.0, 2.0, 3.0], Some(2)), [2, 1]);
        assert_eq!(order(&[1.0], Some(9)), [0]);
        assert_eq!(order(&[], None), [0usize; 0]);
    }

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

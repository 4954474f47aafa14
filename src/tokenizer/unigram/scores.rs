//! The scores of the pieces, as 32-bit floats if that loses nothing.

#[derive(Debug, Clone, PartialEq)]
pub enum Scores {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Scores {
    pub(super) fn push(&mut self, score: f64) {
        match self {
            Self::Single(scores) if f64::from(score as f32).to_bits() == score.to_bits() => scores.push(score as f32),
            Self::Single(scores) => {
                let mut scores: Vec<f64> = std::mem::take(scores).into_iter().map(f64::from).collect();
                scores.push(score);
                *self = Self::Double(scores);
            }
            Self::Double(scores) => scores.push(score),
        }
    }

    /// Reserves memory for `count` more scores, if possible.
    pub(super) fn expect(&mut self, count: usize) {
        let _ = match self {
            Self::Single(scores) => scores.try_reserve_exact(count),
            Self::Double(scores) => scores.try_reserve_exact(count),
        };
    }

    pub(super) fn shrink_to_fit(&mut self) {
        match self {
            Self::Single(scores) => scores.shrink_to_fit(),
            Self::Double(scores) => scores.shrink_to_fit(),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Single(scores) => scores.len(),
            Self::Double(scores) => scores.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the lowest score, or infinity without any.
    pub fn minimum(&self) -> f64 {
        // The `tokenizers` crate compares in this way: a NaN is never lower.
        let lower = |lowest, score| if score < lowest { score } else { lowest };
        match self {
            Self::Single(scores) => scores.iter().map(|&score| f64::from(score)).fold(f64::INFINITY, lower),
            Self::Double(scores) => scores.iter().copied().fold(f64::INFINITY, lower),
        }
    }
}

impl Default for Scores {
    fn default() -> Self {
        Self::Single(Vec::new())
    }
}

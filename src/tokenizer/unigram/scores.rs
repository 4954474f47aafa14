//! The scores of the pieces, as 32-bit floats where that loses nothing.

#[derive(Debug, Clone, PartialEq)]
pub enum Scores {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Scores {
    pub fn len(&self) -> usize {
        match self {
            Self::Single(scores) => scores.len(),
            Self::Double(scores) => scores.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lowest of all; infinite where there is none.
    pub fn minimum(&self) -> f64 {
        // As the `tokenizers` crate compares them: a NaN is never lower.
        let lower = |lowest, score| if score < lowest { score } else { lowest };
        match self {
            Self::Single(scores) => scores.iter().map(|&score| f64::from(score)).fold(f64::INFINITY, lower),
            Self::Double(scores) => scores.iter().copied().fold(f64::INFINITY, lower),
        }
    }
}

impl From<Vec<f64>> for Scores {
    fn from(scores: Vec<f64>) -> Self {
        let is_single = |&score: &f64| f64::from(score as f32).to_bits() == score.to_bits();
        if scores.iter().all(is_single) {
            Self::Single(scores.into_iter().map(|score| score as f32).collect())
        } else {
            Self::Double(scores)
        }
    }
}

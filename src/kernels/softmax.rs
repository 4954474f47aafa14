//! Softmax of a row of scores.

use super::exp::exp_nonpositive;
use super::{Fastest, Lanes};

/// Replaces the scores by eˣ/Σeˣ, stable for scores of any size. A mask is part of the scores: −∞ gives 0.
///
/// A row with a NaN or +∞, or of nothing but −∞, gives a row of NaN. An empty row stays empty.
pub fn softmax(row: &mut [f32]) {
    softmax_row::<Fastest>(row);
}

#[inline(never)]
fn softmax_row<L: Lanes>(row: &mut [f32]) {
    let sum = exponentials::<L>(row).sum;
    let (vectors, tail) = row.as_chunks_mut::<4>();
    for vector in vectors {
        L::store(L::load(vector) / L::splat(sum), vector);
    }
    for value in tail {
        *value /= sum;
    }
}

/// What [`exponentials`] has written. Each sum is taken over four stripes, then over these; it is NaN where one of the
/// exponentials is, and finite everywhere else.
pub(super) struct Sums {
    pub sum: f32,
    pub sum_of_squares: f32,
}

/// Replaces the scores by e^(x − max): none is above 1, and the largest is 1 exactly.
#[inline(always)]
pub(super) fn exponentials<L: Lanes>(row: &mut [f32]) -> Sums {
    let lowest = f32::NEG_INFINITY;
    let (vectors, tail) = row.as_chunks_mut::<4>();
    let mut largest = L::load_partial(tail, lowest);
    largest = L::max(L::splat(lowest), largest);
    for vector in &*vectors {
        largest = L::max(largest, L::load(vector));
    }
    let largest = L::splat(L::largest(largest));

    let mut sum = L::splat(0.0);
    let mut sum_of_squares = L::splat(0.0);
    let mut add = |exponential: L::F32| {
        sum = sum + exponential;
        sum_of_squares = sum_of_squares + exponential * exponential;
    };
    for vector in vectors {
        let exponential = exp_nonpositive::<L>(L::load(vector) - largest);
        L::store(exponential, vector);
        add(exponential);
    }
    if !tail.is_empty() {
        let exponential = exp_nonpositive::<L>(L::load_partial(tail, lowest) - largest);
        L::store_partial(exponential, tail);
        add(exponential);
    }
    Sums { sum: L::sum(sum), sum_of_squares: L::sum(sum_of_squares) }
}

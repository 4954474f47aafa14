//! The parts of a softmax, eˣ/Σeˣ of a row of scores. Subtracting the largest score keeps it stable for scores of any
//! size. A mask is part of the scores: −∞ gives 0.

use super::exp::Exp;
use crate::kernels::lanes::Lanes;

/// The largest of the scores, NaNs left out; −∞ if there is none.
#[inline(always)]
pub(in crate::kernels) fn largest<L: Lanes>(row: &[f32]) -> f32 {
    let lowest = f32::NEG_INFINITY;
    let (vectors, tail) = row.as_chunks::<4>();
    let mut largest = L::max(L::splat(lowest), L::load_partial(tail, lowest));
    for vector in vectors {
        largest = L::max(largest, L::load(vector));
    }
    L::largest(largest)
}

/// Sums over the results of [`exponentials`], each in four stripes. Both are NaN if an exponential is.
pub(in crate::kernels) struct Sums {
    pub sum: f32,
    pub sum_of_squares: f32,
}

/// Replaces the scores by e^(score − largest).
#[inline(always)]
pub(in crate::kernels) fn exponentials<L: Lanes>(exp: Exp<L>, scores: &mut [f32], largest: f32) -> Sums {
    let largest = L::splat(largest);
    let mut sum = L::splat(0.0);
    let mut sum_of_squares = L::splat(0.0);
    let mut exponential = |score: L::F32| {
        let exponential = exp.of_nonpositive(score - largest);
        sum = sum + exponential;
        sum_of_squares = sum_of_squares + exponential * exponential;
        exponential
    };
    let (vectors, tail) = scores.as_chunks_mut::<4>();
    for vector in vectors {
        L::store(exponential(L::load(vector)), vector);
    }
    if !tail.is_empty() {
        L::store_partial(exponential(L::load_partial(tail, f32::NEG_INFINITY)), tail);
    }
    Sums { sum: L::sum(sum), sum_of_squares: L::sum(sum_of_squares) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::lanes::Fastest;
    use crate::kernels::lanes::scalar::Scalar;
    use crate::kernels::testing::{test, *};

    /// A row with a NaN or +∞ becomes NaN, and so does one of −∞ only.
    fn softmax<L: Lanes>(row: &mut [f32]) {
        let largest = largest::<L>(row);
        let sum = exponentials(Exp::<L>::new(), row, largest).sum;
        row.iter_mut().for_each(|value| *value /= sum);
    }

    #[test]
    fn is_near_the_exact_function() {
        for length in [1, 3, 4, 37, 512] {
            let scores: Vec<f32> = random(length, length as u64).iter().map(|score| score * 20.0 - 1e4).collect();
            let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let exact: Vec<f64> = scores.iter().map(|&score| f64::from(score - largest).exp()).collect();
            let sum: f64 = exact.iter().sum();
            let mut row = scores;
            softmax::<Fastest>(&mut row);
            for (&actual, exact) in row.iter().zip(exact) {
                assert!((f64::from(actual) - exact / sum).abs() <= 5e-7 * exact / sum + 1e-37);
            }
        }
    }

    #[test]
    fn extremes() {
        let softmax = |scores: &[f32]| {
            let mut row = scores.to_vec();
            softmax::<Fastest>(&mut row);
            row
        };
        let infinity = f32::INFINITY;
        assert_same(&softmax(&[]), &[]);
        assert_same(&softmax(&[-1e30]), &[1.0]);
        assert_same(&softmax(&[2.0; 8]), &[0.125; 8]);
        assert_same(&softmax(&[0.0, -infinity, f32::MIN, 0.0, -infinity]), &[0.5, 0.0, 0.0, 0.5, 0.0]);
        for row in [[0.0, f32::NAN], [0.0, infinity], [-infinity; 2]] {
            assert_same(&softmax(&row), &[f32::NAN; 2]);
        }
    }

    proptest! {
        #[test]
        fn is_the_same_as_the_reference(scores in floats(0..70)) {
            let (mut actual, mut expected) = (scores.clone(), scores);
            softmax::<Fastest>(&mut actual);
            softmax::<Scalar>(&mut expected);
            assert_same(&actual, &expected);
        }
    }
}

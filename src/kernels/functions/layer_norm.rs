//! Layer normalisation, and its form without the mean.

use crate::kernels::lanes::{Fastest, Lanes};

/// Parameters that a layer has learned. Both slices have the length of a row, the hidden size.
#[derive(Debug, Clone, Copy)]
pub struct LayerNorm<'a> {
    pub gamma: &'a [f32],
    pub beta: &'a [f32],
    pub epsilon: f32,
    /// False for the form without the mean, RMS norm.
    pub centred: bool,
}

/// (y − mean(y))/√(var(y) + ε)·γ + β of every row (Ba, Kiros and Hinton, *Layer Normalization*, 2016). y is the row,
/// plus that of `residual` if there is one. Each of the three buffers holds rows × hidden values. RMS norm takes 0 for
/// the mean (Zhang and Sennrich, *Root Mean Square Layer Normalization*, 2019).
///
/// Two passes compute mean and variance, with sixteen stripes for each sum. A row becomes NaN if it has a NaN or an
/// infinity, or if its variance is too large for a float.
///
/// # Panics
/// If the lengths do not match.
pub fn layer_norm(input: &[f32], residual: Option<&[f32]>, parameters: LayerNorm<'_>, output: &mut [f32]) {
    let hidden = parameters.gamma.len();
    assert_eq!(parameters.beta.len(), hidden);
    assert_eq!(input.len(), output.len());
    assert!(residual.is_none_or(|residual| residual.len() == input.len()));
    if input.is_empty() {
        return;
    }
    assert_eq!(input.len() % hidden, 0);
    for (i, (row, output)) in input.chunks_exact(hidden).zip(output.chunks_exact_mut(hidden)).enumerate() {
        let residual = residual.map(|residual| &residual[i * hidden..][..hidden]);
        normalize_row::<Fastest>(row, residual, parameters, output);
    }
}

#[inline(never)]
fn normalize_row<L: Lanes>(row: &[f32], residual: Option<&[f32]>, parameters: LayerNorm<'_>, output: &mut [f32]) {
    match residual {
        None => output.copy_from_slice(row),
        Some(residual) => add::<L>(row, residual, output),
    }
    let count = output.len() as f32;
    let mean = if parameters.centred { sum_of::<L>(output, 0.0, |x| x) / count } else { 0.0 };
    let centre = L::splat(mean);
    let variance = sum_of::<L>(output, mean, |x| (x - centre) * (x - centre)) / count;
    // Division by an infinity would make every element beta, which looks right.
    let deviation = if variance == f32::INFINITY { f32::NAN } else { (variance + parameters.epsilon).sqrt() };
    let factor = L::splat(1.0 / deviation);
    let normalized = |x, gamma, beta| (x - centre) * factor * gamma + beta;

    let (vectors, tail) = output.as_chunks_mut::<4>();
    let (gammas, gamma_tail) = parameters.gamma.as_chunks::<4>();
    let (betas, beta_tail) = parameters.beta.as_chunks::<4>();
    for ((vector, gamma), beta) in vectors.iter_mut().zip(gammas).zip(betas) {
        L::store(normalized(L::load(vector), L::load(gamma), L::load(beta)), vector);
    }
    if !tail.is_empty() {
        let [x, gamma, beta] = [&*tail, gamma_tail, beta_tail].map(|tail| L::load_partial(tail, 0.0));
        L::store_partial(normalized(x, gamma, beta), tail);
    }
}

#[inline(always)]
fn add<L: Lanes>(a: &[f32], b: &[f32], sum: &mut [f32]) {
    let (sums, tail) = sum.as_chunks_mut::<4>();
    let (a, a_tail) = a.as_chunks::<4>();
    let (b, b_tail) = b.as_chunks::<4>();
    for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
        L::store(L::load(a) + L::load(b), sum);
    }
    for ((sum, a), b) in tail.iter_mut().zip(a_tail).zip(b_tail) {
        *sum = a + b;
    }
}

/// The sum of f(x) over `values`, in sixteen stripes; f(`fill`) is 0.
#[inline(always)]
fn sum_of<L: Lanes>(values: &[f32], fill: f32, f: impl Fn(L::F32) -> L::F32) -> f32 {
    let (blocks, rest) = values.as_chunks::<16>();
    let (vectors, tail) = rest.as_chunks::<4>();
    let mut sums = [L::splat(0.0); 4];
    for block in blocks {
        for (sum, vector) in sums.iter_mut().zip(block.as_chunks::<4>().0) {
            *sum = *sum + f(L::load(vector));
        }
    }
    for (sum, vector) in sums.iter_mut().zip(vectors) {
        *sum = *sum + f(L::load(vector));
    }
    if !tail.is_empty() {
        sums[3] = sums[3] + f(L::load_partial(tail, fill));
    }
    L::sum((sums[0] + sums[1]) + (sums[2] + sums[3]))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::lanes::scalar::Scalar;
    use crate::kernels::testing::{test, *};

    fn exact(row: &[f64], LayerNorm { gamma, beta, epsilon, centred }: LayerNorm<'_>) -> Vec<f64> {
        let count = row.len() as f64;
        let mean = if centred { row.iter().sum::<f64>() / count } else { 0.0 };
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
        let factor = 1.0 / (variance + f64::from(epsilon)).sqrt();
        let affine = gamma.iter().zip(beta).map(|(&gamma, &beta)| (f64::from(gamma), f64::from(beta)));
        row.iter().zip(affine).map(|(x, (gamma, beta))| (x - mean) * factor * gamma + beta).collect()
    }

    #[test]
    fn is_near_the_exact_function() {
        for (hidden, centred) in [1, 7, 64, 768, 1023].into_iter().flat_map(|hidden| [(hidden, true), (hidden, false)])
        {
            let rows = 3;
            let [input, residual, gamma, beta] = [1, 2, 3, 4].map(|seed| random(rows * hidden, seed));
            // A mean far from 0 costs digits.
            let input: Vec<f32> = input.iter().map(|x| x + 8.0).collect();
            let parameters = LayerNorm { gamma: &gamma[..hidden], beta: &beta[..hidden], epsilon: 1e-5, centred };
            let mut output = vec![0.0; rows * hidden];
            layer_norm(&input, Some(&residual), parameters, &mut output);
            for (i, output) in output.chunks(hidden).enumerate() {
                let row: Vec<f64> = (i * hidden..(i + 1) * hidden).map(|i| f64::from(input[i] + residual[i])).collect();
                for (&actual, exact) in output.iter().zip(exact(&row, parameters)) {
                    assert!((f64::from(actual) - exact).abs() <= 5e-6, "{actual} is not {exact}");
                }
            }
        }
    }

    #[test]
    fn a_value_that_is_not_finite_spoils_its_row_alone() {
        let (gamma, beta) = ([1.0; 5], [0.5; 5]);
        let parameters = LayerNorm { gamma: &gamma, beta: &beta, epsilon: 1e-5, centred: true };
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut input = [1.0; 15];
            input[7] = value;
            let mut output = [0.0; 15];
            layer_norm(&input, None, parameters, &mut output);
            assert_same(&output, &[[0.5; 5], [f32::NAN; 5], [0.5; 5]].concat());
        }
    }

    #[test]
    fn extremes() {
        let normalize = |row: &[f32; 5], residual: Option<&[f32]>, epsilon| {
            let mut output = [9.0; 5];
            let parameters = LayerNorm { gamma: &[2.0; 5], beta: &[0.5; 5], epsilon, centred: true };
            layer_norm(row, residual, parameters, &mut output);
            output
        };
        assert_same(&normalize(&[0.0; 5], None, 1e-5), &[0.5; 5]);
        assert_same(&normalize(&[3.0; 5], Some(&[-3.0; 5]), 1e-5), &[0.5; 5]);
        assert_same(&normalize(&[0.0; 5], None, 0.0), &[f32::NAN; 5]);
        assert_same(&normalize(&[f32::MAX, 0.0, 0.0, 0.0, 0.0], None, 1e-5), &[f32::NAN; 5]);
        assert_same(&normalize(&[f32::MAX; 5], None, 1e-5), &[f32::NAN; 5]);
        assert_same(&normalize(&[1e38, 3e38, 1e38, 1e38, 1e38], Some(&[3e38; 5]), 1e-5), &[f32::NAN; 5]);
    }

    proptest! {
        #[test]
        fn is_the_same_as_the_reference(
            (input, residual, gamma, beta) in (1usize..70).prop_flat_map(|hidden| {
                let residual = prop::option::of(floats(hidden));
                (floats(hidden), residual, vec(-2f32..2.0, hidden), vec(-2f32..2.0, hidden))
            }),
            centred in any::<bool>(),
        ) {
            let parameters = LayerNorm { gamma: &gamma, beta: &beta, epsilon: 1e-5, centred };
            let (mut actual, mut expected) = (vec![0.0; input.len()], vec![0.0; input.len()]);
            layer_norm(&input, residual.as_deref(), parameters, &mut actual);
            normalize_row::<Scalar>(&input, residual.as_deref(), parameters, &mut expected);
            assert_same(&actual, &expected);
        }
    }
}

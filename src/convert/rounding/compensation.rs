//! Rounding of float weights to integers that reproduce the floats' outputs on a sample.
//!
//! Two passes of the sample run through the model in lockstep: one with the float weights, one with the integers so
//! far. For each layer, the first pass sets the target, and the second supplies the inputs. So a layer also compensates
//! for the losses before it.
//!
//! A least-squares change of the weights brings the outputs nearest to the target; ridge damping holds it back more for
//! fewer rows. [GPTQ](Gptq) then rounds the weights, and the bias absorbs the rest of the mean difference. If a
//! residual is added to a layer's outputs, the target is the sum, so that the layer also compensates for the residual's
//! losses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gptq::Gptq;
use super::moments::{Moments, Observed, difference, mean};
use super::nearest::{bytes, nearest, transposed, widest_scales};
use super::quantization::Quantization;
use crate::convert::bundled;
use crate::convert::float::File;
use crate::convert::options::Rounding;
use crate::convert::progress::{OnProgress, Phase};
use crate::convert::sample::Reference;
use crate::error::{Error, Result};
use crate::graph::exact::{Reading, outputs};
use crate::graph::{Rewrite, TokenSequence};
use crate::kernels::linear::{Linear, PackedMatrix, Packer};
use crate::kernels::reference::add_multiple;
use crate::onnx::refusal::no_memory;

/// Most tokens of the sample that run.
const TOKENS: usize = 12_288;
/// Tokens of a pair that a cut always leaves.
const SHORTEST: usize = 32;
/// Weight of a pair's first token against each of the others, since the logit comes from it.
const FIRST: f32 = 5.0;
/// Damping for the rounding, as a part of the mean of the moments' diagonal, since the sample does not cover all
/// inputs. The second constant grows with the number of inputs for each row.
const DAMPING: f32 = 0.01;
const DAMPING_OF_FEW: f32 = 0.1;
/// As `DAMPING_OF_FEW`, for the change of the weights.
const HOLD: f32 = 8.0;

/// Runs the sample with the float weights and returns the logits of its pairs, which it cuts if the sample is large.
/// With [`Rounding::Compensated`] it also rounds all matrices anew; a matrix without memory for its moments stays as it
/// is. If pairs cannot run in lockstep, it changes nothing and returns `None`.
///
/// # Errors
/// Those of the graph; `invalid_model` if the file cannot be read; `out_of_memory`.
pub fn run_floats(
    file: &mut dyn File,
    quantization: &mut Quantization,
    rounding: Rounding,
    sample: &[TokenSequence],
    progress: &mut OnProgress<'_>,
) -> Result<Option<Reference>> {
    let names: BTreeMap<_, _> =
        quantization.matrices().map(|(name, packed)| (Arc::as_ptr(packed), name.to_owned())).collect();
    // The last layers read all tokens here, though only the first counts. The pairs are too few to round for first
    // tokens alone.
    let rewrites: Vec<Rewrite> = Rewrite::ALL.into_iter().filter(|&rewrite| rewrite != Rewrite::FirstToken).collect();
    let graph = bundled::graph(&quantization.model()?, &rewrites, None)?;
    let some = within(sample, TOKENS);
    let rounded: &[_] = if rounding == Rounding::Compensated { &some } else { &[] };
    let mut done = BTreeSet::new();
    let logits = graph.exact_logits(&[&some, rounded].concat(), &mut |Reading { layers, rows, residuals }| {
        let name = |layer: &Arc<Linear>| {
            let unknown = || Error::Internal("a layer reads a matrix that the file lacks".to_owned());
            names.get(&Arc::as_ptr(layer.matrix())).ok_or_else(unknown)
        };
        let names_of_layers = layers.iter().map(name).collect::<Result<Vec<_>>>()?;
        let can_shift = names_of_layers.iter().all(|name| quantization.has_bias(name));
        let (exact, rounded) = rows.split_at(some.len());
        let read = if rounded.is_empty() { None } else { Read::new(rounded, layers[0].inputs(), can_shift) };
        let lost = residuals.as_ref().map(|residuals| differences(residuals, some.len()));
        let mut results = Vec::with_capacity(layers.len());
        for (layer, name) in layers.iter().zip(names_of_layers) {
            let values = quantization.floats(file, name)?;
            let mut given: Vec<_> = exact.iter().map(|rows| outputs(rows, &values, layer.bias())).collect();
            let mut shift = vec![0.0; layer.outputs()];
            let is_new = done.insert(name);
            if is_new && let Some(read) = &read {
                let wanted = lost.as_ref().map(|lost| sums(&given, lost));
                let rows = wanted.as_ref().unwrap_or(&given).iter();
                let targets: Vec<&[f32]> = rows.flat_map(|rows| rows.chunks_exact(layer.outputs())).collect();
                let (packed, scales);
                (packed, scales, shift) = read.round(layer, &values, quantization.scales(name), &targets)?;
                quantization.replace(name, packed, scales, &shift)?;
            }
            drop(values);
            let bias: Vec<f32> = layer.bias().iter().zip(&shift).map(|(bias, shift)| bias + shift).collect();
            let weights = Linear::new(quantization.matrix(name)?.clone(), quantization.scales(name), &bias).weights();
            given.extend(rounded.iter().map(|rows| outputs(rows, &weights, &bias)));
            results.push(given);
            progress(Phase::Round, done.len(), names.len());
        }
        Ok(results)
    })?;
    let Some(logits) = logits else { return Ok(None) };
    let outputs = logits.into_iter().take(some.len()).map(|logit| vec![f64::from(logit)]).collect();
    Ok(Some(Reference { sample: some, outputs }))
}

/// Returns the first pass minus the second, each over `count` pairs.
fn differences(values: &[&[f32]], count: usize) -> Vec<Vec<f32>> {
    let (exact, rounded) = values.split_at(count);
    exact.iter().zip(rounded).map(|(exact, rounded)| difference(exact, rounded)).collect()
}

fn sums(ones: &[Vec<f32>], others: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let sum = |(one, other): (&Vec<f32>, &Vec<f32>)| one.iter().zip(other).map(|(a, b)| a + b).collect();
    ones.iter().zip(others).map(sum).collect()
}

/// Cuts the pairs to at most `tokens` tokens in all. Of very many pairs it keeps only each second, third and so on.
fn within(sample: &[TokenSequence], tokens: usize) -> Vec<TokenSequence> {
    let step = sample.len().div_ceil(tokens / SHORTEST).max(1);
    let longest = tokens / sample.len().div_ceil(step).max(1);
    let cut = |sequence: &TokenSequence| {
        let mut sequence = sequence.clone();
        if let Some(&end) = sequence.ids.last().filter(|_| sequence.ids.len() > longest) {
            sequence.ids.truncate(longest);
            sequence.ids[longest - 1] = end;
            sequence.type_ids.truncate(longest);
        }
        sequence
    };
    sample.iter().step_by(step).map(cut).collect()
}

/// The inputs of layers, and the factors that they yield for the weights.
struct Read<'a> {
    observed: Observed<'a>,
    can_shift: bool,
    moments: Moments,
    /// The factors for the change of the weights.
    change: Gptq,
    /// The order of rounding: inputs with the largest moments first, so that all others can compensate for their
    /// errors.
    order: Vec<usize>,
    rounding: Gptq,
}

impl<'a> Read<'a> {
    /// Returns `None` without memory, and for inputs that are all 0 or not finite.
    fn new(pairs: &[&'a [f32]], inputs: usize, can_shift: bool) -> Option<Self> {
        let of_pair = |rows: &&'a [f32]| {
            let rows = rows.chunks_exact(inputs.max(1)).enumerate();
            rows.map(|(token, row)| (row, if token == 0 { FIRST } else { 1.0 })).collect::<Vec<_>>()
        };
        let observed = Observed::new(pairs.iter().flat_map(of_pair).collect(), inputs, can_shift);
        let moments = observed.moments()?;
        let few = inputs as f32 / observed.effective_count().max(1.0);
        let change = Gptq::new(&moments, HOLD * few)?;
        let diagonal = moments.diagonal();
        let mut order: Vec<usize> = (0..inputs).collect();
        order.sort_by(|&one, &other| diagonal[other].total_cmp(&diagonal[one]));
        let rounding = Gptq::new(&moments.arranged(&order)?, DAMPING + DAMPING_OF_FEW * few)?;
        Some(Self { observed, can_shift, moments, change, order, rounding })
    }

    /// Rounds a layer's float weights. Returns its integers, their scales and the change of its bias. `scales` serves
    /// if no scales can be found. `targets` holds the wanted outputs for each row.
    fn round(
        &self,
        layer: &Linear,
        values: &[f32],
        scales: &[f32],
        targets: &[&[f32]],
    ) -> Result<(PackedMatrix, Vec<f32>, Vec<f32>)> {
        let (inputs, columns) = (layer.inputs(), layer.outputs());
        let wanted = mean(targets.iter().copied().zip(self.observed.importance()), columns);
        let center = if self.can_shift { &wanted } else { layer.bias() };
        let mut changed = self.observed.products(targets, center).ok_or_else(|| no_memory(4 * values.len()))?;
        self.moments.subtract_product(values, columns, &mut changed);
        self.change.solve(columns, &mut changed);
        changed.iter_mut().zip(values).for_each(|(changed, value)| *changed += value);

        let turned = transposed(&changed, columns);
        let scales = widest_scales(&turned, inputs).unwrap_or_else(|| scales.to_vec());
        drop(turned);
        let mut packer = Packer::new(inputs, columns).map_err(|_| no_memory(values.len()))?;
        let mut integers = vec![0; values.len()];
        let arranged: Vec<f32> =
            self.order.iter().flat_map(|input| &changed[input * columns..][..columns]).copied().collect();
        let mut given = layer.bias().to_vec();
        self.rounding.round(&arranged, columns, &mut |place, values, rounded| {
            let input = self.order[place];
            let nearest = nearest(values, &scales);
            let products = nearest.iter().zip(&scales).map(|(&integer, scale)| f32::from(integer) * scale);
            rounded.iter_mut().zip(products).for_each(|(rounded, product)| *rounded = product);
            add_multiple(self.observed.center()[input], rounded, &mut given);
            integers[input * columns..][..columns].copy_from_slice(&bytes(&nearest));
        });
        integers.chunks_exact(columns).for_each(|row| packer.push(row));
        let shift = if self.can_shift {
            wanted.iter().zip(given).map(|(wanted, given)| wanted - given).collect()
        } else {
            vec![0.0; columns]
        };
        Ok((packer.finish(), scales, shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUTS: usize = 24;
    const COLUMNS: usize = 8;

    /// Returns correlated rows with a mean other than 0, like the inputs of layers.
    fn rows(count: usize) -> Vec<f32> {
        let number = |index: usize| ((index * 7919 + 13) % 1009) as f32 / 504.5 - 1.0;
        let value = |index: usize| {
            let (row, input) = (index / INPUTS, index % INPUTS);
            2.0 * number(input * 31) * number(row) + number(index) + 0.5
        };
        (0..count * INPUTS).map(value).collect()
    }

    fn squared_error(rows: &[f32], layer: &Linear, bias: &[f32], targets: &[f32]) -> (f32, f32) {
        let differences: Vec<f32> =
            outputs(rows, &layer.weights(), bias).iter().zip(targets).map(|(ours, wanted)| ours - wanted).collect();
        let squares = differences.iter().map(|difference| difference * difference).sum();
        (squares, differences.iter().sum::<f32>() / differences.len() as f32)
    }

    #[test]
    fn outputs_are_nearer_to_those_of_the_floats_than_with_plain_rounding() {
        let rows = rows(200);
        let values: Vec<f32> = (0..INPUTS * COLUMNS).map(|index| (index * 37 % 101) as f32 * 0.011 - 0.53).collect();
        let bias = vec![0.25; COLUMNS];
        let targets = outputs(&rows, &values, &bias);
        let scales = widest_scales(&transposed(&values, COLUMNS), INPUTS).unwrap();
        let mut packer = Packer::new(INPUTS, COLUMNS).unwrap();
        for row in values.chunks_exact(COLUMNS) {
            packer.push(&bytes(&nearest(row, &scales)));
        }
        let plain = Linear::new(Arc::new(packer.finish()), &scales, &bias);
        let (before, _) = squared_error(&rows, &plain, &bias, &targets);

        let read = Read::new(&[&rows], INPUTS, true).unwrap();
        let wanted: Vec<&[f32]> = targets.chunks_exact(COLUMNS).collect();
        let (packed, scales, shift) = read.round(&plain, &values, &scales, &wanted).unwrap();
        let shifted: Vec<f32> = bias.iter().zip(&shift).map(|(bias, shift)| bias + shift).collect();
        let (after, mean) = squared_error(&rows, &Linear::new(Arc::new(packed), &scales, &shifted), &shifted, &targets);
        assert!(after < 0.6 * before, "{after} against {before}");
        assert!(mean.abs() < 0.01, "{mean}");
    }

    #[test]
    fn a_sample_has_no_more_tokens_than_are_run() {
        let pair = |length: u32| TokenSequence { ids: (0..length).collect(), type_ids: vec![0; length as usize] };
        for (count, length, expected) in [(3, 40, 120), (128, 100, 4096), (129, 100, 65 * 63), (10_000, 20, 127 * 20)] {
            let some = within(&vec![pair(length); count], 4096);
            assert_eq!(some.iter().map(|sequence| sequence.ids.len()).sum::<usize>(), expected, "{count} × {length}");
            assert!(some.iter().all(|sequence| sequence.ids.last() == Some(&(length - 1))));
        }
        assert!(within(&[], 4096).is_empty());
    }
}

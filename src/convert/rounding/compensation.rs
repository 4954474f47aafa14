//! Float weights to integers that give, on a sample, the outputs that the floats give.
//!
//! The pairs of the sample run through the model twice, in lockstep: once with the float weights, once with the integers,
//! as far as there are any. Where a layer comes, its target is what the first pass gives; what it reads, and is rounded
//! for, is what the second pass has. So a layer also makes up for what was lost before it: to its weights is added the
//! change that by least squares brings its outputs nearest to the target, held back the more, the fewer the sample's rows
//! are. Then they are rounded by [GPTQ](Gptq), and what is left of the mean difference goes into the bias. Where something
//! is added to what a layer gives, the target is the sum: the layer makes up also for what that has lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gptq::Gptq;
use super::moments::{Moments, Observed, difference, mean};
use super::nearest::{bytes, nearest, transposed, widest_scales};
use super::quantization::Quantization;
use crate::convert::float::File;
use crate::convert::options::Rounding;
use crate::convert::progress::{OnProgress, Phase};
use crate::convert::sample::Reference;
use crate::error::{Error, Result};
use crate::graph::exact::{Reading, outputs};
use crate::graph::{Graph, Rewrite, TokenSequence};
use crate::kernels::linear::{Linear, PackedMatrix, Packer};
use crate::kernels::reference::add_multiple;
use crate::onnx::refusal::no_memory;

/// Most tokens of the sample that are run.
const TOKENS: usize = 12_288;
/// Tokens of a pair that are left, if it has so many, in any case.
const SHORTEST: usize = 32;
/// How much the first token of a pair counts, which the logit is read from, beside each of the others.
const FIRST: f32 = 5.0;
/// Added to the diagonal of the moments, as a part of its mean, for the rounding: the sample is not all that the layer will
/// read. The second grows with the inputs that there are for each row.
const DAMPING: f32 = 0.01;
const DAMPING_OF_FEW: f32 = 0.1;
/// The same as the second for the change of the weights.
const HOLD: f32 = 8.0;

/// Runs the sample with the float weights and gives the logits of its pairs, which are cut, if it is large. With
/// [`Rounding::Compensated`] it rounds all matrices anew meanwhile; without memory for its moments one stays as it is. Where
/// pairs cannot run in lockstep it does nothing and gives `None`.
///
/// # Errors
/// What the graph gives, `invalid_model` where the file cannot be read, `out_of_memory`.
pub fn run_floats(
    file: &mut dyn File,
    quantization: &mut Quantization,
    rounding: Rounding,
    sample: &[TokenSequence],
    progress: &mut OnProgress<'_>,
) -> Result<Option<Reference>> {
    let names: BTreeMap<_, _> =
        quantization.matrices().map(|(name, packed)| (Arc::as_ptr(packed), name.to_owned())).collect();
    // The last layers read all tokens here, though only the first counts: there are too few pairs to round for theirs alone.
    let rewrites: Vec<Rewrite> = Rewrite::ALL.into_iter().filter(|&rewrite| rewrite != Rewrite::FirstToken).collect();
    let graph = Graph::from_onnx_with(quantization.model()?, &rewrites)?;
    let some = within(sample, TOKENS);
    let rounded: &[_] = if rounding == Rounding::Compensated { &some } else { &[] };
    let mut done = BTreeSet::new();
    let logits = graph.exact_logits(&[&some, rounded].concat(), &mut |Reading { layers, rows, residuals }| {
        let name = |layer: &Arc<Linear>| {
            let unknown = || Error::Internal("a layer with a matrix that the file has not".to_owned());
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
    let logits = logits.into_iter().take(some.len()).map(f64::from).collect();
    Ok(Some(Reference { sample: some, logits }))
}

/// What the second of two passes, each over `count` pairs, lacks of the first.
fn differences(values: &[&[f32]], count: usize) -> Vec<Vec<f32>> {
    let (exact, rounded) = values.split_at(count);
    exact.iter().zip(rounded).map(|(exact, rounded)| difference(exact, rounded)).collect()
}

fn sums(ones: &[Vec<f32>], others: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let sum = |(one, other): (&Vec<f32>, &Vec<f32>)| one.iter().zip(other).map(|(a, b)| a + b).collect();
    ones.iter().zip(others).map(sum).collect()
}

/// The pairs, cut so that they have no more than so many tokens in all; of very many each second, third and so on.
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

/// What layers read, and what follows from it for their weights.
struct Read<'a> {
    observed: Observed<'a>,
    can_shift: bool,
    moments: Moments,
    /// For the change of the weights.
    change: Gptq,
    /// The inputs as they are rounded: first those that count most, whose errors all others can make up for.
    order: Vec<usize>,
    rounding: Gptq,
}

impl<'a> Read<'a> {
    /// `None` without memory, and where all that is read is 0 or not finite.
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

    /// The integers of a layer with these float weights, their scales, and what is to be added to its bias; `scales` are
    /// taken where none can be found, `targets` is what the layer is to give for each row.
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

    /// Rows that go together and are not around 0, as those that layers read.
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

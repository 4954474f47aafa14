//! The fused operator.

use tract_core::internal::*;

use super::disentangled::{PositionProduct, PositionProducts};
use super::inputs::{FurtherInputs, SequenceInputs, Sizes};
use crate::graph::fuse::rows::{floats, plain};
use crate::kernels::attention::{AttentionScratch, Disentangled, Inputs, LocalWindow, PositionScores, Rows, attention};
use crate::threads;

/// Fewer queries are not worth another thread, which would prepare the keys and values again.
const QUERIES_OF_A_PART: usize = 32;

/// The fused operator. Inputs: queries (batch × rows × hidden, or batch × hidden for the first row), keys and values
/// (batch × sequence × hidden), and [`FurtherInputs`]. Output: context, with the queries' shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    pub heads: usize,
    /// Factor of the scores.
    pub scale: f32,
    pub further: FurtherInputs,
    pub positions: PositionProducts,
    /// Hides the keys outside of it.
    pub window: Option<LocalWindow>,
}

impl Eq for Attention {}

impl Op for Attention {
    fn name(&self) -> StaticName {
        "Attention".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Attention {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(tvec!(self.eval_alone(&inputs)?))
    }
}

impl Attention {
    /// Computes the output with the kernel on integers.
    pub fn eval_alone(&self, inputs: &[TValue]) -> TractResult<TValue> {
        self.eval_with(inputs, &|inputs, context, stride| {
            attention(inputs, &mut AttentionScratch::default(), context, stride);
        })
    }

    /// Computes the output with `kernel`, which receives its inputs, the rows of the context and their stride.
    pub fn eval_with(
        &self,
        inputs: &[TValue],
        kernel: &(dyn Fn(&Inputs<'_>, &mut [f32], usize) + Sync),
    ) -> TractResult<TValue> {
        let mut output = Tensor::zero::<f32>(inputs[0].shape())?;
        let &[batch, sequence, hidden] = inputs[1].shape() else {
            bail!("the keys have shape {:?}; batch × sequence × hidden size was expected", inputs[1].shape())
        };
        if output.len() == 0 {
            return Ok(output.into_tvalue());
        }
        let views = plain(inputs)?;
        let &[queries, keys, values, ref further @ ..] = &floats(&views)?[..] else {
            bail!("attention has {} inputs; it needs at least 3", inputs.len())
        };
        let (rows, heads, head_size) = (queries.len() / (batch * hidden), self.heads, hidden / self.heads);
        let sizes = Sizes { batch, length: sequence, rows, heads, head_size };
        let further = self.further.of_sequences(&inputs[3..], further, sizes)?;
        let rotated = self.further.rotary.then(|| [queries, keys].map(|values| rotated(values, &further, sizes)));
        let [queries, keys] = rotated.as_ref().map_or([queries, keys], |rotated| rotated.each_ref().map(Vec::as_slice));
        let mut plain = output.try_as_plain_ram_mut()?;
        let part_rows = rows.div_ceil(threads::parts(rows, QUERIES_OF_A_PART)).next_multiple_of(4);
        let mut parts = Vec::new();
        for (index, context) in plain.as_slice_mut::<f32>()?.chunks_exact_mut(rows * hidden).enumerate() {
            let part = |values: &'_ [f32], count: usize| -> std::ops::Range<usize> {
                debug_assert!(values.len() >= (index + 1) * count * hidden);
                index * count * hidden..(index + 1) * count * hidden
            };
            let queries = queries[part(queries, rows)].chunks(part_rows * hidden);
            let of_sequence = &further[index];
            let disentangled = self.disentangled(of_sequence);
            let places = (0..).step_by(part_rows);
            for ((queries, context), first) in queries.zip(context.chunks_mut(part_rows * hidden)).zip(places) {
                let inputs = Inputs {
                    queries: Rows { values: queries, count: queries.len() / hidden, stride: hidden },
                    keys: Rows { values: &keys[part(keys, sequence)], count: sequence, stride: hidden },
                    values: Rows { values: &values[part(values, sequence)], count: sequence, stride: hidden },
                    mask: of_sequence.mask,
                    bias: of_sequence.bias.map(|bias| bias.starting_at(0, first)),
                    disentangled: disentangled.map(|it| it.starting_at(0, first)),
                    window: self.window.map(|window| window.starting_at(first)),
                    heads,
                    head_size,
                    scale: self.scale,
                };
                parts.push((inputs, context));
            }
        }
        threads::split(parts, |(inputs, context)| kernel(&inputs, context, hidden));
        Ok(output.into_tvalue())
    }

    /// The products with positions that are added to the scores of a sequence.
    pub fn disentangled<'a>(&'a self, inputs: &'a SequenceInputs<'_>) -> Option<Disentangled<'a>> {
        let mut sides = self.positions.sides().zip(&inputs.table_rows).map(|(product, rows)| {
            let (PositionProduct { table, scale }, rows) = product.zip(rows.as_deref())?;
            Some(PositionScores { table, rows, scale: *scale })
        });
        let (of_queries, of_keys) = (sides.next()?, sides.next()?);
        let any = of_queries.is_some() || of_keys.is_some();
        any.then_some(Disentangled { of_queries, of_keys, first: 0, first_head: 0 })
    }
}

impl TypedOp for Attention {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(
            inputs.len() == 3 + self.further.count() && inputs[1].shape == inputs[2].shape,
            "attention has {} inputs instead of {}, or keys and values differ in shape",
            inputs.len(),
            3 + self.further.count()
        );
        ensure!(
            inputs[0].shape.last() == inputs[1].shape.last(),
            "the queries and the keys of attention differ in hidden size"
        );
        Ok(tvec!(f32::fact(inputs[0].shape.clone())))
    }

    as_op!();
}

/// The rows of all sequences, with each head rotated by the angles of its position.
fn rotated(values: &[f32], further: &[SequenceInputs<'_>], sizes: Sizes) -> Vec<f32> {
    let mut rotated = values.to_vec();
    let sequences = rotated.chunks_exact_mut(values.len() / sizes.batch);
    for (rows, further) in sequences.zip(further) {
        let Some(rotation) = further.rotation else { continue };
        for (position, row) in rows.chunks_exact_mut(sizes.heads * sizes.head_size).enumerate() {
            rotation.rotate(position, row, sizes.head_size);
        }
    }
    rotated
}

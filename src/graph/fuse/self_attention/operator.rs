//! The fused operator.

use tract_core::internal::*;

use super::heads::{Heads, Sequence};
use crate::graph::fuse::attention::{Attention, Sizes};
use crate::graph::fuse::linear::{Layers, LinearLayers, OutputColumns, PreparedRows};
use crate::graph::fuse::rows::{ROWS_OF_A_PART, eval_rows, floats, plain, replace_rows, shared};
use crate::threads;

/// Inputs: hidden state (batch × sequence × hidden) and the further ones of [`Attention`]. Output: context, like the
/// hidden state except for the length of its rows, or batch × hidden for the first row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfAttention {
    /// Three outputs of one length: queries, keys and values; or two, if `first_query` has the queries.
    linear: LinearLayers,
    /// The layer of the queries, if only the first row of each sequence attends.
    first_query: Option<LinearLayers>,
    attention: Attention,
}

impl SelfAttention {
    pub fn new(linear: LinearLayers, first_query: Option<LinearLayers>, attention: Attention) -> Self {
        Self { linear, first_query, attention }
    }

    /// The layers that read all rows.
    pub fn linear(&self) -> &LinearLayers {
        &self.linear
    }

    /// The layer that reads the first row.
    pub fn first_query(&self) -> Option<&LinearLayers> {
        self.first_query.as_ref()
    }

    pub fn attention(&self) -> &Attention {
        &self.attention
    }

    /// Computes the context of each of several pairs of inputs. Their rows run through the linear layers together, so
    /// weights are read once; no row depends on another sequence.
    pub fn eval_together(&self, inputs: &[TVec<TValue>]) -> TractResult<Vec<TVec<TValue>>> {
        self.eval_in_parts(inputs, &|rows| self.heads_of_a_part(rows))
    }

    /// How many heads a thread takes at a time.
    fn heads_of_a_part(&self, rows: usize) -> usize {
        let heads = self.attention.heads;
        heads.div_ceil(threads::parts(heads, (ROWS_OF_A_PART * heads).div_ceil(rows.max(1))))
    }

    fn eval_in_parts(
        &self,
        inputs: &[TVec<TValue>],
        heads_of_a_part: &dyn Fn(usize) -> usize,
    ) -> TractResult<Vec<TVec<TValue>>> {
        let further: Vec<_> = inputs.iter().map(|inputs| plain(&inputs[1..])).collect::<TractResult<_>>()?;
        let (mut sequences, mut outputs) = (Vec::new(), Vec::with_capacity(inputs.len()));
        for (inputs, further) in inputs.iter().zip(&further) {
            let shape = inputs[0].shape();
            self.append_sequences(shape, &inputs[1..], further, &mut sequences)?;
            let hidden = self.hidden_size();
            outputs.push(match self.first_query {
                Some(_) => Tensor::zero::<f32>(&[shape[0], hidden])?,
                None => Tensor::zero::<f32>(&[shape[0], shape[1], hidden])?,
            });
        }
        let states: TVec<_> = inputs.iter().map(|inputs| &inputs[0]).collect();
        eval_rows(&states, tvec![outputs], &mut |rows, contexts| {
            let others = self.linear.layers().prepare_together(rows);
            let first_rows: Vec<&[f32]> = sequences.iter().map(|sequence| rows[sequence.rows.start]).collect();
            let queries = self.first_query.as_ref().map(|layer| layer.layers().prepare(&first_rows));
            let prepared = [queries.as_ref().unwrap_or(&others), &others, &others];
            self.write(prepared, &sequences, &mut contexts[0], heads_of_a_part(rows.len()));
        })
    }

    fn eval_alone(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let reads_integers = self.linear.quantized_layers().is_some();
        if reads_integers && self.first_query.is_none() && self.linear.inputs() == self.hidden_size() {
            return Ok(tvec![self.eval_in_place(inputs.remove(0), &inputs)?]);
        }
        self.eval_together(&[inputs])?.pop().context("the attention operator returned nothing for its input")
    }

    /// Computes the context of one input in the memory of its hidden state, if nothing else reads that. The layers read
    /// integers.
    fn eval_in_place(&self, state: TValue, further: &[TValue]) -> TractResult<TValue> {
        let (views, mut sequences) = (plain(further)?, Vec::new());
        self.append_sequences(state.shape(), further, &views, &mut sequences)?;
        replace_rows(state, &mut |rows| {
            let prepared = self.linear.layers().quantize_together(&shared(rows)).expect("the layers read integers");
            self.write([&prepared; 3], &sequences, rows, self.heads_of_a_part(rows.len()));
        })
    }

    /// Appends the sequences of a hidden state of this shape.
    #[inline(never)]
    fn append_sequences<'a>(
        &self,
        shape: &[usize],
        further: &[TValue],
        views: &'a [PlainView<'_>],
        sequences: &mut Vec<Sequence<'a>>,
    ) -> TractResult<()> {
        let &[batch, length, _] = shape else {
            bail!("the hidden state has shape {shape:?}; batch × sequence × hidden size was expected")
        };
        ensure!(length > 0 || self.first_query.is_none(), "a sequence without tokens has no first token");
        let sizes = self.sizes(batch, length);
        let further = self.attention.further.of_sequences(further, &floats(views)?, sizes)?;
        let mut places = sequences.last().map_or([0, 0], |last: &Sequence<'_>| [last.rows.end, last.queries.end]);
        for further in further {
            let [row, query] = places;
            places = [row + length, query + sizes.rows];
            sequences.push(Sequence { rows: row..places[0], queries: query..places[1], further });
        }
        Ok(())
    }

    /// The layers and the part of the queries, the keys and the values.
    fn projections(&self) -> [(&Layers, &OutputColumns); 3] {
        let part = |index: usize| (self.linear.layers(), &self.linear.parts()[index]);
        match &self.first_query {
            Some(queries) => [(queries.layers(), &queries.parts()[0]), part(0), part(1)],
            None => [0, 1, 2].map(part),
        }
    }

    /// Numbers in a row of the queries, the keys, the values and the context.
    fn hidden_size(&self) -> usize {
        self.linear.parts()[0].columns.len()
    }

    fn sizes(&self, batch: usize, length: usize) -> Sizes {
        let rows = if self.first_query.is_some() { 1 } else { length };
        Sizes { batch, length, rows, heads: self.attention.heads, head_size: self.head_size() }
    }

    fn head_size(&self) -> usize {
        self.hidden_size() / self.attention.heads
    }

    /// Writes the context of all heads. `prepared` are the rows for queries, for keys and for values.
    #[inline(never)]
    fn write(
        &self,
        prepared: [&PreparedRows<'_>; 3],
        sequences: &[Sequence<'_>],
        contexts: &mut [&mut [f32]],
        heads_of_a_part: usize,
    ) {
        let heads = self.attention.heads;
        let mut parts: Vec<_> = (0..heads)
            .step_by(heads_of_a_part)
            .map(|first| (first..heads.min(first + heads_of_a_part), Vec::with_capacity(contexts.len())))
            .collect();
        for row in contexts {
            for (context, part) in row.chunks_mut(heads_of_a_part * self.head_size()).zip(&mut parts) {
                part.1.push(context);
            }
        }
        let these = Heads { projections: self.projections(), attention: &self.attention, size: self.head_size() };
        threads::split(parts, |(heads, mut contexts)| these.write(heads, prepared, sequences, &mut contexts));
    }
}

impl Op for SelfAttention {
    fn name(&self) -> StaticName {
        if self.first_query.is_some() { "FirstTokenAttention" } else { "SelfAttention" }.into()
    }

    op_as_typed_op!();
}

impl EvalOp for SelfAttention {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.eval_alone(inputs)
    }
}

impl TypedOp for SelfAttention {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(
            inputs.first().is_some_and(|state| state.rank() == 3),
            "attention needs a hidden state of batch × sequence × hidden size"
        );
        let mut projected = self.linear.output_facts(&inputs[..1])?;
        if let Some(layer) = &self.first_query {
            let shape = &inputs[0].shape;
            let first = f32::fact([shape[0].clone(), shape[2].clone()]);
            projected.insert(0, layer.output_facts(&[&first])?.remove(0));
        }
        self.attention.output_facts(&projected.iter().chain(inputs[1..].iter().copied()).collect::<TVec<_>>())
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::fuse::attention::{FurtherInputs, PositionProduct, PositionProducts};
    use crate::graph::fuse::rows::first_rows;
    use crate::kernels::attention::{LocalWindow, PositionTable};
    use crate::kernels::float_linear::{FloatLinear, Order};
    use crate::kernels::linear::{Linear, Packer};

    fn linear(inputs: usize, outputs: usize, seed: usize) -> Arc<Linear> {
        let mut packer = Packer::new(inputs, outputs).unwrap();
        let weights: Vec<u8> = (0..inputs * outputs).map(|index| ((index * 37 + seed) % 113) as u8).collect();
        packer.push(&weights.iter().map(|weight| weight.wrapping_sub(56)).collect::<Vec<_>>());
        let bias: Vec<f32> = (0..outputs).map(|output| output as f32 * 0.1 - seed as f32).collect();
        Arc::new(Linear::new(Arc::new(packer.finish()), &[0.004], &bias))
    }

    fn three_layers(inputs: usize, hidden: usize) -> LinearLayers {
        LinearLayers::quantized([0, 1, 2].map(|seed| linear(inputs, hidden, seed)).into_iter().collect())
    }

    /// The parts begin inside panels.
    fn one_layer_of_three(inputs: usize, hidden: usize) -> LinearLayers {
        let parts = [0, 1, 2].map(|part| OutputColumns { layer: 0, columns: part * hidden..(part + 1) * hidden });
        LinearLayers::quantized(tvec![linear(inputs, 3 * hidden, 1)]).with_parts(parts.into_iter().collect())
    }

    fn three_float_layers(inputs: usize, hidden: usize) -> LinearLayers {
        let layer = |seed: usize| {
            let weights: Vec<f32> = (0..inputs * hidden).map(|index| ((index * 7 + seed) as f32).sin()).collect();
            Arc::new(FloatLinear::new(Arc::new(weights), Order::InputsFirst, inputs, vec![0.1; hidden]))
        };
        LinearLayers::new(Layers::Float([0, 1, 2].map(layer).into_iter().collect()))
    }

    fn tensor(shape: &[usize], factor: f32) -> TValue {
        let values: Vec<f32> = (0..shape.iter().product()).map(|index| (index as f32 * factor).sin() * 3.0).collect();
        Tensor::from_shape(shape, &values).unwrap().into_tvalue()
    }

    /// Covers parts that begin inside a panel, several sequences of several lengths, and keys that a mask hides.
    #[test]
    fn however_heads_are_shared_out_the_bits_are_those_of_the_operators_that_it_is_made_of() {
        let shapes = [(5, 7, false), (4, 12, true), (12, 8, true), (1, 5, false)];
        let kinds: [fn(usize, usize) -> LinearLayers; 3] = [three_layers, one_layer_of_three, three_float_layers];
        for ((heads, head_size, rotary), layers) in
            shapes.into_iter().flat_map(|shape| kinds.map(|layers| (shape, layers)))
        {
            let hidden = heads * head_size;
            // Where both are equal, the context takes the place of the hidden state.
            let inputs = if head_size == 12 { hidden } else { 10 };
            let positioned = head_size != 7;
            let further = FurtherInputs {
                rotary,
                mask: true,
                bias: true,
                of_queries: positioned,
                of_keys: positioned && !rotary,
            };
            let product = |given: bool, scale: f32| {
                let values = tensor(&[heads, 9, head_size], scale).into_tensor();
                let values = values.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec();
                given.then(|| PositionProduct {
                    table: Arc::new(PositionTable::new(&values, heads, 9, head_size)),
                    scale,
                })
            };
            let positions = PositionProducts {
                of_queries: product(further.of_queries, 0.2),
                of_keys: product(further.of_keys, 0.3),
            };
            let window = rotary.then_some(LocalWindow { before: 2, after: 1, first: 0 });
            let fused = SelfAttention {
                linear: layers(inputs, hidden),
                first_query: None,
                attention: Attention { heads, scale: 0.3, further, positions, window },
            };
            let mut masks = [tensor(&[2, 1, 1, 6], 0.7), tensor(&[1, 1, 1, 3], 0.9)].map(|mask| mask.into_tensor());
            for mask in &mut masks {
                mask.try_as_plain_ram_mut().unwrap().as_slice_mut::<f32>().unwrap()[1] = f32::MIN;
            }
            let [long, short] = masks.map(|mask| mask.into_tvalue());
            let mut pairs = [
                tvec![tensor(&[2, 6, inputs], 1.3), long, tensor(&[2, heads, 6, 6], 0.3)],
                tvec![tensor(&[1, 3, inputs], 1.9), short, tensor(&[1, 1, 3, 3], 1.1)],
            ];
            if rotary {
                pairs[0].insert_many(1, [tensor(&[2, 6, head_size], 0.4), tensor(&[2, 6, head_size], 0.6)]);
                pairs[1].insert_many(1, [tensor(&[1, 3, head_size], 0.7), tensor(&[1, 3, head_size], 0.2)]);
            }
            for (pair, length) in pairs.iter_mut().zip([6, 3]) {
                let rows: Vec<f32> = (0..2 * length - 1).map(|distance| (distance * 7 % 9) as f32).collect();
                let sides = usize::from(further.of_queries) + usize::from(further.of_keys);
                pair.extend((0..sides).map(|_| tensor1(&rows).into_tvalue()));
            }
            let all = fused.linear.parts().to_vec();
            let first_alone = SelfAttention {
                linear: fused.linear.with_parts(all[1..].into()),
                first_query: Some(fused.linear.with_parts(all[..1].into())),
                attention: fused.attention.clone(),
            };
            for fused in [fused, first_alone] {
                let alone = pairs.each_ref().map(|pair| fused.eval_alone(pair.clone()).unwrap());
                let outputs = fused.eval_together(&pairs).unwrap();
                let expected = pairs.each_ref().map(|pair| by_parts(&fused, pair));
                let same =
                    |outputs: &[TVec<TValue>]| outputs.iter().zip(&expected).all(|(output, it)| output[0] == *it);
                assert!(same(&outputs) && same(&alone));
                for heads_of_a_part in 1..=heads {
                    let outputs = fused.eval_in_parts(&pairs, &|_| heads_of_a_part).unwrap();
                    assert!(same(&outputs), "{heads} × {head_size}, {heads_of_a_part} at a time");
                }
            }
        }
    }

    /// The context by the operators that it is made of.
    fn by_parts(fused: &SelfAttention, pair: &TVec<TValue>) -> TValue {
        let mut values = fused.linear.eval_together(&pair[..1]).unwrap().pop().unwrap();
        if let Some(layer) = fused.first_query() {
            let first = first_rows(&pair[0]).unwrap();
            values.insert(0, layer.eval_together(&[first]).unwrap().pop().unwrap().remove(0));
        }
        values.extend(pair[1..].iter().cloned());
        fused.attention.eval_alone(&values).unwrap()
    }
}

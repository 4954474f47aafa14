//! A linear layer on int8 weights. It quantises each row of its input, multiplies, scales and adds the bias. It applies
//! GELU too, if the graph does so next.
//!
//! In the graph this is DynamicQuantizeLinear, IntegerMatMul, Cast, Mul by both scales, Add, GeluExact. There one scale
//! serves the whole tensor. Here each row has a scale, so its result does not depend on the other rows.

use tract_core::internal::*;
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::math::{Add, Mul};
use tract_core::ops::nn::gelu_exact::GeluExact;

use super::pattern::*;
use super::rows::{eval_rows_apart, output_fact, rows_of_a_part};
use super::weights::Weights;
use crate::graph::import::operators::{DynamicQuantizeLinear, IntegerMatMul};
use crate::kernels::functions::gelu::gelu;
use crate::kernels::linear::quantize::{RowScale, quantize_row_i8};
use crate::kernels::linear::{Linear, LinearScratch, MAX_SHIFTED_INPUTS, QuantizedRows};
use crate::threads;

/// The fused operator, from rows of `inputs` numbers to rows of `outputs` numbers; all axes but the last are rows.
/// Layers that read the same rows, like those for queries, keys and values, share one operator with an output for each.
#[derive(Clone)]
pub struct QuantizedLinear {
    /// At least one; all have the same number of inputs.
    layers: TVec<Arc<Linear>>,
    gelu: bool,
}

impl std::fmt::Debug for QuantizedLinear {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (inputs, outputs) = (self.inputs(), self.output_lengths());
        write!(formatter, "QuantizedLinear {{ {inputs} → {outputs:?}, gelu: {} }}", self.gelu)
    }
}

impl PartialEq for QuantizedLinear {
    fn eq(&self, other: &Self) -> bool {
        self.gelu == other.gelu
            && self.layers.len() == other.layers.len()
            && self.layers.iter().zip(&other.layers).all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

impl Eq for QuantizedLinear {}

impl QuantizedLinear {
    /// Length of an input row.
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs()
    }

    /// `layers` holds at least one layer; all have the same number of inputs.
    pub fn new(layers: TVec<Arc<Linear>>) -> Self {
        Self { layers, gelu: false }
    }

    /// A copy with these layers only.
    pub fn with_layers(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        Self { layers: indices.into_iter().map(|index| self.layers[index].clone()).collect(), ..*self }
    }

    pub fn layers(&self) -> &[Arc<Linear>] {
        &self.layers
    }

    /// True if GELU follows.
    pub fn has_gelu(&self) -> bool {
        self.gelu
    }

    /// Numbers in a row of each output.
    pub fn output_lengths(&self) -> TVec<usize> {
        self.layers.iter().map(|layer| layer.outputs()).collect()
    }

    /// Computes the outputs for each of several inputs. Their rows run through the layers together; no row depends on
    /// another.
    pub fn eval_together<'a>(&self, inputs: impl IntoIterator<Item = &'a TValue>) -> TractResult<Vec<TVec<TValue>>> {
        eval_rows_apart(inputs, &self.output_lengths(), &|rows, outputs| self.apply(rows, outputs))
    }

    /// Quantises rows to codes, with the stride that the layers read, and their scales.
    fn quantize(&self, rows: &[&[f32]]) -> (Vec<i8>, Vec<RowScale>) {
        let stride = self.layers[0].input_stride();
        let mut codes = vec![0; rows.len() * stride];
        let quantized = rows.iter().zip(codes.chunks_exact_mut(stride));
        let scales = quantized.map(|(row, codes)| quantize_row_i8(row, codes)).collect();
        (codes, scales)
    }

    /// [`quantize`](Self::quantize) with the help of idle threads.
    pub fn quantize_together(&self, rows: &[&[f32]]) -> (Vec<i8>, Vec<RowScale>) {
        let part_rows = rows_of_a_part(rows.len());
        if part_rows >= rows.len() {
            return self.quantize(rows);
        }
        let mut parts: Vec<_> = rows.chunks(part_rows).map(|rows| (rows, Default::default())).collect();
        threads::split(parts.iter_mut().collect(), |(rows, quantized)| *quantized = self.quantize(rows));
        let (codes, scales): (Vec<_>, Vec<_>) = parts.into_iter().map(|(_, quantized)| quantized).unzip();
        (codes.concat(), scales.concat())
    }

    /// Writes the output of each layer for the rows.
    pub fn apply(&self, rows: &[&[f32]], outputs: &mut [&mut [&mut [f32]]]) {
        let (codes, scales) = self.quantize(rows);
        let quantized = QuantizedRows { codes: &codes, rows: &scales };
        let mut scratch = LinearScratch::default();
        for (layer, outputs) in self.layers.iter().zip(outputs) {
            layer.apply(quantized, &mut scratch, outputs);
            if self.gelu {
                outputs.iter_mut().for_each(|row| gelu(row));
            }
        }
    }
}

impl Op for QuantizedLinear {
    fn name(&self) -> StaticName {
        if self.gelu { "QuantizedLinearGelu".into() } else { "QuantizedLinear".into() }
    }

    op_as_typed_op!();
}

impl EvalOp for QuantizedLinear {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.eval_together(&inputs)?.pop().context("the linear operator returned nothing for its input")
    }
}

impl TypedOp for QuantizedLinear {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let length = inputs[0].shape.last().context("the input of a linear layer is a scalar instead of rows")?;
        ensure!(
            *length == self.inputs().to_dim(),
            "the rows of a linear layer have {length} numbers instead of {}",
            self.inputs()
        );
        self.output_lengths().iter().map(|&length| output_fact(inputs[0], length)).collect()
    }

    as_op!();
}

/// Matches from the IntegerMatMul on.
pub fn fuse(
    weights: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    _: &IntegerMatMul,
) -> TractResult<Option<TypedModelPatch>> {
    let quantize = producer(model, node.inputs[0]);
    rule_if!(quantize.op_is::<DynamicQuantizeLinear>());
    rule_if!(node.inputs[0] == OutletId::new(quantize.id, 0) && node.inputs[2] == OutletId::new(quantize.id, 2));
    rule_if_some!((matrix, zero) = weights.matrix(model, node.inputs[1]));
    let outputs = matrix.columns();
    rule_if_some!(zero_points = constant(model, node.inputs[3]));
    rule_if_some!(zero_points = packed_zero_points(&zero_points, zero, outputs));
    let shifted = zero_points.iter().any(|&it| it != 0);
    rule_if!(!shifted || matrix.rows() <= MAX_SHIFTED_INPUTS);

    rule_if_some!((scaled, scales) = scaled_floats(model, node));
    rule_if_some!(scales = weight_scales(model, scales, quantize, outputs));
    let (mut last, mut bias) = (scaled, vec![0.0; outputs]);
    if let Some((add, values)) = added_row(model, last, outputs) {
        (last, bias) = (add, values);
    }
    let layer = Linear::new(matrix.clone(), &scales, &bias);
    let layer = Arc::new(if shifted { layer.with_zero_points(&zero_points) } else { layer });
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, quantize.inputs[0])?;
    let output = patch.wire_node(name, QuantizedLinear::new(tvec!(layer)), &[input])?;
    patch.shunt_outside(model, last.id.into(), output[0])?;
    Ok(Some(patch))
}

/// Moves GELU behind a layer into the layer.
pub fn fuse_gelu(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    linear: &QuantizedLinear,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(!linear.gelu);
    rule_if_some!(gelu = only_reader(model, node));
    rule_if!(gelu.op_as::<ElementWiseOp>().is_some_and(|function| function.0.is::<GeluExact>()));
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, node.inputs[0])?;
    let output = patch.wire_node(name, QuantizedLinear { gelu: true, ..linear.clone() }, &[input])?;
    patch.shunt_outside(model, gelu.id.into(), output[0])?;
    Ok(Some(patch))
}

/// Merges layers that read the same rows into one operator.
pub fn merge(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    linear: &QuantizedLinear,
) -> TractResult<Option<TypedModelPatch>> {
    let mergeable = |id: usize| {
        let node = model.node(id);
        let linear = node.op_as::<QuantizedLinear>().filter(|linear| !linear.gelu)?;
        Some((node, linear))
    };
    let readers = model.outlet_successors(node.inputs[0]);
    let parts: Vec<_> = readers.iter().filter_map(|reader| mergeable(reader.node)).collect();
    rule_if!(!linear.gelu && parts.len() > 1);
    let layers = parts.iter().flat_map(|(_, linear)| linear.layers.iter().cloned()).collect();
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, node.inputs[0])?;
    let outputs = patch.wire_node(name, QuantizedLinear::new(layers), &[input])?;
    let merged =
        parts.iter().flat_map(|(node, linear)| (0..linear.layers.len()).map(|slot| OutletId::new(node.id, slot)));
    for (before, after) in merged.zip(outputs) {
        patch.shunt_outside(model, before, after)?;
    }
    Ok(Some(patch))
}

/// The zero points of a matrix, one for each output or one for all. They are relative to the packed form, where the
/// file's `zero` is 0.
fn packed_zero_points(tensor: &Tensor, zero: i64, outputs: usize) -> Option<Vec<i8>> {
    let numbers = tensor.cast_to::<i64>().ok()?;
    let numbers = numbers.try_as_plain_ram().ok()?.as_slice::<i64>().ok()?;
    let last = tensor.shape().last().copied().unwrap_or(1);
    let fits = numbers.len() == 1 || numbers.len() == outputs && last == outputs;
    fits.then(|| numbers.iter().map(|number| i8::try_from(number - zero).ok()).collect())?
}

/// The scales of the weights, from their product with the scale of the quantised input.
fn weight_scales(model: &TypedModel, product: OutletId, quantize: &TypedNode, outputs: usize) -> Option<Vec<f32>> {
    let product = producer(model, without_added_axes(model, product));
    if !is_binary::<Mul>(product) {
        return None;
    }
    let (input_scale, scales) = variable_and_constant(model, product)?;
    if without_added_axes(model, input_scale) != OutletId::new(quantize.id, 1) {
        return None;
    }
    row(&scales, outputs)
}

/// The next node, if it adds one row to all rows of `node`'s output.
fn added_row<'model>(
    model: &'model TypedModel,
    node: &TypedNode,
    length: usize,
) -> Option<(&'model TypedNode, Vec<f32>)> {
    let add = only_reader(model, node).filter(|next| next.op_is::<TypedBinOp>() && is_binary::<Add>(next))?;
    let (_, values) = variable_and_constant(model, add)?;
    Some((add, row(&values, length)?))
}

#[cfg(test)]
mod tests {
    use tract_core::ops::cast::Cast;

    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{change_first, count_after};

    #[test]
    fn takes_every_product_that_becomes_floats() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::Linear, "IntegerMatMul", change);
        assert_eq!(count(&|_| {}), 0);
        let to_double = |graph: &mut TypedModel| {
            let product = graph.nodes().iter().find(|node| node.op_is::<IntegerMatMul>()).unwrap();
            let cast = product.outputs[0].successors[0].node;
            graph.nodes[cast].op_as_mut::<Cast>().unwrap().to = f64::datum_type();
        };
        assert_eq!(count(&to_double), 1);
    }

    #[test]
    fn layers_of_one_input_become_one() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::SharedInput, "QuantizedLinear", change);
        assert_eq!(count(&|_| {}), 3 * 2 + 1 + 2);
        // One operator with this name fewer; two of its neighbours remain to be merged.
        assert_eq!(
            count(&|graph| change_first(graph, |linear: &mut QuantizedLinear| linear.gelu = true)),
            3 * 2 + 1 + 2
        );
    }
}

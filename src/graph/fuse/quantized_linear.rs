//! A linear layer on int8 weights. It quantises each row of its input, multiplies, scales and adds the bias. It applies
//! GELU too, or the gate of a gated linear unit, if the graph does so next.
//!
//! In the graph this is DynamicQuantizeLinear, IntegerMatMul, Cast, Mul by both scales, Add, GeluExact. There one scale
//! serves the whole tensor. Here each row has a scale, so its result does not depend on the other rows.

use std::ops::Range;

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

/// The fused operator, from rows of `inputs` numbers to rows of other lengths; all axes but the last are rows. Layers
/// that read the same rows, like those for queries, keys and values, share one operator with an output for each.
#[derive(Clone)]
pub struct QuantizedLinear {
    /// At least one; all have the same number of inputs.
    layers: TVec<Arc<Linear>>,
    /// One for each output, or two for the output of a gate.
    parts: TVec<Part>,
    activation: Activation,
}

/// Some columns of a layer's output. A layer may hold several matrices side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub layer: usize,
    pub columns: Range<usize>,
}

/// What follows the linear layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    None,
    Gelu,
    /// GELU of the first part times the second one: GeGLU (Shazeer, *GLU Variants Improve Transformer*, 2020).
    GatedGelu,
}

impl std::fmt::Debug for QuantizedLinear {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (inputs, outputs) = (self.inputs(), self.output_lengths());
        write!(formatter, "QuantizedLinear {{ {inputs} → {outputs:?}, {:?} }}", self.activation)
    }
}

impl PartialEq for QuantizedLinear {
    fn eq(&self, other: &Self) -> bool {
        self.activation == other.activation
            && self.parts == other.parts
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

    /// Each layer has an output. `layers` holds at least one; all have the same number of inputs.
    pub fn new(layers: TVec<Arc<Linear>>) -> Self {
        let parts = layers.iter().enumerate().map(|(layer, it)| Part { layer, columns: 0..it.outputs() }).collect();
        Self { layers, parts, activation: Activation::None }
    }

    /// A copy with these outputs.
    pub fn with_parts(&self, parts: TVec<Part>) -> Self {
        Self { parts, ..self.clone() }
    }

    /// A copy with this activation, which replaces its own.
    pub fn with_activation(&self, activation: Activation) -> Self {
        Self { activation, ..self.clone() }
    }

    pub fn layers(&self) -> &[Arc<Linear>] {
        &self.layers
    }

    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// The layer, if its whole output is the operator's only one, without activation.
    pub fn lone_layer(&self) -> Option<&Arc<Linear>> {
        match (&self.layers[..], &self.parts[..], self.activation) {
            ([layer], [part], Activation::None) if part.columns.len() == layer.outputs() => Some(layer),
            _ => None,
        }
    }

    /// Numbers in a row of each output.
    pub fn output_lengths(&self) -> TVec<usize> {
        let outputs = if self.activation == Activation::GatedGelu { 1 } else { self.parts.len() };
        self.parts.iter().take(outputs).map(|part| part.columns.len()).collect()
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

    /// Writes the outputs for the rows.
    pub fn apply(&self, rows: &[&[f32]], outputs: &mut [&mut [&mut [f32]]]) {
        let (codes, scales) = self.quantize(rows);
        let quantized = QuantizedRows { codes: &codes, rows: &scales };
        let mut scratch = LinearScratch::default();
        for (part, outputs) in self.parts.iter().zip(&mut *outputs) {
            self.write(part, quantized, &mut scratch, outputs);
            if self.activation != Activation::None {
                outputs.iter_mut().for_each(|row| gelu(row));
            }
        }
        if self.activation == Activation::GatedGelu {
            let width = self.parts[1].columns.len();
            let mut gates = vec![0.0; rows.len() * width];
            self.write(&self.parts[1], quantized, &mut scratch, &mut gates.chunks_exact_mut(width).collect::<Vec<_>>());
            outputs[0].iter_mut().zip(gates.chunks_exact(width)).for_each(|(row, gates)| multiply(row, gates));
        }
    }

    /// Writes some columns of a layer.
    fn write(&self, part: &Part, rows: QuantizedRows<'_>, scratch: &mut LinearScratch, outputs: &mut [&mut [f32]]) {
        let layer = &self.layers[part.layer];
        let whole = layer.whole_panels(part.columns.clone());
        if whole == part.columns {
            return layer.apply_some(whole, rows, scratch, outputs);
        }
        let (width, first) = (whole.len(), part.columns.start - whole.start);
        let mut wide = vec![0.0; outputs.len() * width];
        layer.apply_some(whole, rows, scratch, &mut wide.chunks_exact_mut(width).collect::<Vec<_>>());
        for (output, wide) in outputs.iter_mut().zip(wide.chunks_exact(width)) {
            output.copy_from_slice(&wide[first..][..part.columns.len()]);
        }
    }

    /// The outputs, from the whole rows of each layer side by side.
    pub fn outputs_of(&self, layers: &[Vec<f32>]) -> TVec<Vec<f32>> {
        let columns = |part: &Part| -> Vec<f32> {
            let rows = layers[part.layer].chunks_exact(self.layers[part.layer].outputs());
            rows.flat_map(|row| &row[part.columns.clone()]).copied().collect()
        };
        let mut outputs: TVec<Vec<f32>> = self.parts.iter().map(columns).collect();
        if self.activation != Activation::None {
            let width = self.parts[0].columns.len();
            outputs[0].chunks_exact_mut(width).for_each(gelu);
        }
        if self.activation == Activation::GatedGelu {
            let gates = outputs.pop().expect("a gate has two parts");
            multiply(&mut outputs[0], &gates);
        }
        outputs
    }
}

fn multiply(numbers: &mut [f32], factors: &[f32]) {
    numbers.iter_mut().zip(factors).for_each(|(number, factor)| *number *= factor);
}

impl Op for QuantizedLinear {
    fn name(&self) -> StaticName {
        match self.activation {
            Activation::None => "QuantizedLinear".into(),
            Activation::Gelu => "QuantizedLinearGelu".into(),
            Activation::GatedGelu => "QuantizedLinearGatedGelu".into(),
        }
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
    rule_if!(linear.lone_layer().is_some());
    rule_if_some!(gelu = only_reader(model, node).filter(|next| is_gelu(next)));
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, node.inputs[0])?;
    let output = patch.wire_node(name, linear.with_activation(Activation::Gelu), &[input])?;
    patch.shunt_outside(model, gelu.id.into(), output[0])?;
    Ok(Some(patch))
}

/// Moves the gate behind two parts into their operator. Matches the product of one part and GELU of the other.
pub fn fuse_gate(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    product: &TypedBinOp,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(product.0.is::<Mul>());
    rule_if_some!(gelu = node.inputs.iter().copied().find(|&input| is_gelu(producer(model, input))));
    rule_if_some!(gate = other_input(node, gelu));
    let (gated, gelu) = (producer(model, gelu).inputs[0], gelu);
    let source = producer(model, gate);
    rule_if_some!(linear = source.op_as::<QuantizedLinear>().filter(|it| it.activation == Activation::None));
    rule_if!(gated.node == source.id && gated.slot != gate.slot && linear.parts.len() == 2);
    let read_once = |outlet: &OutletId| model.outlet_successors(*outlet).len() == 1 && !model.outputs.contains(outlet);
    rule_if!([gelu, gate, gated].iter().all(read_once));
    let parts: TVec<Part> = [gated, gate].iter().map(|outlet| linear.parts[outlet.slot].clone()).collect();
    rule_if!(parts[0].columns.len() == parts[1].columns.len());
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, source.inputs[0])?;
    let fused = linear.with_parts(parts).with_activation(Activation::GatedGelu);
    let output = patch.wire_node(name, fused, &[input])?;
    patch.shunt_outside(model, node.id.into(), output[0])?;
    Ok(Some(patch))
}

fn is_gelu(node: &TypedNode) -> bool {
    node.op_as::<ElementWiseOp>().is_some_and(|function| function.0.is::<GeluExact>())
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
        let linear = node.op_as::<QuantizedLinear>().filter(|linear| linear.activation == Activation::None)?;
        Some((node, linear))
    };
    let readers = model.outlet_successors(node.inputs[0]);
    let parts: Vec<_> = readers.iter().filter_map(|reader| mergeable(reader.node)).collect();
    rule_if!(linear.activation == Activation::None && parts.len() > 1);
    let (mut layers, mut columns): (TVec<Arc<Linear>>, TVec<Part>) = Default::default();
    for (_, linear) in &parts {
        columns.extend(linear.parts.iter().map(|it| Part { layer: layers.len() + it.layer, ..it.clone() }));
        layers.extend(linear.layers.iter().cloned());
    }
    let fused = QuantizedLinear { layers, parts: columns, activation: Activation::None };
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, node.inputs[0])?;
    let outputs = patch.wire_node(name, fused, &[input])?;
    let merged =
        parts.iter().flat_map(|(node, linear)| (0..linear.parts.len()).map(|slot| OutletId::new(node.id, slot)));
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
            count(&|graph| change_first(graph, |linear: &mut QuantizedLinear| linear.activation = Activation::Gelu)),
            3 * 2 + 1 + 2
        );
    }
}

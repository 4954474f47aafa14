//! Queries on the graph around a node, for the rewrites.

use tract_core::internal::*;
use tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_core::ops::cast::Cast;
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::einsum::EinSum;
use tract_core::ops::element_wise::{ElementWiseMiniOp, ElementWiseOp};
use tract_core::ops::math::{Add, Mul};

/// The node that computes `outlet`.
pub fn producer(model: &TypedModel, outlet: OutletId) -> &TypedNode {
    model.node(outlet.node)
}

/// The one node that reads `node`'s first output, once. `None` if there are none or several readers, or if the output
/// is one of the model's.
pub fn only_reader<'model>(model: &'model TypedModel, node: &TypedNode) -> Option<&'model TypedNode> {
    let outlet = OutletId::from(node.id);
    has_one_reader(model, outlet).then(|| model.node(model.outlet_successors(outlet)[0].node))
}

/// True if one node reads `outlet`, once, and it is none of the model's outputs.
pub fn has_one_reader(model: &TypedModel, outlet: OutletId) -> bool {
    model.outlet_successors(outlet).len() == 1 && !model.outputs.contains(&outlet)
}

/// True for the element-wise operation `Operation` on two tensors.
pub fn is_binary<Operation: BinMiniOp>(node: &TypedNode) -> bool {
    node.op_as::<TypedBinOp>().is_some_and(|operation| operation.0.is::<Operation>())
}

/// True for the element-wise function `Function` of one tensor.
pub fn is_function<Function: ElementWiseMiniOp>(node: &TypedNode) -> bool {
    node.op_as::<ElementWiseOp>().is_some_and(|function| function.0.is::<Function>())
}

/// Replaces what computes the output of `last` from these inputs by one operator.
pub fn replaced(
    model: &TypedModel,
    name: &str,
    operator: impl Into<Box<dyn TypedOp>>,
    inputs: &[OutletId],
    last: &TypedNode,
) -> TractResult<Option<TypedModelPatch>> {
    let mut patch = TypedModelPatch::default();
    let taps = patch.taps(model, inputs)?;
    let output = patch.wire_node(name, operator, &taps)?;
    patch.shunt_outside(model, last.id.into(), output[0])?;
    Ok(Some(patch))
}

/// True if the tensor has length 1 on this axis.
pub fn has_length_one(model: &TypedModel, outlet: OutletId, axis: usize) -> bool {
    let fact = model.outlet_fact(outlet);
    fact.is_ok_and(|fact| fact.shape.get(axis).is_some_and(TDim::is_one))
}

/// The letters of the axes of one tensor of a product.
pub fn axis_letters(product: &EinSum, slot: InOut) -> TVec<char> {
    product.axes.axes(slot).map(|axis| axis.repr).collect()
}

/// The value of `outlet`, if it is constant.
pub fn constant(model: &TypedModel, outlet: OutletId) -> Option<Arc<Tensor>> {
    model.outlet_fact(outlet).ok()?.konst.clone()
}

/// The variable and the constant operand of a binary operation that has one of each, in either order.
pub fn variable_and_constant(model: &TypedModel, node: &TypedNode) -> Option<(OutletId, Arc<Tensor>)> {
    let &[left, right] = &node.inputs[..] else { return None };
    match (constant(model, left), constant(model, right)) {
        (None, Some(value)) => Some((left, value)),
        (Some(value), None) => Some((right, value)),
        _ => None,
    }
}

/// The other input of a binary operation.
pub fn other_input(node: &TypedNode, input: OutletId) -> Option<OutletId> {
    match node.inputs[..] {
        [left, right] if left == input => Some(right),
        [left, right] if right == input => Some(left),
        _ => None,
    }
}

/// The product of floats that an integer product becomes: the node that scales it, and the scales.
pub fn scaled_floats<'model>(model: &'model TypedModel, node: &TypedNode) -> Option<(&'model TypedNode, OutletId)> {
    let cast = only_reader(model, node)?;
    cast.op_as::<Cast>().filter(|cast| cast.to == f32::datum_type())?;
    let scaled = only_reader(model, cast).filter(|next| is_binary::<Mul>(next))?;
    Some((scaled, other_input(scaled, cast.id.into())?))
}

/// Follows `outlet` up through axes of length 1 that were added to broadcast it.
pub fn without_added_axes(model: &TypedModel, mut outlet: OutletId) -> OutletId {
    while let Some(AxisOp::Add(_)) = producer(model, outlet).op_as::<AxisOp>() {
        outlet = producer(model, outlet).inputs[0];
    }
    outlet
}

/// The numbers of a tensor that holds `length` of them along its last axis, or one for all.
pub fn row(tensor: &Tensor, length: usize) -> Option<Vec<f32>> {
    let values = floats(tensor)?;
    let last = tensor.shape().last().copied().unwrap_or(1);
    match values.len() {
        1 => Some(vec![values[0]; length]),
        count if count == length && last == length => Some(values),
        _ => None,
    }
}

/// The number in a tensor that holds only one.
pub fn scalar(tensor: &Tensor) -> Option<f32> {
    match floats(tensor)?[..] {
        [value] => Some(value),
        _ => None,
    }
}

/// The value of all elements of an integer tensor, if they are equal.
pub fn integer(tensor: &Tensor) -> Option<i64> {
    let numbers = tensor.cast_to::<i64>().ok()?;
    let &number = numbers.try_as_plain_ram().ok()?.as_slice::<i64>().ok()?.first()?;
    all_equal(tensor, number).then_some(number)
}

fn floats(tensor: &Tensor) -> Option<Vec<f32>> {
    (tensor.datum_type() == f32::datum_type())
        .then(|| Some(tensor.try_as_plain_ram().ok()?.as_slice::<f32>().ok()?.to_vec()))?
}

/// True if every element of an integer tensor is `value`.
pub fn all_equal(tensor: &Tensor, value: i64) -> bool {
    let Ok(tensor) = tensor.cast_to::<i64>() else { return false };
    tensor
        .try_as_plain_ram()
        .and_then(|ram| Ok(ram.as_slice::<i64>()?.iter().all(|&element| element == value)))
        .unwrap_or(false)
}

/// The next node, if it adds one row to all rows of `node`'s output, and that row. Otherwise `node`, and zeros.
pub fn with_added_row<'model>(
    model: &'model TypedModel,
    node: &'model TypedNode,
    length: usize,
) -> (&'model TypedNode, Vec<f32>) {
    let added = || {
        let add = only_reader(model, node).filter(|next| is_binary::<Add>(next))?;
        let (_, values) = variable_and_constant(model, add)?;
        Some((add, row(&values, length)?))
    };
    added().unwrap_or_else(|| (node, vec![0.0; length]))
}

//! Follows a softmax up to the product that gives its scores. Collects what is added to the scores on the way.

use tract_core::internal::*;
use tract_core::ops::cast::Cast;
use tract_core::ops::change_axes::{AxisOp, perm_to_ops};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::logic::Iff;
use tract_core::ops::math::{Add, IsNan};

use super::by_distance::spread_from;
use super::places::{Axes, axes_above};
use crate::graph::fuse::broadcast::without_broadcasts;
use crate::graph::fuse::letters::factor;
use crate::graph::fuse::pattern::*;

/// Most nodes between a softmax and the product that it reads.
pub const MOST_NODES: usize = 64;

/// A number that hides a key, whether it is added to a score or takes its place: e^x of it is 0 beside any score.
const HIDDEN: f32 = -1e4;

/// True if this constant hides keys.
pub fn hides(model: &TypedModel, outlet: OutletId) -> bool {
    constant(model, outlet).and_then(|value| scalar(&value)).is_some_and(|value| value <= HIDDEN)
}

/// A tensor that is added to the scores, before these changes of axes.
#[derive(Debug, Clone)]
pub struct Addend {
    pub value: OutletId,
    /// Adds the value only where this is true or false; 0 elsewhere. An integer is false if it is 0. Some exporters
    /// choose between the scores and the lowest float. Added to a score, that float hides the key, too.
    pub only_where: Option<(OutletId, bool)>,
    pub changes: TVec<AxisOp>,
}

impl Addend {
    /// Wires the tensor as it is added at last, with its axes in this order; `None` if the changes do not fit it.
    pub fn wire(
        &self,
        model: &TypedModel,
        patch: &mut TypedModelPatch,
        name: &str,
        order: &[usize],
    ) -> TractResult<Option<OutletId>> {
        let mut outlet = if let Some((condition, when)) = self.only_where {
            let value = patch.tap_model(model, self.value)?;
            let zero = tensor0(0f32).broadcast_into_rank(model.outlet_fact(condition)?.rank())?;
            let zero = patch.add_const(format!("{name}.zero"), zero)?;
            let to = bool::datum_type();
            let condition = patch.tap_model(model, condition)?;
            let condition = patch.wire_node(format!("{name}.condition"), Cast { to }, &[condition])?[0];
            let (yes, no) = if when { (value, zero) } else { (zero, value) };
            patch.wire_node(format!("{name}.chosen"), Iff, &[condition, yes, no])?[0]
        } else {
            patch.tap_model(model, self.value)?
        };
        for (index, change) in self.changes.iter().cloned().chain(perm_to_ops(order)).enumerate() {
            let Ok(wires) = patch.wire_node(format!("{name}.{index}"), change, &[outlet]) else {
                return Ok(None);
            };
            outlet = wires[0];
        }
        Ok(Some(outlet))
    }

    /// The axes of queries and keys before the changes, given those behind them.
    pub fn axes(&self, behind: Axes) -> Option<Axes> {
        self.changes.iter().rev().try_fold(behind, |axes, change| axes_above(change, axes))
    }

    /// The same, with a number for each distance; `None` if the tensor is not spread from such numbers.
    pub fn by_distance(&self, model: &TypedModel, axes: Axes) -> Option<Self> {
        self.only_where.is_none().then_some(())?;
        Some(Self { value: spread_from(model, self.value, self.axes(axes)?)?, ..self.clone() })
    }
}

/// The product of queries and keys that gives the scores `outlet`, its factor, and the changes of axes below it.
/// `below` are those below `outlet`, the uppermost first. Tensors that are added to the scaled product go to `addends`.
pub fn scores_of<'model>(
    model: &'model TypedModel,
    outlet: OutletId,
    below: &TVec<AxisOp>,
    addends: &mut TVec<Addend>,
    budget: &mut usize,
) -> Option<(&'model TypedNode, f32, TVec<AxisOp>)> {
    *budget = budget.checked_sub(1)?;
    let node = producer(model, outlet);
    if let Some(change) = node.op_as::<AxisOp>() {
        let changes = [change].into_iter().chain(below).cloned().collect();
        return scores_of(model, node.inputs[0], &changes, addends, budget);
    }
    let mut through = |input: OutletId, addend: Addend| {
        let known = addends.len();
        let found = scores_of(model, input, below, addends, budget);
        if found.is_some() {
            addends.push(addend)
        } else {
            addends.truncate(known)
        }
        found
    };
    if is_binary::<Add>(node) {
        return node.inputs.iter().find_map(|&input| {
            let value = without_broadcasts(model, other_input(node, input)?);
            through(input, Addend { value, only_where: None, changes: below.clone() })
        });
    }
    if node.op_is::<Iff>() {
        let condition = without_broadcasts(model, node.inputs[0]);
        return [(1, 2), (2, 1)].into_iter().find_map(|(value, input)| {
            let (value, when) = (node.inputs[value], value == 1);
            hides(model, value).then_some(())?;
            through(node.inputs[input], Addend { value, only_where: Some((condition, when)), changes: below.clone() })
        });
    }
    if node.op_is::<EinSum>() {
        return Some((node, 1.0, below.clone()));
    }
    let (scaled, number) = factor(model, outlet)?;
    let mut scaled_too = tvec![];
    let (scores, scale, changes) = scores_of(model, scaled, below, &mut scaled_too, budget)?;
    scaled_too.is_empty().then_some((scores, scale * number, changes))
}

/// The node that has the weights of the values. This is the softmax, or a node behind it that writes 0 where the
/// softmax is 0 or NaN already.
pub fn weights_of<'model>(
    model: &'model TypedModel,
    softmax: &'model TypedNode,
    addends: &[Addend],
) -> &'model TypedNode {
    let softmax = behind_nan_guard(model, softmax);
    behind_zeros(model, softmax, addends).unwrap_or(softmax)
}

/// The reader of the softmax that writes 0 to hidden keys, as DeBERTa does in transformers up to 4.46.
fn behind_zeros<'model>(
    model: &'model TypedModel,
    softmax: &TypedNode,
    addends: &[Addend],
) -> Option<&'model TypedNode> {
    let choice = only_reader(model, softmax).filter(|reader| reader.op_is::<Iff>())?;
    let zero_where = choice.inputs[2] == OutletId::from(softmax.id);
    let zero = constant(model, without_broadcasts(model, choice.inputs[if zero_where { 1 } else { 2 }]))?;
    (scalar(&zero) == Some(0.0)).then_some(())?;
    let condition = without_casts(model, choice.inputs[0]);
    let hidden = |addend: &Addend| {
        let same =
            addend.only_where.is_some_and(|(it, when)| when == zero_where && without_casts(model, it) == condition);
        same && hides(model, addend.value)
    };
    addends.iter().any(hidden).then_some(choice)
}

/// The tensor above changes of its type and copies for several rows or heads.
pub fn without_casts(model: &TypedModel, outlet: OutletId) -> OutletId {
    let outlet = without_broadcasts(model, outlet);
    let node = producer(model, outlet);
    if node.op_is::<Cast>() { without_casts(model, node.inputs[0]) } else { outlet }
}

/// The node that outputs the softmax, or 0 where that is NaN because all keys of a row are hidden. The engine hides no
/// key of a text.
fn behind_nan_guard<'model>(model: &'model TypedModel, softmax: &'model TypedNode) -> &'model TypedNode {
    let outlet = OutletId::from(softmax.id);
    let readers: TVec<&TypedNode> =
        model.outlet_successors(outlet).iter().map(|reader| model.node(reader.node)).collect();
    let guard = |test: &TypedNode, choice: &'model TypedNode| {
        let zero = choice.inputs.get(1).and_then(|&outlet| constant(model, outlet));
        is_function::<IsNan>(test)
            && choice.op_is::<Iff>()
            && choice.inputs[0] == OutletId::from(test.id)
            && choice.inputs[2] == outlet
            && zero.and_then(|zero| scalar(&zero)) == Some(0.0)
    };
    match readers[..] {
        [one, other] if guard(one, other) => other,
        [one, other] if guard(other, one) => one,
        _ => softmax,
    }
}

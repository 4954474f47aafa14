//! Tensors that depend on the places of query and key by the distance between them alone.
//!
//! Relative positions are one: the graph computes a number for each pair of places, sequence². Here it computes one for
//! each distance, 2 · sequence − 1.

use tract_core::internal::*;
use tract_core::ops::array::{MultiBroadcastTo, Range};
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cast::Cast;
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::logic::Iff;
use tract_core::ops::math::{add, mul};
use tract_core::ops::quant::DequantizeLinearF32;

use super::places::{Axes, axes_above, number};
use super::spread::Spread;
use crate::graph::fuse::broadcast::without_broadcasts;
use crate::graph::fuse::embedding::Embedding;
use crate::graph::fuse::pattern::producer;
use crate::graph::import::gather::Gather;

/// Most operators behind a tensor.
const MOST_NODES: usize = 256;

/// The numbers by distance that are spread over the pairs of places in this tensor.
pub fn spread_from(model: &TypedModel, outlet: OutletId, axes: Axes) -> Option<OutletId> {
    let node = producer(model, without_broadcasts(model, outlet));
    node.op_as::<Spread>().filter(|spread| spread.axes == axes).map(|_| node.inputs[0])
}

/// Replaces a tensor by one that is spread from numbers by distance. `None` if it is already, its numbers do not follow
/// from the distance, or an operator cannot compute them in that shape.
pub fn spread(
    model: &TypedModel,
    outlet: OutletId,
    axes: Axes,
    sequence: &TDim,
) -> TractResult<Option<TypedModelPatch>> {
    let outlet = without_broadcasts(model, outlet);
    rule_if!(spread_from(model, outlet, axes).is_none());
    let mut patch = TypedModelPatch::default();
    let mut wiring = Wiring { model, patch: &mut patch, sequence, budget: MOST_NODES };
    rule_if_some!(distances = wiring.wire(outlet, axes).ok().flatten());
    let name = format!("{}.spread", producer(model, outlet).name);
    let spread = patch.wire_node(name, Spread { axes }, &[distances])?[0];
    rule_if!(patch.outlet_fact(spread)?.shape == model.outlet_fact(outlet)?.shape);
    patch.shunt_outside(model, outlet, spread)?;
    Ok(Some(patch))
}

/// Wires numbers from 1 − `sequence` to `sequence` − 1, the place of a key less that of a query, in place of both.
struct Wiring<'a> {
    model: &'a TypedModel,
    patch: &'a mut TypedModelPatch,
    sequence: &'a TDim,
    budget: usize,
}

impl Wiring<'_> {
    fn wire(&mut self, outlet: OutletId, axes: Axes) -> TractResult<Option<OutletId>> {
        rule_if!(self.budget > 0);
        self.budget -= 1;
        let outlet = without_broadcasts(self.model, outlet);
        let fact = self.model.outlet_fact(outlet)?;
        rule_if!(fact.rank() > axes.query.max(axes.key));
        if fact.shape[axes.query].is_one() && fact.shape[axes.key].is_one() {
            return self.patch.tap_model(self.model, outlet).map(Some);
        }
        let node = producer(self.model, outlet);
        let name = format!("{}.by_distance.{}.{}", node.name, axes.query, axes.key);
        if let Ok(wired) = self.patch.node_id_by_name(&name) {
            return Ok(Some(wired.into()));
        }
        if let Some(number) = number(self.model, outlet, axes, &mut MOST_NODES.clone())
            && number.magnitude == 0
            && number.key.checked_neg() == Some(number.query)
            && number.key != 0
        {
            let (rank, to) = (fact.rank(), fact.datum_type);
            return self.linear(&name, rank, axes, [number.key, number.offset], to).map(Some);
        }
        if let Some(change) = node.op_as::<AxisOp>() {
            rule_if_some!(above = axes_above(change, axes));
            rule_if_some!(input = self.wire(node.inputs[0], above)?);
            return Ok(Some(self.patch.wire_node(name, change.clone(), &[input])?[0]));
        }
        if let Some(gather) = node.op_as::<Gather>().filter(|gather| gather.axis == 0) {
            rule_if_some!(indices = self.wire(node.inputs[1], axes)?);
            let data = self.patch.tap_model(self.model, node.inputs[0])?;
            return Ok(Some(self.patch.wire_node(name, gather.clone(), &[data, indices])?[0]));
        }
        // One number for all places.
        if node.op_is::<MultiBroadcastTo>() && self.model.outlet_fact(node.inputs[0])?.shape.volume().is_one() {
            let single = self.patch.tap_model(self.model, node.inputs[0])?;
            let shape = ShapeFact::from(tvec![1.to_dim(); fact.rank()]);
            return Ok(Some(self.patch.wire_node(name, MultiBroadcastTo { shape }, &[single])?[0]));
        }
        // Each of their numbers, or rows, follows from the numbers at the same place of the inputs.
        let each_alone = node.op_is::<ElementWiseOp>()
            || node.op_is::<TypedBinOp>()
            || node.op_is::<Cast>()
            || node.op_is::<Iff>()
            || node.op_is::<DequantizeLinearF32>()
            || node.op_as::<Embedding>().is_some_and(Embedding::is_by_input);
        rule_if!(each_alone);
        let mut inputs = tvec![];
        for &input in &node.inputs {
            rule_if_some!(wired = self.wire(input, axes)?);
            inputs.push(wired);
        }
        Ok(Some(self.patch.wire_node(name, node.op.clone(), &inputs)?[0]))
    }

    /// Wires slope · distance + offset.
    fn linear(
        &mut self,
        name: &str,
        rank: usize,
        axes: Axes,
        [slope, offset]: [i64; 2],
        to: DatumType,
    ) -> TractResult<OutletId> {
        let bounds = [1.to_dim() - self.sequence, self.sequence.clone(), 1.to_dim()];
        let mut inputs = tvec![];
        for (bound, part) in bounds.into_iter().zip(["start", "limit", "step"]) {
            inputs.push(self.patch.add_const(format!("{name}.{part}"), tensor0(bound))?);
        }
        let range = Range::new(self.sequence.clone() * 2 - 1);
        let mut outlet = self.patch.wire_node(format!("{name}.range"), range, &inputs)?[0];
        outlet = self.patch.wire_node(format!("{name}.integers"), Cast { to: i64::datum_type() }, &[outlet])?[0];
        for (operation, number, part) in [(mul(), slope, "slope"), (add(), offset, "offset")] {
            let number = self.patch.add_const(format!("{name}.{part}.number"), tensor1(&[number]))?;
            outlet = self.patch.wire_node(format!("{name}.{part}"), operation, &[outlet, number])?[0];
        }
        for axis in 0..rank - 1 {
            let change = AxisOp::Add(if axis < axes.key { 0 } else { axis + 1 });
            outlet = self.patch.wire_node(format!("{name}.axis.{axis}"), change, &[outlet])?[0];
        }
        Ok(self.patch.wire_node(name, Cast { to }, &[outlet])?[0])
    }
}

#[cfg(test)]
mod tests {
    use tract_core::ops::math::{abs, min};

    use super::*;
    use crate::graph::fuse::attention::places::testing::{AXES, model_of_places};

    /// Wires the smaller of a magnitude and the bound, as a float.
    fn nearness(model: &mut TypedModel, number: OutletId, bound: OutletId) -> OutletId {
        let magnitude = model.wire_node("magnitude", abs(), &[number]).unwrap()[0];
        let near = model.wire_node("near", min(), &[magnitude, bound]).unwrap()[0];
        let float = model.wire_node("float", Cast { to: f32::datum_type() }, &[near]).unwrap()[0];
        model.select_output_outlets(&[float]).unwrap();
        float
    }

    fn sequence(model: &TypedModel) -> TDim {
        model.symbols.sym("sequence").into()
    }

    fn run(model: &TypedModel, length: i64) -> TValue {
        let sizes = [(model.symbols.sym("sequence"), length.to_dim())].into();
        model.set_symbols(&sizes).unwrap().into_runnable().unwrap().run(tvec![]).unwrap().remove(0)
    }

    #[test]
    fn numbers_by_distance_are_those_of_all_pairs() {
        let (mut model, [distance, _, bound]) = model_of_places(3);
        let float = nearness(&mut model, distance, bound);
        let expected = [1, 2, 7].map(|length| run(&model, length));
        let size = sequence(&model);
        spread(&model, float, AXES, &size).unwrap().unwrap().apply(&mut model).unwrap();
        model.compact().unwrap();
        assert_eq!([1, 2, 7].map(|length| run(&model, length)), expected);
        let output = model.outputs[0];
        let by_distance = spread_from(&model, output, AXES).unwrap();
        assert_eq!(model.outlet_fact(by_distance).unwrap().shape[AXES.key], size.clone() * 2 - 1);
        assert!(spread(&model, output, AXES, &size).unwrap().is_none());
        assert_eq!(spread_from(&model, output, Axes { query: AXES.key, key: AXES.query }), None);
    }

    #[test]
    fn a_product_of_places_does_not_follow_from_their_distance() {
        let (mut model, [_, product, bound]) = model_of_places(3);
        let float = nearness(&mut model, product, bound);
        assert!(spread(&model, float, AXES, &sequence(&model)).unwrap().is_none());
    }
}

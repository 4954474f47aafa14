//! Moves broadcasts below element-wise operators, so that these run on the smaller tensor.
//!
//! Exports with scaled dot-product attention expand the mask to sequence × sequence before they turn it into numbers.
//! At the end of these steps, the addition to the scores broadcasts by itself.

use tract_core::internal::*;
use tract_core::ops::array::MultiBroadcastTo;

use super::pattern::{constant, producer};
use super::weights::Weights;

/// The tensor before the broadcasts that computed `outlet` from it, if these keep its rank.
pub fn without_broadcasts(model: &TypedModel, mut outlet: OutletId) -> OutletId {
    let rank = |outlet: OutletId| model.outlet_fact(outlet).map_or(0, |fact| fact.rank());
    while producer(model, outlet).op_is::<MultiBroadcastTo>() {
        let source = producer(model, outlet).inputs[0];
        if rank(source) != rank(outlet) {
            break;
        }
        outlet = source;
    }
    outlet
}

/// Matches an element-wise operator. Its inputs must be broadcasts to the shape of its output, or single numbers.
pub fn lower<Operation: TypedOp + Clone>(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    operation: &Operation,
) -> TractResult<Option<TypedModelPatch>> {
    let shape = &node.outputs[0].fact.shape;
    let mut sources = TVec::with_capacity(node.inputs.len());
    for &input in &node.inputs {
        let source = without_broadcasts(model, input);
        let single = constant(model, input).is_some_and(|value| value.len() == 1 && value.rank() == shape.rank());
        rule_if!(single || source != input && model.outlet_fact(input)?.shape == *shape);
        sources.push(source);
    }
    rule_if!(sources[..] != node.inputs[..]);
    let mut patch = TypedModelPatch::default();
    let taps = patch.taps(model, &sources)?;
    let output = patch.wire_node(format!("{name}.before_broadcast"), operation.clone(), &taps)?;
    let output = patch.wire_node(name, MultiBroadcastTo { shape: shape.clone() }, &output)?;
    patch.shunt_outside(model, node.id.into(), output[0])?;
    Ok(Some(patch))
}

#[cfg(test)]
mod tests {
    use tract_core::ops::array::MultiBroadcastTo;
    use tract_core::ops::cast::Cast;
    use tract_core::ops::logic::Iff;
    use tract_core::ops::math::{add, sub};

    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::onnx::WeightStore;

    /// The mask of an export with scaled dot-product attention: numbers for each of `length` keys, as rows of a square.
    fn mask(length: usize, added: Option<&Tensor>) -> TypedModel {
        let mut model = TypedModel::default();
        let keys = model.add_source("keys", i64::fact([1, 1, 1, length])).unwrap();
        let keys = model.wire_node("floats", Cast { to: f32::datum_type() }, &[keys]).unwrap()[0];
        let shape = ShapeFact::from_dims([1, 1, length, length].map(|length: usize| length.to_dim()));
        let square = model.wire_node("square", MultiBroadcastTo { shape }, &[keys]).unwrap()[0];
        let one = model.add_const("one", tensor4(&[[[[1f32]]]])).unwrap();
        let hidden = model.wire_node("hidden", sub(), &[one, square]).unwrap()[0];
        let condition = model.wire_node("condition", Cast { to: bool::datum_type() }, &[hidden]).unwrap()[0];
        let lowest = model.add_const("lowest", tensor4(&[[[[f32::MIN]]]])).unwrap();
        let mut output = model.wire_node("mask", Iff, &[condition, lowest, hidden]).unwrap()[0];
        if let Some(added) = added {
            let added = model.add_const("added", added.clone()).unwrap();
            output = model.wire_node("sum", add(), &[output, added]).unwrap()[0];
        }
        model.select_output_outlets(&[output]).unwrap();
        model
    }

    fn shapes(model: &TypedModel, operator: &str) -> Vec<Vec<TDim>> {
        let nodes = model.nodes().iter().filter(|node| node.op.name() == operator);
        nodes.map(|node| node.outputs[0].fact.shape.to_tvec().to_vec()).collect()
    }

    fn run(model: &TypedModel) -> TValue {
        let keys = Tensor::from_shape(&[1, 1, 1, 5], &[1i64, 1, 0, 1, 0]).unwrap();
        model.clone().into_runnable().unwrap().run(tvec![keys.into()]).unwrap().remove(0)
    }

    #[test]
    fn operators_run_on_a_row_and_give_the_same_square() {
        let mut model = mask(5, None);
        let expected = run(&model);
        Rewrite::Broadcast.apply(&mut model, &Weights::new(WeightStore::default())).unwrap();
        model.compact().unwrap();
        let row = vec![[1, 1, 1, 5].map(|length: usize| length.to_dim()).to_vec()];
        assert_eq!([shapes(&model, "Sub"), shapes(&model, "Iff")], [row.clone(), row]);
        assert_eq!(shapes(&model, "MultiBroadcastTo").len(), 1);
        assert_eq!(run(&model), expected);
    }

    #[test]
    fn an_operand_with_other_numbers_in_each_row_keeps_the_square() {
        let square: Vec<f32> = (0..25).map(|number| number as f32).collect();
        let mut model = mask(5, Some(&Tensor::from_shape(&[1, 1, 5, 5], &square).unwrap()));
        let expected = run(&model);
        Rewrite::Broadcast.apply(&mut model, &Weights::new(WeightStore::default())).unwrap();
        model.compact().unwrap();
        let all = vec![[1, 1, 5, 5].map(|length: usize| length.to_dim()).to_vec()];
        assert_eq!(shapes(&model, "Add"), all);
        assert_eq!(run(&model), expected);
    }
}

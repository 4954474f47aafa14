//! Finds the logit among the outputs of a graph.

use tract_core::internal::*;
use tract_core::ops::array::Slice;
use tract_core::ops::cast::Cast;
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::math::sub;
use tract_core::ops::nn::{Sigmoid, Softmax};
use tract_core::ops::quant::DequantizeLinearF32;

use super::gather::Gather;
use super::operators::QuantizeLinear;

/// Names of the output that a classifier's exporter gives its logits.
const NAMES: [&str; 3] = ["logits", "score", "scores"];

/// Makes the logit the only output: the output of one of the usual names, else the first. What turns logits into
/// probabilities is left out: a sigmoid, or a softmax over labels, with the changes of shape and the rounding behind it.
/// Of two labels, the logit is what the second has more than the first, because a softmax of both is the sigmoid of
/// that.
pub fn select(model: &mut TypedModel, names: &[&str]) -> TractResult<()> {
    let named = names.iter().position(|name| NAMES.contains(name)).unwrap_or(0);
    let mut outlet = *model.outputs.get(named).context("the graph has no output")?;
    let mut label = None;
    while let Some(probabilities) = probabilities(model, outlet)? {
        label = label.or(probabilities.label);
        outlet = probabilities.logits;
    }
    let shape = model.outlet_fact(outlet)?.shape.to_tvec();
    if shape.len() == 2 && shape[1] == 2.to_dim() {
        let [no, yes] = [0, 1].map(|label: usize| {
            model.wire_node(format!("logit.{label}"), Slice::new(1, label.to_dim(), (label + 1).to_dim()), &[outlet])
        });
        let (no, yes) = (no?[0], yes?[0]);
        let inputs = if label == Some(0) { [no, yes] } else { [yes, no] };
        outlet = model.wire_node("logit", sub(), &inputs)?[0];
    }
    model.select_output_outlets(&[outlet])
}

/// The end of a graph that turns logits into probabilities.
struct Probabilities {
    logits: OutletId,
    /// The label of a softmax that the graph returns alone.
    label: Option<usize>,
}

/// Looks for a sigmoid or a softmax above operators that keep the numbers.
fn probabilities(model: &TypedModel, mut outlet: OutletId) -> TractResult<Option<Probabilities>> {
    let mut label = None;
    loop {
        let node = model.node(outlet.node);
        let logits = node.inputs.first().copied();
        if is_function::<Sigmoid>(node) && label.is_none() {
            return Ok(logits.map(|logits| Probabilities { logits, label }));
        }
        if let Some(softmax) = node.op_as::<Softmax>() {
            let shape = &model.outlet_fact(outlet)?.shape;
            let over_labels = shape.rank() == 2 && softmax.axes[..] == [1];
            return Ok(logits.filter(|_| over_labels).map(|logits| Probabilities { logits, label }));
        }
        if let Some(place) = picked_label(model, node)? {
            if label.replace(place).is_some() {
                return Ok(None);
            }
        } else if !keeps_the_numbers(node) {
            return Ok(None);
        }
        let Some(above) = logits else { return Ok(None) };
        outlet = above;
    }
}

/// The label that a node picks from two.
fn picked_label(model: &TypedModel, node: &TypedNode) -> TractResult<Option<usize>> {
    let Some(&labels) = node.inputs.first() else { return Ok(None) };
    let shape = &model.outlet_fact(labels)?.shape;
    if shape.rank() != 2 || shape[1] != 2.to_dim() {
        return Ok(None);
    }
    let of_slice = node.op_as::<Slice>().filter(|slice| slice.axis == 1 && (slice.end.clone() - &slice.start).is_one());
    let of_gather = || {
        node.op_as::<Gather>().filter(|gather| gather.axis == 1)?;
        model.outlet_fact(node.inputs[1]).ok()?.konst.as_ref()?.cast_to_scalar::<i64>().ok()
    };
    let place = of_slice.and_then(|slice| slice.start.to_i64().ok()).or_else(of_gather);
    Ok(place.map(|place| if place < 0 { place + 2 } else { place }).and_then(|place| usize::try_from(place).ok()))
}

/// True for a change of shape or type, and for rounding to integers and back.
fn keeps_the_numbers(node: &TypedNode) -> bool {
    let to_floats = node.op_as::<Cast>().is_some_and(|cast| cast.to.is_float());
    to_floats || node.op_is::<AxisOp>() || node.op_is::<QuantizeLinear>() || node.op_is::<DequantizeLinearF32>()
}

fn is_function<Function: ElementWiseMiniOp>(node: &TypedNode) -> bool {
    node.op_as::<ElementWiseOp>().is_some_and(|function| function.0.is::<Function>())
}

#[cfg(test)]
mod tests {
    use tract_core::ops::nn::sigmoid;

    use super::*;

    fn run(labels: usize, names: &[&str], wire: impl Fn(&mut TypedModel, OutletId) -> TVec<OutletId>) -> Vec<f32> {
        let mut model = TypedModel::default();
        let input = model.add_source("input", f32::fact([1, labels])).unwrap();
        let outlets = wire(&mut model, input);
        model.select_output_outlets(&outlets).unwrap();
        select(&mut model, names).unwrap();
        let values: Vec<f32> = (0..labels).map(|label| 3.0 * label as f32 + 1.5).collect();
        let input = Tensor::from_shape(&[1, labels], &values).unwrap().into_tvalue();
        let output = model.into_runnable().unwrap().run(tvec!(input)).unwrap().remove(0);
        output.view().as_slice::<f32>().unwrap().to_vec()
    }

    #[test]
    fn a_sigmoid_at_the_end_is_left_out() {
        let wire = |model: &mut TypedModel, input| model.wire_node("sigmoid", sigmoid(), &[input]).unwrap();
        assert_eq!(run(1, &["score"], wire), [1.5]);
    }

    #[test]
    fn a_sigmoid_below_a_change_of_shape_or_a_rounding_is_left_out() {
        let squeezed = |model: &mut TypedModel, input| {
            let probability = model.wire_node("sigmoid", sigmoid(), &[input]).unwrap();
            let to = DatumType::U8;
            let integer = model
                .wire_node("quantize", QuantizeLinear { scale: 0.004, zero_point: 0.0, to }, &probability)
                .unwrap();
            let rounded = model.wire_node("dequantize", DequantizeLinearF32::new(0.004, 0), &integer).unwrap();
            model.wire_node("squeeze", AxisOp::Rm(1), &rounded).unwrap()
        };
        assert_eq!(run(1, &["score"], squeezed), [1.5]);
    }

    #[test]
    fn a_softmax_of_two_labels_is_left_out() {
        let softmax = |model: &mut TypedModel, input| {
            let softmax = Softmax { axes: tvec![1], ..Softmax::default() };
            model.wire_node("softmax", softmax, &[input]).unwrap()
        };
        assert_eq!(run(2, &["logits"], softmax), [3.0]);
        for (label, logit) in [(0, -3.0), (1, 3.0)] {
            let sliced = |model: &mut TypedModel, input| {
                let probabilities = softmax(model, input);
                model.wire_node("slice", Slice::new(1, label, label + 1), &probabilities).unwrap()
            };
            assert_eq!(run(2, &["scores"], sliced), [logit]);
            let gathered = |model: &mut TypedModel, input| {
                let probabilities = softmax(model, input);
                let index = model.add_const("index", tensor0(label as i64)).unwrap();
                model.wire_node("gather", Gather { axis: 1 }, &[probabilities[0], index]).unwrap()
            };
            assert_eq!(run(2, &["scores"], gathered), [logit]);
        }
    }

    #[test]
    fn a_softmax_that_is_not_at_the_end_stays() {
        let negative = |model: &mut TypedModel, input| {
            let softmax = Softmax { axes: tvec![1], ..Softmax::default() };
            let probabilities = model.wire_node("softmax", softmax, &[input]).unwrap();
            model.wire_node("negative", tract_core::ops::math::neg(), &probabilities).unwrap()
        };
        assert_eq!(run(1, &["logits"], negative), [-1.0]);
    }

    #[test]
    fn two_labels_are_one_logit_and_three_are_not() {
        assert_eq!(run(2, &["logits"], |_, input| tvec![input]), [3.0]);
        assert_eq!(run(3, &["logits"], |_, input| tvec![input]), [1.5, 4.5, 7.5]);
    }

    #[test]
    fn an_output_called_logits_counts_wherever_it_stands() {
        let wire = |model: &mut TypedModel, input: OutletId| {
            let hidden = model.wire_node("hidden", tract_core::ops::math::neg(), &[input]).unwrap()[0];
            tvec![hidden, input]
        };
        assert_eq!(run(1, &["last_hidden_state", "logits"], wire), [1.5]);
        assert_eq!(run(1, &["first", "second"], wire), [-1.5]);
    }
}

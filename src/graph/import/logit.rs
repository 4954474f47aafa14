//! Finds the logit among the outputs of a graph.

use tract_core::internal::*;
use tract_core::ops::array::Slice;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::math::sub;
use tract_core::ops::nn::Sigmoid;

/// Names of the output that a classifier's exporter gives its logits.
const NAMES: [&str; 3] = ["logits", "score", "scores"];

/// Makes the logit the only output: the output of one of the usual names, else the first. A sigmoid at its end is left
/// out. Of two labels, the logit is what the second has more than the first, because a softmax of both is the sigmoid
/// of that.
pub fn select(model: &mut TypedModel, names: &[&str]) -> TractResult<()> {
    let named = names.iter().position(|name| NAMES.contains(name)).unwrap_or(0);
    let mut outlet = *model.outputs.get(named).context("the graph has no output")?;
    while model.node(outlet.node).op_as::<ElementWiseOp>().is_some_and(|function| function.0.is::<Sigmoid>()) {
        outlet = model.node(outlet.node).inputs[0];
    }
    let shape = model.outlet_fact(outlet)?.shape.to_tvec();
    if shape.len() == 2 && shape[1] == 2.to_dim() {
        let [no, yes] = [0, 1].map(|label: usize| {
            model.wire_node(format!("logit.{label}"), Slice::new(1, label.to_dim(), (label + 1).to_dim()), &[outlet])
        });
        outlet = model.wire_node("logit", sub(), &[yes?[0], no?[0]])?[0];
    }
    model.select_output_outlets(&[outlet])
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

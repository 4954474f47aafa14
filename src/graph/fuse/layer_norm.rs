//! Layer normalisation, together with the addition of a residual before it.
//!
//! In the graph this is Add, mean (Reduce and Mul), Sub, RmsNorm, Mul by γ, Add of β if there is one. RMS norm lacks the
//! mean and the Sub.

use tract_core::internal::*;
use tract_core::ops::math::{Add, Div, Mul, Sub};
use tract_core::ops::nn::{Reduce, Reducer, RmsNorm};

use super::pattern::*;
use super::weights::Weights;
use crate::kernels::functions::layer_norm::{LayerNorm, layer_norm};

/// The fused operator. Two inputs have the same shape and are added first. The last axis is normalised.
#[derive(Debug, Clone, PartialEq)]
pub struct AddLayerNorm {
    gamma: Arc<[f32]>,
    beta: Arc<[f32]>,
    epsilon: f32,
    centred: bool,
}

impl Eq for AddLayerNorm {}

impl Op for AddLayerNorm {
    fn name(&self) -> StaticName {
        "AddLayerNorm".into()
    }

    op_as_typed_op!();
}

impl EvalOp for AddLayerNorm {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut output = Tensor::zero::<f32>(inputs[0].shape())?;
        let input = inputs[0].try_as_plain_ram()?;
        let residual = inputs.get(1).map(|residual| residual.try_as_plain_ram()).transpose()?;
        layer_norm(
            input.as_slice::<f32>()?,
            residual.as_ref().map(|residual| residual.as_slice::<f32>()).transpose()?,
            LayerNorm { gamma: &self.gamma, beta: &self.beta, epsilon: self.epsilon, centred: self.centred },
            output.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?,
        );
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for AddLayerNorm {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(
            inputs.iter().all(|input| input.shape == inputs[0].shape),
            "the inputs of a layer normalisation differ in shape"
        );
        ensure!(
            inputs[0].shape.last() == Some(&self.gamma.len().to_dim()),
            "γ of a layer normalisation has {} numbers, but the rows differ",
            self.gamma.len()
        );
        Ok(tvec!(f32::fact(inputs[0].shape.clone())))
    }

    as_op!();
}

/// Matches from the RmsNorm on.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    norm: &RmsNorm,
) -> TractResult<Option<TypedModelPatch>> {
    let fact = model.outlet_fact(node.inputs[0])?;
    rule_if!(fact.datum_type == f32::datum_type() && norm.axis + 1 == fact.rank());
    rule_if_some!(hidden = fact.shape.last().and_then(|size| size.to_usize().ok()));
    rule_if_some!(epsilon = scalar(&norm.eps));
    let above = producer(model, node.inputs[0]);
    let centred = is_binary::<Sub>(above) && is_mean(model, above.inputs[1], above.inputs[0], norm.axis, hidden);
    let input = if centred { above.inputs[0] } else { node.inputs[0] };

    rule_if_some!(scaled = only_reader(model, node).filter(|next| is_binary::<Mul>(next)));
    rule_if_some!((_, gamma) = variable_and_constant(model, scaled));
    rule_if_some!(gamma = row(&gamma, hidden));
    let shifted = only_reader(model, scaled).filter(|next| is_binary::<Add>(next)).and_then(|next| {
        let (_, beta) = variable_and_constant(model, next)?;
        Some((next, row(&beta, hidden)?))
    });
    let (last, beta) = shifted.unwrap_or((scaled, vec![0.0; hidden]));

    replaced(
        model,
        name,
        AddLayerNorm { gamma: gamma.into(), beta: beta.into(), epsilon, centred },
        &summands(model, input, if centred { 2 } else { 1 }),
        last,
    )
}

/// The same for constant rows, before tract computes them. Its sums differ between processors in the last bit.
pub fn fuse_constant(
    weights: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    norm: &RmsNorm,
) -> TractResult<Option<TypedModelPatch>> {
    let above = producer(model, node.inputs[0]);
    rule_if!(
        [Some(&node.inputs[0]), above.inputs.first()].into_iter().flatten().any(|&it| constant(model, it).is_some())
    );
    fuse(weights, model, node, name, norm)
}

/// True if `mean` is the sum of `input` along `axis`, divided by `length`. tract multiplies with 1/`length` later.
fn is_mean(model: &TypedModel, mean: OutletId, input: OutletId, axis: usize, length: usize) -> bool {
    let mean = producer(model, mean);
    let Some((sum, number)) = variable_and_constant(model, mean) else { return false };
    let divides = is_binary::<Div>(mean) && mean.inputs[0] == sum && scalar(&number) == Some(length as f32);
    let multiplies = is_binary::<Mul>(mean) && scalar(&number) == Some(1.0 / length as f32);
    let sum = producer(model, sum);
    (divides || multiplies)
        && sum.inputs[..] == [input]
        && sum.op_as::<Reduce>().is_some_and(|sum| sum.axes[..] == [axis] && sum.reducer == Reducer::Sum)
}

/// The two inputs of the addition that computes `outlet`, if only the nodes of this normalisation, `readers` of them,
/// read it; else `outlet` itself.
fn summands(model: &TypedModel, outlet: OutletId, readers: usize) -> TVec<OutletId> {
    let add = producer(model, outlet);
    let shape = |outlet: &OutletId| model.outlet_fact(*outlet).map(|fact| fact.shape.clone()).ok();
    let whole = |input: &OutletId| constant(model, *input).is_none() && shape(input) == shape(&outlet);
    if is_binary::<Add>(add) && model.outlet_successors(outlet).len() == readers && add.inputs.iter().all(whole) {
        add.inputs.iter().copied().collect()
    } else {
        tvec!(outlet)
    }
}

#[cfg(test)]
mod tests {
    use tract_core::ops::math::{div, mul, sub};

    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{TINY, after, change_first, count_after};

    #[test]
    fn takes_every_normalisation_of_rows() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::LayerNorm, "AddLayerNorm", change);
        assert_eq!(count(&|_| {}), 5);
        assert_eq!(count(&|graph| change_first(graph, |norm: &mut RmsNorm| norm.axis = 1)), 4);
    }

    #[test]
    fn a_norm_without_the_mean_subtracts_none() {
        let centred = |change: &dyn Fn(&mut TypedModel)| {
            let graph = after(TINY, Rewrite::LayerNorm, change);
            let norms = graph.nodes().iter().filter_map(|node| node.op_as::<AddLayerNorm>());
            norms.map(|norm| norm.centred).collect::<Vec<_>>()
        };
        assert_eq!(centred(&|_| {}), [true; 5]);
        let max = |graph: &mut TypedModel| change_first(graph, |mean: &mut Reduce| mean.reducer = Reducer::Max);
        assert_eq!(centred(&max).iter().filter(|centred| **centred).count(), 4);
        let without_mean = |graph: &mut TypedModel| {
            let norms: Vec<usize> =
                graph.nodes().iter().filter(|node| node.op_is::<RmsNorm>()).map(|it| it.id).collect();
            for norm in norms {
                let input = producer(graph, graph.node(norm).inputs[0]).inputs[0];
                graph.add_edge(input, InletId::new(norm, 0)).unwrap();
            }
        };
        assert_eq!(centred(&without_mean), [false; 5]);
    }

    #[test]
    fn takes_the_norm_of_a_constant_before_tract_computes_it() {
        let mut graph = TypedModel::default();
        let rows: Vec<f32> = (0..64).map(|index| (index as f32).sin()).collect();
        let rows = graph.add_const("rows", Tensor::from_shape(&[2, 32], &rows).unwrap()).unwrap();
        let sum = graph.wire_node("sum", Reduce::new(tvec![1], Reducer::Sum), &[rows]).unwrap();
        let count = graph.add_const("count", tensor2(&[[32f32]])).unwrap();
        let mean = graph.wire_node("mean", div(), &[sum[0], count]).unwrap();
        let centred = graph.wire_node("centred", sub(), &[rows, mean[0]]).unwrap();
        let norm = RmsNorm { axis: 1, eps: tensor0(1e-5f32).into() };
        let norm = graph.wire_node("norm", norm, &centred).unwrap();
        let gamma = graph.add_const("gamma", Tensor::from_shape(&[1, 32], &[2f32; 32]).unwrap()).unwrap();
        let scaled = graph.wire_node("scaled", mul(), &[norm[0], gamma]).unwrap();
        graph.select_output_outlets(&scaled).unwrap();
        let norm = graph.node(norm[0].node);
        let patch = fuse_constant(&Weights::default(), &graph, norm, "fused", norm.op_as().unwrap()).unwrap().unwrap();
        let fused = patch.model.nodes().iter().find_map(|node| node.op_as::<AddLayerNorm>());
        assert!(fused.is_some_and(|norm| norm.centred));
    }
}

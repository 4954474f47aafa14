//! The rewrite that joins attention with the layers of its queries, keys and values.

use tract_core::internal::*;

use super::operator::SelfAttention;
use crate::graph::fuse::attention::Attention;
use crate::graph::fuse::first_token::picks_first_token;
use crate::graph::fuse::linear::{Activation, LinearLayers};
use crate::graph::fuse::pattern::{has_one_reader, replaced};
use crate::graph::fuse::weights::Weights;

/// Matches from the attention on.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    attention: &Attention,
) -> TractResult<Option<TypedModelPatch>> {
    let &[queries, keys, values, ref further @ ..] = &node.inputs[..] else { return Ok(None) };
    rule_if!(keys.node == values.node && [queries, keys, values].iter().all(|&outlet| has_one_reader(model, outlet)));
    let producer = model.node(keys.node);
    rule_if_some!(linear = without_activation(producer));
    rule_if!(model.outlet_fact(producer.inputs[0])?.rank() == 3);
    let part = |outlet: &OutletId| linear.parts()[outlet.slot].clone();
    let (outlets, first_query) = if queries.node == producer.id {
        rule_if!(linear.parts().len() == 3);
        (&node.inputs[..3], None)
    } else {
        rule_if_some!(layer = first_query(model, queries, producer, linear));
        (&node.inputs[1..3], Some(layer))
    };
    let linear = linear.with_parts(outlets.iter().map(part).collect());
    let fused = SelfAttention::new(linear, first_query, attention.clone());
    let inputs: TVec<_> = [producer.inputs[0]].into_iter().chain(further.iter().copied()).collect();
    replaced(model, name, fused, &inputs, node)
}

/// The layer of queries of the first token, as one of three outputs of the layers of keys and values, or apart from
/// these.
fn first_query(
    model: &TypedModel,
    queries: OutletId,
    others: &TypedNode,
    layers: &LinearLayers,
) -> Option<LinearLayers> {
    let source = model.node(queries.node);
    if picks_first_token(model, source) {
        let all = source.inputs[0];
        let is_third = all.node == others.id && layers.parts().len() == 3 && has_one_reader(model, all);
        return is_third.then(|| layers.with_parts(tvec![layers.parts()[all.slot].clone()]));
    }
    let layer = without_activation(source).filter(|layer| layer.parts().len() == 1 && layers.parts().len() == 2)?;
    let first = model.node(source.inputs[0].node);
    (picks_first_token(model, first) && first.inputs[0] == others.inputs[0]).then(|| layer.clone())
}

fn without_activation(node: &TypedNode) -> Option<&LinearLayers> {
    node.op_as::<LinearLayers>().filter(|linear| linear.activation() == Activation::None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{MODERNBERT, TINY, after};

    /// In the last layer only the first token attends. Its queries come from a separate layer, or in ModernBERT from
    /// that of keys and values.
    #[test]
    fn takes_every_attention_whose_layers_read_the_same_rows() {
        for (fixture, layers) in [(TINY, 2), (MODERNBERT, 3)] {
            let count = |change: &dyn Fn(&mut TypedModel)| {
                let graph = after(fixture, Rewrite::SelfAttention, change);
                graph.nodes().iter().filter(|node| node.op_is::<SelfAttention>()).count()
            };
            assert_eq!(count(&|_| {}), layers);
            for (layer, slot) in (0..layers).flat_map(|layer| [0, 1, 2].map(|slot| (layer, slot))) {
                let read_elsewhere = |graph: &mut TypedModel| {
                    let attention = graph.nodes().iter().filter(|node| node.op_is::<Attention>()).nth(layer).unwrap();
                    graph.outputs.push(attention.inputs[slot]);
                };
                assert_eq!(count(&read_elsewhere), layers - 1);
            }
            let second_token = |graph: &mut TypedModel| {
                let second = graph.add_const("second", tensor0(1i64)).unwrap();
                let picks: Vec<_> =
                    graph.nodes().iter().filter(|node| picks_first_token(graph, node)).map(|it| it.id).collect();
                picks.into_iter().for_each(|pick| graph.add_edge(second, InletId::new(pick, 1)).unwrap());
            };
            assert_eq!(count(&second_token), layers - 1);
        }
    }
}

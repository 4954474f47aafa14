//! Attention as one operator, since version 23. It is wired as the products and the softmax that other exporters write
//! out, so that the rewrite of attention finds them.

use tract_core::internal::*;
use tract_core::ops::logic::Iff;
use tract_core::ops::math::{Add, Mul};
use tract_core::ops::nn::Softmax;

use super::arithmetic::binary;
use super::matmul::product;
use super::{Wire, Wiring};

/// The inputs and outputs of a node that keeps keys and values between calls.
const CACHE_INPUTS: [usize; 3] = [4, 5, 6];
const CACHE_OUTPUTS: [usize; 2] = [1, 2];
const SCORES_OUTPUT: usize = 3;

pub fn lookup(operator: &str) -> Option<Wire> {
    (operator == "Attention").then_some(attention)
}

/// Operands of three axes have the heads side by side in the last one: batch × sequence × hidden size. Those of four have
/// them in front of the sequence.
fn attention(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    refuse_other_forms(node)?;
    let mut operands = node.inputs::<3>()?;
    let ranks = [node.rank(operands[0])?, node.rank(operands[1])?, node.rank(operands[2])?];
    let [of_scores, of_context] = match ranks {
        [3, 3, 3] => {
            let heads = ["q_num_heads", "kv_num_heads", "kv_num_heads"];
            for (operand, heads) in operands.iter_mut().zip(heads) {
                let heads = node.integer(heads).with_context(|| format!("the attribute `{heads}` is missing"))?;
                *operand = split_heads(node, *operand, heads)?;
            }
            ["bmhc,bnhc->bhmn", "bhmn,bnhc->bmhc"]
        }
        [4, 4, 4] => ["bhmc,bhnc->bhmn", "bhmn,bhnc->bhmc"],
        _ => bail!("queries, keys and values have {ranks:?} axes; each must have 3, or each 4"),
    };
    let [queries, keys, values] = operands;
    let head_axis = if ranks[0] == 3 { 2 } else { 1 };
    let [of_queries, of_keys] = [node.shape(queries)?, node.shape(keys)?];
    ensure!(
        of_queries[head_axis] == of_keys[head_axis],
        "queries have {} heads and keys {}; the engine supports no heads that share keys",
        of_queries[head_axis],
        of_keys[head_axis]
    );
    let mut scores = product(node, of_scores.parse()?, &[queries, keys])?;
    let scale = match node.float("scale") {
        Some(scale) => scale,
        None => 1.0 / (of_queries[3].to_usize().context("the size of a head is unknown")? as f32).sqrt(),
    };
    let scale = node.add_number(scale, f32::datum_type(), 4)?;
    scores = binary(node, Box::new(Mul), scores, scale)?;
    if let Some(mask) = node.optional(3) {
        let mask = as_addend(node, mask)?;
        scores = binary(node, Box::new(Add), scores, mask)?;
    }
    let weights = node.wire(Softmax { axes: tvec!(3), ..Softmax::default() }, &[scores])?;
    let context = product(node, of_context.parse()?, &[weights, values])?;
    Ok(tvec!(if ranks[0] == 3 { merge_heads(node, context)? } else { context }))
}

fn refuse_other_forms(node: &Wiring<'_>) -> TractResult<()> {
    ensure!(
        !node.flag("is_causal", false),
        "the attention is causal, as in a language model that generates text; choose a cross-encoder, which reads a text \
         in both directions"
    );
    ensure!(
        CACHE_INPUTS.iter().all(|&input| node.optional(input).is_none())
            && CACHE_OUTPUTS.iter().all(|&output| !node.has_output(output)),
        "the attention keeps keys and values between calls, as in a language model that generates text; choose a \
         cross-encoder"
    );
    ensure!(
        node.float("softcap").unwrap_or(0.0) == 0.0,
        "the attention bounds its scores by softcap, which the engine does not"
    );
    ensure!(
        !node.has_output(SCORES_OUTPUT),
        "the graph reads the scores of attention, which the engine does not return"
    );
    Ok(())
}

/// A mask of floats is added to the scores. One of truth values keeps the keys where it is true.
fn as_addend(node: &mut Wiring<'_>, mask: OutletId) -> TractResult<OutletId> {
    let rank = node.rank(mask)?;
    ensure!(rank <= 4, "the mask has {rank} axes; it may have 4");
    match node.datum_type(mask)? {
        DatumType::F32 => Ok(mask),
        DatumType::Bool => {
            let kept = node.add_number(0.0, f32::datum_type(), rank)?;
            let hidden = node.add_number(f32::NEG_INFINITY, f32::datum_type(), rank)?;
            node.wire(Iff, &[mask, kept, hidden])
        }
        other => bail!("the mask has type {other:?}; it must be of floats or truth values"),
    }
}

/// Batch × sequence × hidden size as batch × sequence × heads × head size.
pub fn split_heads(node: &mut Wiring<'_>, outlet: OutletId, heads: i64) -> TractResult<OutletId> {
    let hidden = node.shape(outlet)?[2].to_usize().context("the hidden size is unknown before the model runs")?;
    let heads = usize::try_from(heads).ok().filter(|&heads| heads > 0 && hidden.is_multiple_of(heads));
    let heads = heads.with_context(|| format!("the heads do not divide the hidden size {hidden}"))?;
    let split = AxisOp::Reshape(2, tvec!(hidden.to_dim()), tvec!(heads.to_dim(), (hidden / heads).to_dim()));
    node.wire(split, &[outlet])
}

/// The inverse of [`split_heads`].
pub fn merge_heads(node: &mut Wiring<'_>, outlet: OutletId) -> TractResult<OutletId> {
    let shape = node.shape(outlet)?;
    let hidden = shape[2].clone() * &shape[3];
    node.wire(AxisOp::Reshape(2, shape[2..].into(), tvec!(hidden)), &[outlet])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::import::import;
    use crate::graph::import::operators::tests::zeros;
    use crate::onnx::WeightStore;
    use crate::onnx::schema::{Attribute, Graph, Model, Node};

    const NAMES: [&str; 5] = ["queries", "keys", "values", "mask", "past"];

    /// Imports an attention on tensors of these shapes. An empty shape leaves an input out.
    fn attention(shapes: &[&[i64]], attributes: &[(&'static str, i64)], outputs: &[&'static str]) -> TractResult<()> {
        let mut nodes = Vec::new();
        let mut inputs = Vec::new();
        let sizes: Vec<String> = NAMES.iter().map(|name| format!("{name} sizes")).collect();
        for ((name, sizes), shape) in NAMES.iter().zip(&sizes).zip(shapes) {
            inputs.push(if shape.is_empty() { "" } else { name });
            nodes.extend(zeros(name, sizes, shape));
        }
        let attribute = |&(name, value): &(&'static str, i64)| match name {
            "softcap" => Attribute { name, float: Some(value as f32), ..Attribute::default() },
            _ => Attribute { name, integer: Some(value), ..Attribute::default() },
        };
        let attributes = attributes.iter().map(attribute).collect();
        nodes.push(Node { operator: "Attention", inputs, outputs: outputs.to_vec(), attributes, ..Node::default() });
        let graph = Graph { nodes, outputs: vec!["context"], ..Graph::default() };
        import(&Model { version: 23, graph }, [], None, &WeightStore::default()).map(drop)
    }

    const ROWS: &[i64] = &[2, 5, 12];
    const HEADS_FIRST: &[i64] = &[2, 3, 5, 4];
    const THREE_HEADS: [(&str, i64); 2] = [("q_num_heads", 3), ("kv_num_heads", 3)];

    #[test]
    fn usual_forms_are_taken() {
        assert!(attention(&[ROWS; 3], &THREE_HEADS, &["context", "", "", ""]).is_ok());
        assert!(attention(&[HEADS_FIRST; 3], &[("is_causal", 0), ("softcap", 0)], &["context"]).is_ok());
        for mask in [&[5][..], &[5, 5], &[1, 5, 5], &[2, 1, 1, 5], &[2, 3, 5, 5]] {
            assert!(attention(&[ROWS, ROWS, ROWS, mask], &THREE_HEADS, &["context"]).is_ok(), "{mask:?}");
        }
    }

    #[test]
    fn other_forms_are_refused_with_the_reason() {
        let refusal = |shapes: &[&[i64]], attributes: &[(&'static str, i64)], outputs: &[&'static str]| {
            format!("{:#}", attention(shapes, attributes, outputs).unwrap_err())
        };
        let usual = ["context"];
        for (attribute, reason) in
            [("is_causal", "the attention is causal"), ("softcap", "bounds its scores by softcap")]
        {
            assert!(refusal(&[HEADS_FIRST; 3], &[(attribute, 1)], &usual).contains(reason), "{attribute}");
        }
        let past = refusal(&[HEADS_FIRST, HEADS_FIRST, HEADS_FIRST, &[], HEADS_FIRST], &[], &usual);
        assert!(past.contains("keeps keys and values between calls"), "{past}");
        let present = refusal(&[HEADS_FIRST; 3], &[], &["context", "present_key"]);
        assert!(present.contains("keeps keys and values between calls"), "{present}");
        let scores = refusal(&[HEADS_FIRST; 3], &[], &["context", "", "", "scores"]);
        assert!(scores.contains("reads the scores of attention"), "{scores}");
        let grouped = refusal(&[HEADS_FIRST, &[2, 1, 5, 4], &[2, 1, 5, 4]], &[], &usual);
        assert!(grouped.contains("queries have 3 heads and keys 1"), "{grouped}");
        let grouped = refusal(&[ROWS, &[2, 5, 4], &[2, 5, 4]], &[("q_num_heads", 3), ("kv_num_heads", 1)], &usual);
        assert!(grouped.contains("queries have 3 heads and keys 1"), "{grouped}");
        for heads in [0, -1, 5] {
            let attributes = [("q_num_heads", heads), ("kv_num_heads", 3)];
            let error = refusal(&[ROWS; 3], &attributes, &usual);
            assert!(error.contains("the heads do not divide the hidden size 12"), "{error}");
        }
        assert!(refusal(&[ROWS; 3], &[], &usual).contains("the attribute `q_num_heads` is missing"));
        let mixed = refusal(&[ROWS, HEADS_FIRST, HEADS_FIRST], &[], &usual);
        assert!(mixed.contains("queries, keys and values have [3, 4, 4] axes"), "{mixed}");
        let sizes = refusal(&[HEADS_FIRST, &[2, 3, 5, 7], HEADS_FIRST], &[], &usual);
        assert!(sizes.contains("which do not fit"), "{sizes}");
        let mask = refusal(&[HEADS_FIRST, HEADS_FIRST, HEADS_FIRST, &[1, 2, 3, 5, 5]], &[], &usual);
        assert!(mask.contains("the mask has 5 axes"), "{mask}");
    }
}

//! Rotary positions as one operator, since version 23. It is wired as x·cos + turned(x)·sin, which the rewrite of
//! attention finds.

use tract_core::internal::*;
use tract_core::ops::array::{Slice, TypedConcat};
use tract_core::ops::math::{Add, Mul, neg};

use super::arithmetic::binary;
use super::attention::{merge_heads, split_heads};
use super::{Wire, Wiring};
use crate::graph::import::gather::Gather;

pub fn lookup(operator: &str) -> Option<Wire> {
    (operator == "RotaryEmbedding").then_some(rotary_embedding)
}

/// The tables have one row of angles for each position, or for each position of each text if the node names no positions.
fn rotary_embedding(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    ensure!(
        !node.flag("interleaved", false),
        "the node turns neighbours instead of halves of a head (interleaved), which the engine does not support"
    );
    let [input, cosines, sines] = node.inputs()?;
    let rank = node.rank(input)?;
    let (input, head_axis) = match rank {
        3 => {
            let heads = node.integer("num_heads").unwrap_or(0);
            (split_heads(node, input, heads)?, 2)
        }
        4 => (input, 1),
        _ => bail!("the input has {rank} axes instead of 3 or 4"),
    };
    let size = node.shape(input)?[3].to_usize().context("the size of a head is unknown before the model runs")?;
    let turned = node.integer("rotary_embedding_dim").filter(|&turned| turned != 0).unwrap_or(size as i64);
    ensure!(
        size.is_multiple_of(2) && turned == size as i64,
        "the node turns {turned} of {size} numbers of a head; the engine turns all, in two halves"
    );
    let cosines = angles(node, cosines, size, head_axis)?;
    let sines = angles(node, sines, size, head_axis)?;
    let half = |start: usize| Slice::new(3, start.to_dim(), (start + size / 2).to_dim());
    let first = node.wire(half(0), &[input])?;
    let second = node.wire(half(size / 2), &[input])?;
    let negated = node.wire(neg(), &[second])?;
    let turned = node.wire(TypedConcat::new(3), &[negated, first])?;
    let plain = binary(node, Box::new(Mul), input, cosines)?;
    let turned = binary(node, Box::new(Mul), turned, sines)?;
    let sum = binary(node, Box::new(Add), plain, turned)?;
    Ok(tvec!(if rank == 3 { merge_heads(node, sum)? } else { sum }))
}

/// The cosines or sines for both halves of a head, with an axis of length 1 for the heads.
fn angles(node: &mut Wiring<'_>, mut table: OutletId, size: usize, head_axis: usize) -> TractResult<OutletId> {
    if let Some(positions) = node.optional(3) {
        ensure!(
            node.rank(table)? == 2,
            "the angles have {} axes instead of 2, positions and angles",
            node.rank(table)?
        );
        let positions = node.cast(positions, i64::datum_type())?;
        table = node.wire(Gather { axis: 0 }, &[table, positions])?;
    }
    let shape = node.shape(table)?;
    ensure!(
        shape.len() == 3 && shape[2] == (size / 2).to_dim(),
        "the angles must have the shape batch × sequence × {}",
        size / 2
    );
    let both = node.wire(TypedConcat::new(2), &[table, table])?;
    node.wire(AxisOp::Add(head_axis), &[both])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::import::import;
    use crate::graph::import::operators::tests::zeros;
    use crate::onnx::WeightStore;
    use crate::onnx::schema::{Attribute, Graph, Model, Node};

    /// Imports the operator on an input of this shape, with angles of this shape.
    fn rotated(input: &[i64], angles: &[i64], attribute: (&'static str, i64)) -> TractResult<()> {
        let mut nodes = Vec::new();
        for (name, sizes, shape) in [("input", "input sizes", input), ("angles", "angle sizes", angles)] {
            nodes.extend(zeros(name, sizes, shape));
        }
        let inputs = vec!["input", "angles", "angles"];
        let attributes = vec![Attribute { name: attribute.0, integer: Some(attribute.1), ..Attribute::default() }];
        let node = Node { operator: "RotaryEmbedding", inputs, attributes, ..Node::default() };
        nodes.push(Node { outputs: vec!["rotated"], ..node });
        let graph = Graph { nodes, outputs: vec!["rotated"], ..Graph::default() };
        import(&Model { version: 23, graph }, [], None, &WeightStore::default()).map(drop)
    }

    #[test]
    fn other_forms_are_refused_with_the_reason() {
        let heads_first: &[i64] = &[2, 3, 5, 4];
        assert!(rotated(heads_first, &[2, 5, 2], ("rotary_embedding_dim", 4)).is_ok());
        assert!(rotated(&[2, 5, 12], &[2, 5, 2], ("num_heads", 3)).is_ok());
        for (input, angles, attribute, reason) in [
            (heads_first, &[2, 5, 2][..], ("interleaved", 1), "turns neighbours instead of halves"),
            (heads_first, &[2, 5, 1], ("rotary_embedding_dim", 2), "turns 2 of 4 numbers of a head"),
            (
                &[2, 3, 5, 3],
                &[2, 5, 1],
                ("num_heads", 3),
                "turns 3 of 3 numbers of a head; the engine turns all, in two halves",
            ),
            (&[2, 5, 12], &[2, 5, 2], ("num_heads", 0), "the heads do not divide the hidden size 12"),
            (heads_first, &[2, 5, 4], ("num_heads", 3), "must have the shape batch × sequence × 2"),
            (heads_first, &[5, 2], ("num_heads", 3), "must have the shape batch × sequence × 2"),
            (&[5, 12], &[2, 5, 2], ("num_heads", 3), "the input has 2 axes instead of 3 or 4"),
        ] {
            let error = format!("{:#}", rotated(input, angles, attribute).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }
}

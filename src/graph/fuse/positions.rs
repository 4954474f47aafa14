//! RoBERTa's position numbers: they count the tokens that are not padding, from an offset on.
//!
//! In the graph this is Equal, Not, Cast, CumSum, Mul, Cast, Add, Cast.

use tract_core::internal::*;
use tract_core::ops::array::CumSum;
use tract_core::ops::cast::Cast;
use tract_core::ops::logic::{CompEq, Not};
use tract_core::ops::math::{Add, Mul};

use super::pattern::*;
use super::weights::Weights;

/// The fused operator, from token ids (batch × sequence, int64) to position numbers of the same shape. Padding gets
/// `offset`. Another token gets `offset` plus its count in the row, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobertaPositions {
    padding: i64,
    offset: i64,
}

impl Op for RobertaPositions {
    fn name(&self) -> StaticName {
        "RobertaPositions".into()
    }

    op_as_typed_op!();
}

impl EvalOp for RobertaPositions {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let mut output = Tensor::zero::<i64>(input.shape())?;
        let length = input.shape().last().copied().unwrap_or(0).max(1);
        let ids = input.try_as_plain_ram()?;
        let mut plain = output.try_as_plain_ram_mut()?;
        for (ids, numbers) in ids.as_slice::<i64>()?.chunks(length).zip(plain.as_slice_mut::<i64>()?.chunks_mut(length))
        {
            let mut count = 0;
            for (&id, number) in ids.iter().zip(numbers) {
                let counts = id != self.padding;
                count += i64::from(counts);
                *number = self.offset + if counts { count } else { 0 };
            }
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for RobertaPositions {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(i64::fact(inputs[0].shape.clone())))
    }

    as_op!();
}

/// Matches around the CumSum.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    sum: &CumSum,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(sum.axis == 1 && !sum.exclusive && !sum.reverse);
    let mask = node.inputs[0];
    let cast = producer(model, mask);
    rule_if!(cast.op_is::<Cast>());
    let not = producer(model, cast.inputs[0]);
    rule_if!(is_function::<Not>(not));
    let equal = producer(model, not.inputs[0]);
    rule_if!(is_binary::<CompEq>(equal));
    rule_if_some!((ids, padding) = variable_and_constant(model, equal));
    rule_if_some!(padding = integer(&padding));
    let fact = model.outlet_fact(ids)?;
    rule_if!(fact.rank() == 2 && fact.datum_type == i64::datum_type());

    rule_if_some!(masked = only_reader(model, node).filter(|next| is_binary::<Mul>(next)));
    rule_if!(other_input(masked, node.id.into()) == Some(mask));
    rule_if_some!(widened = only_reader(model, masked).filter(|next| next.op_is::<Cast>()));
    rule_if_some!(shifted = only_reader(model, widened).filter(|next| is_binary::<Add>(next)));
    rule_if_some!((_, offset) = variable_and_constant(model, shifted));
    rule_if_some!(offset = integer(&offset));
    rule_if_some!(numbers = only_reader(model, shifted).filter(|next| next.op_is::<Cast>()));
    rule_if!(model.outlet_fact(numbers.id.into())?.datum_type == i64::datum_type());

    replaced(model, name, RobertaPositions { padding, offset }, &[ids], numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{change_first, count_after};

    #[test]
    fn takes_a_count_from_the_start_alone() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::Positions, "RobertaPositions", change);
        assert_eq!(count(&|_| {}), 1);
        assert_eq!(count(&|graph| change_first(graph, |sum: &mut CumSum| sum.reverse = true)), 0);
        assert_eq!(count(&|graph| change_first(graph, |sum: &mut CumSum| sum.exclusive = true)), 0);
    }
}

//! Spreads numbers for distances over all pairs of places.

use tract_core::internal::*;

use super::places::Axes;

/// The input has one number for each place of a key less that of a query, from 1 − n to n − 1. The numbers lie on the
/// axis of keys, and the axis of queries has length 1. The output has the numbers of all n² pairs. Attention that reads
/// the input directly leaves this operator unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    pub axes: Axes,
}

impl Op for Spread {
    fn name(&self) -> StaticName {
        "Spread".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Spread {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let Axes { query, key } = self.axes;
        let distances = inputs[0].shape()[key];
        let places = distances.div_ceil(2);
        let rows = (0..places).map(|place| inputs[0].slice(key, places - 1 - place, distances - place));
        let rows = rows.collect::<TractResult<Vec<Tensor>>>()?;
        Ok(tvec!(Tensor::stack_tensors(query, &rows)?.into_tvalue()))
    }
}

impl TypedOp for Spread {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.to_tvec();
        let places = (shape[self.axes.key].clone() + 1) / 2;
        shape[self.axes.key] = places.clone();
        shape[self.axes.query] = places;
        Ok(tvec!(inputs[0].datum_type.fact(shape)))
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_later_query_begins_one_place_earlier() {
        for (axes, shape, expected) in [
            (Axes { query: 1, key: 2 }, [1, 1, 5], [3i64, 4, 5, 2, 3, 4, 1, 2, 3]),
            (Axes { query: 2, key: 1 }, [1, 5, 1], [3, 2, 1, 4, 3, 2, 5, 4, 3]),
        ] {
            let distances = Tensor::from_shape(&shape, &[1i64, 2, 3, 4, 5]).unwrap();
            let spread = Spread { axes }.eval(&EvalContext::out_of_plan(), tvec![distances.into_tvalue()]).unwrap();
            assert_eq!(*spread[0], Tensor::from_shape(&[1, 3, 3], &expected).unwrap());
        }
    }
}

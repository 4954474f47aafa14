//! Gather, GatherElements and GatherND with checked indices. tract's own operators panic, or read a neighbour's
//! numbers, if an index lies outside its axis.

use tract_core::internal::*;
use tract_core::ops::array;

/// Selects the slices of `axis` that the indices name; a negative index counts from the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    pub axis: usize,
}

/// Selects one number of the data for each place of the indices. The index replaces the place's position on `axis`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatherElements {
    pub axis: usize,
}

/// Selects the slice of the first `depth` axes of the data that each row of the indices names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatherNd {
    pub depth: usize,
}

impl Op for GatherNd {
    fn name(&self) -> StaticName {
        "GatherND".into()
    }

    op_as_typed_op!();
}

impl EvalOp for GatherNd {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (data, indices) = (&inputs[0], &inputs[1]);
        let (indexed, rest) = data.shape().split_at(self.depth);
        let places = indices.try_as_plain_ram()?;
        let mut rows = Vec::new();
        for place in places.as_slice::<i64>()?.chunks_exact(self.depth.max(1)) {
            let mut row = 0;
            for (&index, &length) in place.iter().zip(indexed) {
                let counted = if index < 0 { index + length as i64 } else { index };
                ensure!((0..length as i64).contains(&counted), "index {index} is outside an axis of length {length}");
                row = row * length as i64 + counted;
            }
            rows.push(row);
        }
        // Slices of the first axes together are rows of one axis.
        let all = indexed
            .iter()
            .try_fold(1usize, |all, &size| all.checked_mul(size))
            .context("the data has too many rows")?;
        let flat: TVec<usize> = [all].into_iter().chain(rest.iter().copied()).collect();
        let flat = data.clone().into_tensor().into_shape(&flat)?;
        let shape: TVec<usize> = indices.shape()[..indices.rank() - 1].iter().chain(rest).copied().collect();
        let rows = tvec!(flat.into_tvalue(), tensor1(&rows).into_tvalue());
        let picked = array::Gather::new(0).eval(&EvalContext::out_of_plan(), rows)?;
        Ok(tvec!(picked[0].clone().into_tensor().into_shape(&shape)?.into_tvalue()))
    }
}

impl TypedOp for GatherNd {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let (data, indices) = (inputs[0], inputs[1]);
        ensure!(
            indices.shape.last() == Some(&self.depth.to_dim()) && self.depth <= data.rank(),
            "the indices have shape {:?}; {} indices of a place were expected",
            indices.shape,
            self.depth
        );
        let places = indices.shape.iter().take(indices.rank() - 1);
        let shape: TVec<TDim> = places.chain(data.shape.iter().skip(self.depth)).cloned().collect();
        Ok(tvec!(data.datum_type.fact(shape)))
    }

    as_op!();
}

impl Op for Gather {
    fn name(&self) -> StaticName {
        "Gather".into()
    }

    op_as_typed_op!();
}

impl Op for GatherElements {
    fn name(&self) -> StaticName {
        "GatherElements".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Gather {
    op_out_of_plan!();

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        check_indices(&inputs, self.axis)?;
        array::Gather::new(self.axis).eval(context, inputs)
    }
}

impl EvalOp for GatherElements {
    op_out_of_plan!();

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        check_indices(&inputs, self.axis)?;
        let [data, indices] = [inputs[0].shape(), inputs[1].shape()];
        let fits = |axis: usize| axis == self.axis || indices[axis] <= data[axis];
        ensure!(
            data.len() == indices.len() && (0..data.len()).all(fits),
            "the indices have shape {indices:?}, which does not fit data of shape {data:?}"
        );
        array::GatherElements { axis: self.axis }.eval(context, inputs)
    }
}

impl TypedOp for Gather {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        array::Gather::new(self.axis).output_facts(inputs)
    }

    as_op!();
}

impl TypedOp for GatherElements {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        array::GatherElements { axis: self.axis }.output_facts(inputs)
    }

    as_op!();
}

fn check_indices(inputs: &[TValue], axis: usize) -> TractResult<()> {
    let length = *inputs[0].shape().get(axis).with_context(|| format!("the data has no axis {axis}"))? as i64;
    let indices = inputs[1].try_as_plain_ram()?;
    let beyond = indices.as_slice::<i64>()?.iter().find(|&&index| !(-length..length).contains(&index));
    match beyond {
        Some(index) => bail!("index {index} is outside an axis of length {length}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(operation: &dyn EvalOp, indices: Tensor) -> TractResult<Tensor> {
        let data = tensor2(&[[1f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let outputs = operation.eval(&EvalContext::out_of_plan(), tvec!(data.into_tvalue(), indices.into_tvalue()))?;
        Ok(outputs[0].clone().into_tensor())
    }

    #[test]
    fn an_index_beyond_its_axis_is_refused() {
        for index in [-4, 3, i64::MIN, i64::MAX, 1 << 40] {
            assert!(eval(&Gather { axis: 1 }, tensor1(&[0, index])).is_err(), "{index}");
            assert!(eval(&GatherElements { axis: 1 }, tensor2(&[[0, index]])).is_err(), "{index}");
            assert!(eval(&GatherNd { depth: 2 }, tensor2(&[[0, index]])).is_err(), "{index}");
        }
        assert!(eval(&Gather { axis: 2 }, tensor0(0i64)).is_err());
        assert!(eval(&GatherElements { axis: 0 }, tensor2(&[[0i64, 0, 0, 0]])).is_err());
    }

    #[test]
    fn others_are_taken() {
        let column = eval(&Gather { axis: 1 }, tensor1(&[-1i64, 0])).unwrap();
        assert_eq!(column, tensor2(&[[3f32, 1.0], [6.0, 4.0]]));
        let elements = eval(&GatherElements { axis: 0 }, tensor2(&[[1i64, 0, -1]])).unwrap();
        assert_eq!(elements, tensor2(&[[4f32, 2.0, 6.0]]));
        let places = eval(&GatherNd { depth: 2 }, tensor2(&[[1i64, -3], [0, 2]])).unwrap();
        assert_eq!(places, tensor1(&[4f32, 3.0]));
        let rows = eval(&GatherNd { depth: 1 }, tensor2(&[[1i64], [-2]])).unwrap();
        assert_eq!(rows, tensor2(&[[4f32, 5.0, 6.0], [1.0, 2.0, 3.0]]));
    }
}

//! The rows of a table of positions that attention reads.

use tract_core::internal::*;

/// Input: for each distance, the number of a row of a table with `count` rows; a negative one counts from the end.
/// Output: the numbers of the rows from the start, as floats, which hold them exactly.
///
/// This reads integers, so the rehearsal of the longest pair computes it and finds a number outside the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    pub count: usize,
}

impl Op for TableRows {
    fn name(&self) -> StaticName {
        "TableRows".into()
    }

    op_as_typed_op!();
}

impl EvalOp for TableRows {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let count = self.count as i64;
        let row = |&number: &i64| {
            let row = if number < 0 { number.saturating_add(count) } else { number };
            ensure!((0..count).contains(&row), "position {number} is outside the table of {count} positions");
            Ok(row as f32)
        };
        let rows =
            inputs[0].try_as_plain_ram()?.as_slice::<i64>()?.iter().map(row).collect::<TractResult<Vec<f32>>>()?;
        Ok(tvec!(Tensor::from_shape(inputs[0].shape(), &rows)?.into_tvalue()))
    }
}

impl TypedOp for TableRows {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(inputs[0].shape.clone())))
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_numbers_count_from_the_end_and_others_must_be_in_the_table() {
        let rows = |numbers: &[i64]| {
            let rows = TableRows { count: 5 };
            let outputs = rows.eval(&EvalContext::out_of_plan(), tvec![tensor1(numbers).into_tvalue()])?;
            TractResult::Ok(outputs[0].view().as_slice::<f32>()?.to_vec())
        };
        assert_eq!(rows(&[0, 4, -1, -5]).unwrap(), [0.0, 4.0, 4.0, 0.0]);
        for outside in [5, -6, i64::MIN, i64::MAX] {
            assert!(rows(&[0, outside]).is_err());
        }
    }
}

//! Sums rows of quantised tables, dequantised while they are read: word, position and token type embeddings in one.
//!
//! In the graph each is a Gather from the bytes and a DequantizeLinear, and Adds sum them.

use tract_core::internal::*;
use tract_core::ops::array::{MultiBroadcastTo, Slice};
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::math::{Add, Mul};
use tract_core::ops::quant::DequantizeLinearF32;

use super::pattern::*;
use super::weights::Weights;
use crate::graph::import::gather::Gather;
use crate::onnx::Table;

/// The rows of a table that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowNumbers {
    /// The rows that an input of the operator names.
    Input,
    /// The same row for each token.
    Fixed(i64),
    /// This row for the first token of each text, and the following rows for its other tokens.
    From(i64),
}

/// A table and the meaning of its bytes.
#[derive(Clone)]
struct QuantizedTable {
    table: Arc<Table>,
    scale: f32,
    /// Further factors, if rows have separate scales.
    row_scales: Option<Arc<Vec<f32>>>,
    zero_point: i32,
    rows: RowNumbers,
}

impl PartialEq for QuantizedTable {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.table, &other.table)
            && (self.scale, self.zero_point, self.rows) == (other.scale, other.zero_point, other.rows)
            && self.row_scales == other.row_scales
    }
}

/// The fused operator, from int64 row numbers to rows of floats. All inputs have one shape; tables are summed in order.
#[derive(Clone, PartialEq)]
pub struct Embedding {
    tables: Vec<QuantizedTable>,
}

impl Eq for Embedding {}

impl std::fmt::Debug for Embedding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.tables.iter().map(|it| [it.table.rows(), it.table.columns()])).finish()
    }
}

impl Op for Embedding {
    fn name(&self) -> StaticName {
        "Embedding".into()
    }

    op_as_typed_op!();
}

impl Embedding {
    /// True if each row follows from the numbers at its place of the inputs, and not from the place.
    pub fn is_by_input(&self) -> bool {
        !self.tables.iter().any(|table| matches!(table.rows, RowNumbers::From(_)))
    }

    fn columns(&self) -> usize {
        self.tables[0].table.columns()
    }
}

impl EvalOp for Embedding {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut shape: TVec<usize> = inputs[0].shape().into();
        shape.push(self.columns());
        let mut output = Tensor::zero::<f32>(&shape)?;
        let mut plain = output.try_as_plain_ram_mut()?;
        let count = plain.len() / self.columns();
        let length = inputs[0].shape().last().copied().unwrap_or(1).max(1);
        let mut inputs = inputs.iter();
        let mut numbers = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            numbers.push(match table.rows {
                RowNumbers::Fixed(row) => vec![row; count],
                RowNumbers::From(first) => {
                    (0..count).map(|index| first.saturating_add((index % length) as i64)).collect()
                }
                RowNumbers::Input => inputs
                    .next()
                    .context("the embedding has fewer inputs than tables that need row numbers")?
                    .try_as_plain_ram()?
                    .as_slice::<i64>()?
                    .to_vec(),
            });
        }
        let values = plain.as_slice_mut::<f32>()?;
        for (position, output) in values.chunks_exact_mut(self.columns()).enumerate() {
            for (index, (table, numbers)) in self.tables.iter().zip(&numbers).enumerate() {
                table.read(numbers[position], index == 0, output)?;
            }
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl QuantizedTable {
    /// Writes a row to `output` if it is the first, else adds it.
    fn read(&self, number: i64, first: bool, output: &mut [f32]) -> TractResult<()> {
        let rows = self.table.rows();
        let row = usize::try_from(number).ok().filter(|&row| row < rows);
        let index = row.with_context(|| format!("an embedding needs row {number} of a table of {rows} rows"))?;
        let row = self.table.row(index);
        let scale = self.row_scales.as_ref().map_or(self.scale, |scales| self.scale * scales[index]);
        if self.table.unsigned() {
            self.dequantize(row.iter().map(|&byte| i32::from(byte)), scale, first, output);
        } else {
            self.dequantize(row.iter().map(|&byte| i32::from(byte as i8)), scale, first, output);
        }
        Ok(())
    }

    fn dequantize(&self, row: impl Iterator<Item = i32>, scale: f32, first: bool, output: &mut [f32]) {
        for (value, output) in row.zip(output) {
            let value = (value - self.zero_point) as f32 * scale;
            *output = if first { value } else { *output + value };
        }
    }
}

impl TypedOp for Embedding {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(
            inputs.iter().all(|input| input.shape == inputs[0].shape),
            "the row numbers of an embedding differ in shape"
        );
        let mut shape = inputs[0].shape.to_tvec();
        shape.push(self.columns().to_dim());
        Ok(tvec!(f32::fact(shape)))
    }

    as_op!();
}

/// Matches from the DequantizeLinear up.
pub fn fuse(
    weights: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    dequantize: &DequantizeLinearF32,
) -> TractResult<Option<TypedModelPatch>> {
    let gather = producer(model, node.inputs[0]);
    rule_if!(gather.op_as::<Gather>().is_some_and(|gather| gather.axis == 0));
    rule_if!(only_reader(model, gather).is_some_and(|reader| reader.id == node.id));
    rule_if!(model.outlet_fact(gather.inputs[1])?.datum_type == i64::datum_type());
    rule_if_some!(table = weights.table(model, gather.inputs[0]));
    let &DequantizeLinearF32 { scale, zero_point } = dequantize;
    let table = QuantizedTable { table: table.clone(), scale, row_scales: None, zero_point, rows: RowNumbers::Input };
    replaced(model, name, Embedding { tables: vec![table] }, &gather.inputs[1..], node)
}

/// Turns an embedding times the scales of its rows, gathered by the same numbers, into one embedding.
pub fn scale_rows(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    _: &TypedBinOp,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(is_binary::<Mul>(node));
    let is_embedding = |input: &&OutletId| producer(model, **input).op_is::<Embedding>();
    rule_if_some!(&embedded = node.inputs.iter().find(is_embedding));
    rule_if_some!(scales = other_input(node, embedded));
    let (embedding, gather) = (producer(model, embedded), producer(model, scales));
    rule_if!(only_reader(model, embedding).is_some_and(|reader| reader.id == node.id));
    rule_if!(gather.op_as::<Gather>().is_some_and(|gather| gather.axis == 0));
    rule_if!(gather.inputs.get(1) == embedding.inputs.first() && embedding.inputs.len() == 1);
    rule_if_some!(scales = constant(model, gather.inputs[0]));
    rule_if_some!(Embedding { tables } = embedding.op_as::<Embedding>());
    let [table] = &tables[..] else { return Ok(None) };
    // A scale of 1.0 keeps the other factor unchanged, so the product has the same bits.
    rule_if!(table.row_scales.is_none() && table.scale == 1.0);
    rule_if!(scales.shape() == [table.table.rows(), 1] && scales.datum_type() == f32::datum_type());
    let scales = Arc::new(scales.try_as_plain_ram()?.as_slice::<f32>()?.to_vec());
    let table = QuantizedTable { row_scales: Some(scales), ..table.clone() };
    replaced(model, name, Embedding { tables: vec![table] }, &embedding.inputs, node)
}

/// Turns the sum of two embeddings into one. A table needs no input if its rows do not depend on the input.
pub fn merge(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    _: &TypedBinOp,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(is_binary::<Add>(node));
    let mut tables = Vec::new();
    let mut inputs = TVec::new();
    let shape = |outlet: OutletId| model.outlet_fact(outlet).map(|fact| fact.shape.to_tvec());
    let mut sum = shape(node.id.into())?;
    sum.pop();
    for &summand in &node.inputs {
        let summand = producer(model, summand);
        rule_if_some!(embedding = summand.op_as::<Embedding>());
        rule_if!(only_reader(model, summand).is_some_and(|reader| reader.id == node.id));
        let mut numbers = summand.inputs.iter();
        for table in &embedding.tables {
            let mut table = table.clone();
            if table.rows == RowNumbers::Input {
                rule_if_some!(&input = numbers.next());
                if let Some(row) = constant_number(model, input) {
                    table.rows = RowNumbers::Fixed(row);
                } else if let Some(numbers) = counted_numbers(model, input) {
                    // The table must refuse every text that is too long for the row of numbers.
                    rule_if!(*numbers.end() >= table.table.rows() as i64 - 1 && shape(input)?.last() == sum.last());
                    table.rows = RowNumbers::From(*numbers.start());
                } else {
                    rule_if!(shape(input)? == sum);
                    inputs.push(input);
                }
            }
            tables.push(table);
        }
    }
    rule_if!(!inputs.is_empty());
    rule_if!(tables.iter().all(|it| it.table.columns() == tables[0].table.columns()));
    replaced(model, name, Embedding { tables }, &inputs, node)
}

/// The number that every element of `outlet` is, if it is sliced and broadcast from a constant.
fn constant_number(model: &TypedModel, mut outlet: OutletId) -> Option<i64> {
    loop {
        if let Some(value) = constant(model, outlet) {
            return integer(&value);
        }
        let node = producer(model, outlet);
        if !node.op_is::<MultiBroadcastTo>() && !node.op_is::<Slice>() {
            return None;
        }
        outlet = node.inputs[0];
    }
}

/// The numbers of the constant row that `outlet` is a prefix of, if they count up.
fn counted_numbers(model: &TypedModel, outlet: OutletId) -> Option<std::ops::RangeInclusive<i64>> {
    let node = producer(model, outlet);
    let slice = node.op_as::<Slice>()?;
    let buffer = constant(model, node.inputs[0])?;
    let last = buffer.rank().checked_sub(1)?;
    if slice.axis != last || slice.start != 0.to_dim() || buffer.len() != buffer.shape()[last] {
        return None;
    }
    let plain = buffer.try_as_plain_ram().ok()?;
    let numbers = plain.as_slice::<i64>().ok()?;
    let counts = numbers.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    counts.then(|| Some(*numbers.first()?..=*numbers.last()?))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{change_first, count_after};

    #[test]
    fn takes_rows_of_tables_alone() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::Embedding, "DequantizeLinearF32", change);
        assert_eq!(count(&|_| {}), 0);
        assert_eq!(count(&|graph| change_first(graph, |gather: &mut Gather| gather.axis = 1)), 1);
    }
}

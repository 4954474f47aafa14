//! The inputs of attention behind queries, keys and values.

use tract_core::internal::*;

use crate::kernels::attention::{Bias, BiasRows};
use crate::kernels::functions::rotary::Rotation;

/// Which of the further inputs there are. They come in this order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FurtherInputs {
    /// Two inputs, the cosines and the sines of the angles by which queries and keys are rotated: batch × positions ×
    /// head size. The batch may be 1.
    pub rotary: bool,
    /// One number for each key, added to the scores: batch × 1 × 1 × sequence.
    pub mask: bool,
    /// One number for each query and key, added to the scores: batch × heads × rows × sequence. Any of the first three
    /// sizes may be 1. Or one for each place of a key less that of a query, batch × heads × 1 × (2 · sequence − 1).
    pub bias: bool,
    /// For each place of a key less that of a query, the row of the table that queries are multiplied with, as
    /// [`TableRows`](super::table_rows::TableRows) gives it.
    pub of_queries: bool,
    /// The same for keys.
    pub of_keys: bool,
}

/// The further inputs of one sequence.
#[derive(Debug, Clone)]
pub struct SequenceInputs<'a> {
    pub rotation: Option<Rotation<'a>>,
    pub mask: Option<&'a [f32]>,
    pub bias: Option<Bias<'a>>,
    /// Rows of the tables that queries and keys are multiplied with, the same for all sequences.
    pub table_rows: [Option<Arc<[u32]>>; 2],
}

/// The sizes of attention that its further inputs must fit.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub batch: usize,
    /// Number of keys in each sequence.
    pub length: usize,
    /// Number of queries in each sequence.
    pub rows: usize,
    pub heads: usize,
    pub head_size: usize,
}

impl FurtherInputs {
    pub fn count(self) -> usize {
        let flags = [self.rotary, self.rotary, self.mask, self.bias, self.of_queries, self.of_keys];
        flags.into_iter().map(usize::from).sum()
    }

    /// The inputs of each sequence. `tensors` are the further inputs, and `numbers` their elements.
    pub fn of_sequences<'a>(
        self,
        tensors: &[TValue],
        numbers: &[&'a [f32]],
        sizes: Sizes,
    ) -> TractResult<Vec<SequenceInputs<'a>>> {
        ensure!(
            tensors.len() == self.count() && numbers.len() == self.count(),
            "attention has {} further inputs; {} were expected",
            tensors.len(),
            self.count()
        );
        let mut inputs = tensors.iter().zip(numbers.iter().copied());
        let rotations = if self.rotary {
            let tables = inputs.next().zip(inputs.next());
            let (cosines, sines) = tables.context("rotary attention has no angles")?;
            [angles(cosines, sizes)?, angles(sines, sizes)?].into()
        } else {
            None
        };
        let mask = if self.mask { inputs.next() } else { None };
        if let Some((_, mask)) = mask {
            let Sizes { batch, length, .. } = sizes;
            ensure!(mask.len() == batch * length, "the mask has {} numbers instead of {batch} × {length}", mask.len());
        }
        let bias = if self.bias { inputs.next().map(|it| bias(it, sizes)).transpose()? } else { None };
        let mut table_rows = |given: bool| -> TractResult<Option<Arc<[u32]>>> {
            if !given {
                return Ok(None);
            }
            let (_, numbers) = inputs.next().context("disentangled attention has no rows of its tables")?;
            let (count, expected) = (numbers.len(), (2 * sizes.length).saturating_sub(1));
            ensure!(count == expected, "attention has {count} rows of a table of positions; it needs {expected}");
            Ok(Some(numbers.iter().map(|&row| row as u32).collect()))
        };
        let table_rows = [table_rows(self.of_queries)?, table_rows(self.of_keys)?];
        let of_sequence = |sequence: usize| SequenceInputs {
            rotation: rotations.map(|[(of_cosines, cosines), (of_sines, sines)]| Rotation {
                cosines: &cosines[sequence * of_cosines..],
                sines: &sines[sequence * of_sines..],
            }),
            mask: mask.map(|(_, mask)| &mask[sequence * sizes.length..][..sizes.length]),
            bias: bias.map(|(stride, bias)| Bias { values: &bias.values[sequence * stride..], ..bias }),
            table_rows: table_rows.clone(),
        };
        Ok((0..sizes.batch).map(of_sequence).collect())
    }
}

/// The angles of all sequences, and the distance between those of two.
fn angles<'a>((tensor, numbers): (&TValue, &'a [f32]), sizes: Sizes) -> TractResult<(usize, &'a [f32])> {
    let Sizes { batch, length, head_size, .. } = sizes;
    let &[sequences, positions, channels] = tensor.shape() else {
        bail!("the angles have shape {:?}; batch × positions × head size was expected", tensor.shape())
    };
    ensure!(
        [1, batch].contains(&sequences) && positions >= length && channels == head_size,
        "the angles have shape {:?}; {batch} × {length} × {head_size} was expected",
        tensor.shape()
    );
    Ok((if sequences == 1 { 0 } else { positions * channels }, numbers))
}

/// The bias of all sequences, and the distance between those of two.
fn bias<'a>((tensor, values): (&TValue, &'a [f32]), sizes: Sizes) -> TractResult<(usize, Bias<'a>)> {
    let Sizes { batch, length, rows: most_rows, heads: most_heads, .. } = sizes;
    let &[sequences, heads, rows, keys] = tensor.shape() else {
        bail!("the bias has shape {:?}; batch × heads × rows × keys was expected", tensor.shape())
    };
    let by_distance = rows == 1 && keys + 1 == 2 * length;
    ensure!(
        (keys == length || by_distance)
            && [1, batch].contains(&sequences)
            && [1, most_heads].contains(&heads)
            && (rows == 1 || rows >= most_rows),
        "the bias has shape {:?}; {batch} × {most_heads} × {most_rows} × {length} was expected",
        tensor.shape()
    );
    let (head, sequence) = (rows * keys, heads * rows * keys);
    let rows = match rows {
        _ if by_distance => BiasRows::Distances { first: 0 },
        1 => BiasRows::Apart(0),
        _ => BiasRows::Apart(keys),
    };
    let bias = Bias { values, head_stride: if heads == 1 { 0 } else { head }, rows };
    Ok((if sequences == 1 { 0 } else { sequence }, bias))
}

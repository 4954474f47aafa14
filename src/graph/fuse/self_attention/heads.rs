//! The part of the operator that computes some heads.

use std::ops::Range;

use crate::graph::fuse::attention::{Attention, SequenceInputs};
use crate::graph::fuse::linear::{LayerScratch, Layers, OutputColumns, PreparedRows};
use crate::kernels::attention::{AttentionScratch, Inputs, Rows, attention};
use crate::kernels::functions::rotary::Rotation;
use crate::kernels::linear::groups_in_panels;

/// Most queries, as numbers, that a thread holds at a time, with as many keys and values: 4 MB each. Fewer heads fill no
/// whole panels, so that an eighth of the layers' work is lost.
const MOST_AT_ONCE: usize = 1 << 20;

/// A sequence, by its rows among those of all sequences.
pub struct Sequence<'a> {
    pub rows: Range<usize>,
    /// Its rows of queries, and of the context.
    pub queries: Range<usize>,
    pub further: SequenceInputs<'a>,
}

/// The attention of a model with its linear layers, to compute some heads.
pub struct Heads<'a> {
    /// The layers and the part of the queries, the keys and the values.
    pub projections: [(&'a Layers, &'a OutputColumns); 3],
    pub attention: &'a Attention,
    /// Numbers of a head in a row.
    pub size: usize,
}

impl Heads<'_> {
    /// Writes the context of these heads to rows of exactly their length. `prepared` are the rows for queries, for keys
    /// and for values.
    pub fn write(
        &self,
        heads: Range<usize>,
        prepared: [&PreparedRows<'_>; 3],
        sequences: &[Sequence<'_>],
        contexts: &mut [&mut [f32]],
    ) {
        let size = self.size;
        let heads_at_once = heads_at_once(heads.len(), size, prepared[1].count());
        let (mut linear_scratch, mut scratch, mut context) =
            (LayerScratch::default(), AttentionScratch::default(), Vec::new());
        for first in heads.clone().step_by(heads_at_once) {
            let some = first..heads.end.min(first + heads_at_once);
            let columns = some.start * size..some.end * size;
            let place = columns.start - heads.start * size..columns.end - heads.start * size;
            let mut projections = [0, 1, 2].map(|index| {
                let (layers, part) = self.projections[index];
                let columns = part.columns.start + columns.start..part.columns.start + columns.end;
                Projection::new(layers, part.layer, columns, prepared[index], &mut linear_scratch)
            });
            for Sequence { rows, queries, further } in sequences.iter().filter(|sequence| !sequence.rows.is_empty()) {
                let ranges = [queries, rows, rows];
                if let Some(angles) = &further.rotation {
                    for (projection, rows) in projections.iter_mut().zip(ranges).take(2) {
                        projection.rotate(rows, size, angles);
                    }
                }
                let [query_rows, keys, values] = [0, 1, 2].map(|index| projections[index].rows(ranges[index]));
                let inputs = Inputs {
                    queries: query_rows,
                    keys,
                    values,
                    mask: further.mask,
                    bias: further.bias.map(|bias| bias.starting_at(some.start, 0)),
                    disentangled: self.attention.disentangled(further).map(|it| it.starting_at(some.start, 0)),
                    window: self.attention.window,
                    heads: some.len(),
                    head_size: size,
                    scale: self.attention.scale,
                };
                context.resize(queries.len() * columns.len(), 0.0);
                attention(&inputs, &mut scratch, &mut context, columns.len());
                for (to, from) in contexts[queries.clone()].iter_mut().zip(context.chunks_exact(columns.len())) {
                    to[place.clone()].copy_from_slice(from);
                }
            }
        }
    }
}

/// How many of a thread's heads it computes at a time: as many as fill whole panels, or one for very many rows.
fn heads_at_once(heads: usize, size: usize, rows: usize) -> usize {
    let most = groups_in_panels(size);
    if most * size * rows > MOST_AT_ONCE { 1 } else { heads.div_ceil(heads.div_ceil(most)) }
}

/// Some outputs of a linear layer, for all rows.
struct Projection {
    /// Rows of whole panels.
    values: Vec<f32>,
    stride: usize,
    /// The requested outputs in a row.
    columns: Range<usize>,
}

impl Projection {
    fn new(
        layers: &Layers,
        layer: usize,
        columns: Range<usize>,
        rows: &PreparedRows<'_>,
        scratch: &mut LayerScratch,
    ) -> Self {
        let outputs = layers.whole(layer, columns.clone());
        let stride = outputs.len();
        let columns = columns.start - outputs.start..columns.end - outputs.start;
        let mut values = vec![0.0; rows.count() * stride];
        layers.write(layer, outputs, rows, scratch, &mut values.chunks_exact_mut(stride).collect::<Vec<_>>());
        Self { values, stride, columns }
    }

    /// Rotates the heads of a sequence.
    fn rotate(&mut self, rows: &Range<usize>, head_size: usize, angles: &Rotation<'_>) {
        let sequence = &mut self.values[rows.start * self.stride..rows.end * self.stride];
        for (position, row) in sequence.chunks_exact_mut(self.stride).enumerate() {
            angles.rotate(position, &mut row[self.columns.clone()], head_size);
        }
    }

    fn rows(&self, rows: &Range<usize>) -> Rows<'_> {
        let values = &self.values[rows.start * self.stride + self.columns.start..];
        Rows { values, count: rows.len(), stride: self.stride }
    }
}

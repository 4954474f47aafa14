//! The scores of contents with relative positions that disentangled attention adds (He et al., *DeBERTa*, 2021).
//!
//! In the graph these are products with a table of embeddings, from which GatherElements takes, for each query and key,
//! the number of their distance. The table is constant: the exporter projects the embeddings while it folds constants.

use tract_core::internal::*;
use tract_core::ops::array::Tile;
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::math::Add;

use super::addends::Addend;
use super::by_distance::spread_from;
use super::places::Axes;
use super::products::{ProductLetters, all, operand, product_letters};
use super::table_rows::TableRows;
use crate::graph::fuse::broadcast::without_broadcasts;
use crate::graph::fuse::letters::{Letters, factor};
use crate::graph::fuse::pattern::*;
use crate::graph::import::gather::GatherElements;
use crate::kernels::attention::PositionTable;

/// Most tensors whose sum is added to scores.
const MOST_PARTS: usize = 16;

/// Most rows of a table. The products of all keys with all rows that a sequence needs are in memory at once.
const MOST_ROWS: usize = 2048;

/// What queries, or keys, are multiplied with.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionProduct {
    pub table: Arc<PositionTable>,
    /// Factor of the products.
    pub scale: f32,
}

/// The products that are added to the scores.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PositionProducts {
    pub of_queries: Option<PositionProduct>,
    pub of_keys: Option<PositionProduct>,
}

impl PositionProducts {
    /// That of queries, then that of keys.
    pub fn sides(&self) -> impl Iterator<Item = Option<&PositionProduct>> {
        [self.of_queries.as_ref(), self.of_keys.as_ref()].into_iter()
    }
}

/// The product of queries and keys whose scores the others are added to.
pub struct Scores<'a> {
    /// The letters of the axes at the softmax, among them those of batch, head, row and key.
    pub letters: &'a Letters,
    pub batch: char,
    pub head: char,
    pub row: char,
    pub key: char,
    /// Batch × sequence × hidden size.
    pub queries: OutletId,
    pub keys: OutletId,
    pub heads: usize,
    pub head_size: usize,
}

/// Which side of the scores a product has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Queries,
    Keys,
}

/// A constant operand of a product: heads × positions × channels, in this order of its axes.
struct Table {
    value: Arc<Tensor>,
    order: TVec<usize>,
    rows: usize,
}

impl Table {
    fn pack(&self, heads: usize, head_size: usize) -> TractResult<PositionTable> {
        let ordered = self.value.clone().into_tensor().permute_axes(&self.order)?;
        let plain = ordered.try_as_plain_ram()?;
        Ok(PositionTable::new(plain.as_slice::<f32>()?, heads, self.rows, head_size))
    }
}

/// A product with a table.
struct PositionScores {
    side: Side,
    table: Table,
    scale: f32,
    /// The position in the table for each query and key.
    positions: OutletId,
    axes: Axes,
}

/// The positions, and their axes, that products with tables in the scores take.
pub fn positions_in(
    model: &TypedModel,
    addends: &[Addend],
    scores: &Scores<'_>,
) -> TractResult<TVec<(OutletId, Axes)>> {
    let mut positions = tvec![];
    for part in addends.iter().flat_map(|addend| parts(model, addend)) {
        positions.extend(found(model, &part, scores)?.map(|found| (found.positions, found.axes)));
    }
    Ok(positions)
}

/// Takes the products with positions by distance out of the addends of scores. Returns them with the positions for each
/// distance, as floats, and the addends that remain.
pub fn take_positions(
    model: &TypedModel,
    patch: &mut TypedModelPatch,
    name: &str,
    addends: TVec<Addend>,
    scores: &Scores<'_>,
) -> TractResult<(PositionProducts, TVec<OutletId>, TVec<Addend>)> {
    let (mut of_queries, mut of_keys, mut remaining) = (None, None, tvec![]);
    for addend in addends {
        let mut others = tvec![];
        let mut is_sum_of_products = false;
        for part in parts(model, &addend) {
            let place = found(model, &part, scores)?.and_then(|found| {
                let positions = spread_from(model, found.positions, found.axes)?;
                let fact = model.outlet_fact(positions).ok()?;
                let one_for_all = (0..fact.rank()).all(|axis| axis == found.axes.key || fact.shape[axis].is_one());
                (one_for_all && fact.datum_type == i64::datum_type()).then_some(())?;
                let place = if found.side == Side::Queries { &mut of_queries } else { &mut of_keys };
                place.is_none().then(|| *place = Some((found, positions)))
            });
            match place {
                Some(()) => is_sum_of_products = true,
                None => others.push(part),
            }
        }
        if is_sum_of_products { remaining.extend(others) } else { remaining.push(addend) }
    }
    let mut positions = tvec![];
    let mut product = |side: Option<(PositionScores, OutletId)>, name: &str| {
        let Some((PositionScores { table, scale, .. }, of_distances)) = side else { return Ok(None) };
        let integers = patch.tap_model(model, of_distances)?;
        positions.push(patch.wire_node(name, TableRows { count: table.rows }, &[integers])?[0]);
        let table = Arc::new(table.pack(scores.heads, scores.head_size)?);
        TractResult::Ok(Some(PositionProduct { table, scale }))
    };
    let of_queries = product(of_queries, &format!("{name}.positions_of_queries"))?;
    let of_keys = product(of_keys, &format!("{name}.positions_of_keys"))?;
    Ok((PositionProducts { of_queries, of_keys }, positions, remaining))
}

/// The tensors of the same shape whose sum an addend is; the addend itself if there are too many.
fn parts(model: &TypedModel, addend: &Addend) -> TVec<Addend> {
    let shape = |outlet: OutletId| model.outlet_fact(outlet).map(|fact| fact.shape.to_tvec()).ok();
    let whole = |outlet: &OutletId| shape(*outlet) == shape(addend.value);
    let (mut sums, mut found) = (tvec![addend.value], tvec![]);
    while let Some(outlet) = sums.pop() {
        let node = producer(model, outlet);
        if addend.only_where.is_none() && is_binary::<Add>(node) && node.inputs.iter().all(whole) {
            sums.extend(node.inputs.iter().rev().copied());
        } else {
            found.push(Addend { value: outlet, ..addend.clone() });
        }
        if sums.len() + found.len() > MOST_PARTS {
            return tvec![addend.clone()];
        }
    }
    found
}

/// The product with a table that an addend is.
fn found(model: &TypedModel, addend: &Addend, scores: &Scores<'_>) -> TractResult<Option<PositionScores>> {
    rule_if!(addend.only_where.is_none());
    rule_if_some!(
        gathered =
            addend.changes.iter().rev().try_fold(scores.letters.clone(), |letters, change| letters.above(change))
    );
    rule_if_some!((gather, gathered, mut scale) = above_changes(model, addend.value, gathered));
    let gather = producer(model, gather);
    rule_if_some!(axis = gather.op_as::<GatherElements>().map(|gather| gather.axis));
    let place = |letter: char| gathered.axis_of(letter);
    let (side, content, other) = match (place(scores.row), place(scores.key)) {
        (Some(_), Some(key)) if key == axis => (Side::Queries, scores.row, scores.key),
        (Some(row), Some(_)) if row == axis => (Side::Keys, scores.key, scores.row),
        _ => return Ok(None),
    };
    let data_shape = model.outlet_fact(gather.inputs[0])?.shape.to_tvec();
    let position = char::MAX;
    let multiplied = gathered.renamed(other, position, data_shape[axis].clone());
    rule_if_some!((product, multiplied, factor) = above_changes(model, gather.inputs[0], multiplied));
    let product = producer(model, product);
    scale *= factor;
    rule_if_some!(names = multiplied.single());
    rule_if_some!(ProductLetters { operands, output } = product_letters(model, product)?);
    // The letters of the product stand where ours do.
    let own =
        |letter: char| names.iter().position(|it| *it == letter).and_then(|axis| output.get(axis).copied().flatten());
    let (batch, head, row, place_letter) = (own(scores.batch), own(scores.head), own(content), own(position));
    let (Some(batch), Some(head), Some(row), Some(position)) = (batch, head, row, place_letter) else {
        return Ok(None);
    };
    let content_index = usize::from(!operands[0].contains(&Some(row)));
    let table_index = 1 - content_index;
    rule_if_some!(
        channel =
            all(&operands[content_index]).into_iter().find(|letter| ![batch, head, row, position].contains(letter))
    );
    rule_if_some!(
        content = operand(model, product, content_index, &operands[content_index], [batch, row, head, channel])
    );
    rule_if!(content.rotary.is_none());
    rule_if!(content.tensor == if side == Side::Queries { scores.queries } else { scores.keys });
    let wanted = [batch, head, position, channel];
    rule_if_some!((value, order, factor) = table(model, product, table_index, &operands[table_index], wanted));
    let sizes: TVec<usize> = order.iter().map(|&axis| value.shape()[axis]).collect();
    let &[.., heads, rows, channels] = &sizes[..] else { return Ok(None) };
    rule_if!(heads == scores.heads && channels == scores.head_size && (1..=MOST_ROWS).contains(&rows));
    let table = Table { value, order, rows };
    rule_if_some!((query, key) = gathered.axis_of(scores.row).zip(gathered.axis_of(scores.key)));
    let (positions, axes) = (without_broadcasts(model, gather.inputs[1]), Axes { query, key });
    Ok(Some(PositionScores { side, table, scale: scale * content.factor * factor, positions, axes }))
}

/// Follows `outlet` up through changes of axes and products with single numbers. Returns the tensor behind them, its
/// letters and the product of the numbers.
fn above_changes(model: &TypedModel, mut outlet: OutletId, mut letters: Letters) -> Option<(OutletId, Letters, f32)> {
    let mut product = 1.0;
    loop {
        let node = producer(model, outlet);
        if let Some(change) = node.op_as::<AxisOp>() {
            letters = letters.above(change)?;
            outlet = node.inputs[0];
        } else if let Some((variable, number)) = factor(model, outlet) {
            (outlet, product) = (variable, product * number);
        } else {
            return Some((outlet, letters, product));
        }
    }
}

/// The constant operand of a product, the order of its axes that makes it heads × positions × channels behind axes of
/// length 1, and the factor of its numbers.
fn table(
    model: &TypedModel,
    product: &TypedNode,
    index: usize,
    letters: &[Option<char>],
    [batch, head, position, channel]: [char; 4],
) -> Option<(Arc<Tensor>, TVec<usize>, f32)> {
    let outlet = product.inputs[index];
    let letters = Letters::new(letters, &model.outlet_fact(outlet).ok()?.shape.to_tvec());
    let (mut outlet, mut letters, mut product) = above_changes(model, outlet, letters)?;
    // The same table for every sequence.
    if let Some(tile) = producer(model, outlet).op_as::<Tile>() {
        letters = letters.above_tile(&tile.multipliers, batch)?;
        let (above, its_letters, factor) = above_changes(model, producer(model, outlet).inputs[0], letters)?;
        (outlet, letters, product) = (above, its_letters, product * factor);
    }
    let value = constant(model, outlet).filter(|value| value.datum_type() == f32::datum_type())?;
    Some((value, letters.order_of(&[head, position, channel])?, product))
}

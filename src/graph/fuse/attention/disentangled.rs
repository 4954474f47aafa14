//! The scores of contents with relative positions that disentangled attention adds (He et al., *DeBERTa*, 2021).
//!
//! In the graph these are products with a table of embeddings, from which GatherElements takes, for each query and key,
//! the number of their distance. The table is constant: the exporter projects the embeddings while it folds constants.

use tract_core::internal::*;
use tract_core::ops::array::Tile;
use tract_core::ops::math::Add;

use super::addends::Addend;
use super::by_distance::spread_from;
use super::places::Axes;
use super::products::{ProductLetters, ScoreProduct, all, operand, product_letters};
use super::table_rows::TableRows;
use crate::graph::fuse::broadcast::without_broadcasts;
use crate::graph::fuse::letters::{Letters, Scaled};
use crate::graph::fuse::pattern::*;
use crate::graph::import::gather::GatherElements;
use crate::kernels::attention::PositionTable;

/// Most tensors in a sum that is added to scores.
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

/// Which side of the scores a product has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Queries,
    Keys,
}

/// A constant operand of a product: heads × positions × channels, in this order of its axes, behind axes of length 1.
struct Operand {
    value: Arc<Tensor>,
    order: TVec<usize>,
}

impl Operand {
    /// Number of heads, of positions and of channels.
    fn sizes(&self) -> Option<[usize; 3]> {
        let sizes: TVec<usize> = self.order.iter().map(|&axis| self.value.shape()[axis]).collect();
        sizes.last_chunk().copied()
    }

    fn pack(&self, [heads, rows, head_size]: [usize; 3]) -> TractResult<PositionTable> {
        let ordered = self.value.clone().into_tensor().permute_axes(&self.order)?;
        let plain = ordered.try_as_plain_ram()?;
        Ok(PositionTable::new(plain.as_slice::<f32>()?, heads, rows, head_size))
    }
}

/// A product with a table.
struct TableProduct {
    side: Side,
    table: Operand,
    /// Number of heads, of positions and of channels.
    sizes: [usize; 3],
    scale: f32,
    /// The position in the table for each query and key.
    positions: OutletId,
    axes: Axes,
}

/// The positions, and their axes, that products with tables in the scores take.
pub fn positions_in(
    model: &TypedModel,
    addends: &[Addend],
    scores: &ScoreProduct,
    heads: usize,
) -> TractResult<TVec<(OutletId, Axes)>> {
    let mut positions = tvec![];
    for part in addends.iter().flat_map(|addend| parts(model, addend)) {
        positions.extend(found(model, &part, scores, heads)?.map(|found| (found.positions, found.axes)));
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
    scores: &ScoreProduct,
    heads: usize,
) -> TractResult<(PositionProducts, TVec<OutletId>, TVec<Addend>)> {
    let (mut of_queries, mut of_keys, mut remaining) = (None, None, tvec![]);
    for addend in addends {
        let mut others = tvec![];
        let mut is_sum_of_products = false;
        for part in parts(model, &addend) {
            let place = found(model, &part, scores, heads)?.and_then(|found| {
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
    let mut product = |side: Option<(TableProduct, OutletId)>, name: &str| {
        let Some((TableProduct { table, sizes, scale, .. }, of_distances)) = side else { return Ok(None) };
        let integers = patch.tap_model(model, of_distances)?;
        positions.push(patch.wire_node(name, TableRows { count: sizes[1] }, &[integers])?[0]);
        let table = Arc::new(table.pack(sizes)?);
        TractResult::Ok(Some(PositionProduct { table, scale }))
    };
    let of_queries = product(of_queries, &format!("{name}.positions_of_queries"))?;
    let of_keys = product(of_keys, &format!("{name}.positions_of_keys"))?;
    Ok((PositionProducts { of_queries, of_keys }, positions, remaining))
}

/// Splits an addend that is a sum into its tensors of the same shape. Returns the addend itself if there are too many.
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
fn found(
    model: &TypedModel,
    addend: &Addend,
    scores: &ScoreProduct,
    heads: usize,
) -> TractResult<Option<TableProduct>> {
    rule_if!(addend.only_where.is_none());
    let [scores_batch, scores_head, scores_row, scores_key] = scores.names;
    let at_softmax = scores.letters.clone();
    rule_if_some!(letters = addend.changes.iter().rev().try_fold(at_softmax, |letters, change| letters.above(change)));
    rule_if_some!(gathered = Scaled::new(addend.value, letters).above_changes(model));
    let gather = producer(model, gathered.outlet);
    rule_if_some!(axis = gather.op_as::<GatherElements>().map(|gather| gather.axis));
    let place = |letter: char| gathered.letters.axis_of(letter);
    rule_if_some!((query, key) = place(scores_row).zip(place(scores_key)));
    let (side, content, other) = match axis {
        _ if axis == key => (Side::Queries, scores_row, scores_key),
        _ if axis == query => (Side::Keys, scores_key, scores_row),
        _ => return Ok(None),
    };
    let positions = model.outlet_fact(gather.inputs[0])?.shape[axis].clone();
    let position = char::MAX;
    let multiplied = Scaled::new(gather.inputs[0], gathered.letters.renamed(other, position, positions));
    rule_if_some!(multiplied = multiplied.above_changes(model));
    let product = producer(model, multiplied.outlet);
    rule_if_some!(ProductLetters { operands, output } = product_letters(model, product)?);
    // The letters of the product stand where ours do.
    let own = |letter: char| output[multiplied.letters.axis_of(letter)?];
    rule_if!(multiplied.letters.single().is_some() && output.len() == 4);
    let [Some(batch), Some(head), Some(row), Some(position)] = [scores_batch, scores_head, content, position].map(own)
    else {
        return Ok(None);
    };
    let index = usize::from(!operands[0].contains(&Some(row)));
    let channels = all(&operands[index]);
    rule_if_some!(channel = channels.into_iter().find(|letter| ![batch, head, row, position].contains(letter)));
    rule_if_some!(content = operand(model, product, index, &operands[index], [batch, row, head, channel]));
    rule_if!(content.rotary.is_none());
    rule_if!(content.tensor == if side == Side::Queries { scores.queries.tensor } else { scores.keys.tensor });
    let wanted = [batch, head, position, channel];
    rule_if_some!((table, factor) = table(model, product, 1 - index, &operands[1 - index], wanted));
    rule_if_some!(sizes = table.sizes());
    rule_if!(sizes[0] == heads && (1..=MOST_ROWS).contains(&sizes[1]) && sizes[2].to_dim() == scores.channels);
    let scale = gathered.factor * multiplied.factor * content.factor * factor;
    let positions = without_broadcasts(model, gather.inputs[1]);
    Ok(Some(TableProduct { side, table, sizes, scale, positions, axes: Axes { query, key } }))
}

/// The constant operand of a product, and the factor of its numbers.
fn table(
    model: &TypedModel,
    product: &TypedNode,
    index: usize,
    letters: &[Option<char>],
    [batch, head, position, channel]: [char; 4],
) -> Option<(Operand, f32)> {
    let outlet = product.inputs[index];
    let letters = Letters::new(letters, &model.outlet_fact(outlet).ok()?.shape.to_tvec());
    let mut found = Scaled::new(outlet, letters).above_changes(model)?;
    let node = producer(model, found.outlet);
    // The same table for every sequence.
    if let Some(tile) = node.op_as::<Tile>() {
        let letters = found.letters.above_tile(&tile.multipliers, batch)?;
        found = Scaled { outlet: node.inputs[0], letters, ..found }.above_changes(model)?;
    }
    let value = constant(model, found.outlet).filter(|value| value.datum_type() == f32::datum_type())?;
    let order = found.letters.order_of(&[head, position, channel])?;
    Some((Operand { value, order }, found.factor))
}

use proptest::prelude::*;

use super::attend::attend;
use super::pack::BLOCK;
use super::*;
use crate::kernels::lanes::scalar::Scalar;
use crate::kernels::lanes::{Fastest, Lanes};
use crate::kernels::testing::{test, *};

#[derive(Debug, Clone)]
struct Case {
    queries: usize,
    keys: usize,
    heads: usize,
    head_size: usize,
    /// Rows of queries, keys and values beside each other.
    activations: Vec<f32>,
    mask: Option<Vec<f32>>,
    /// Rows of keys for each query, for each head.
    bias: Option<Vec<f32>>,
    disentangled: Option<Embeddings>,
    window: Option<LocalWindow>,
    scale: f32,
}

/// The embeddings of positions of disentangled attention, for twice as many heads as a case has.
#[derive(Debug, Clone)]
struct Embeddings {
    /// Heads × rows × head size.
    values: Vec<f32>,
    table: PositionTable,
    /// A row for each distance.
    rows: Vec<u32>,
    first: usize,
    /// Whether queries, and keys, are multiplied.
    sides: [bool; 2],
}

impl Embeddings {
    const SCALES: [f32; 2] = [0.3, 0.2];
    const FIRST_HEAD: usize = 1;

    /// The rows fall with the distance, from the last to the first; `random` has any in their place.
    fn new(case: &Case, count: usize, random_rows: bool, sides: [bool; 2], seed: u64) -> Self {
        let heads = case.heads + Self::FIRST_HEAD;
        let values = random(heads * count * case.head_size, seed);
        let table = PositionTable::new(&values, heads, count, case.head_size);
        let of_distance = |(index, number): (usize, f32)| {
            let place = if random_rows { number.fract().abs() } else { 1.0 - index as f32 / (2 * case.keys) as f32 };
            ((place * count as f32) as u32).min(count as u32 - 1)
        };
        let rows = random(2 * case.keys - 1, seed).into_iter().enumerate().map(of_distance).collect();
        Self { values, table, rows, first: case.keys - case.queries, sides }
    }

    fn kernel(&self) -> Disentangled<'_> {
        let [of_queries, of_keys] = [0, 1].map(|side| {
            let positions = PositionScores { table: &self.table, rows: &self.rows, scale: Self::SCALES[side] };
            self.sides[side].then_some(positions)
        });
        Disentangled { of_queries, of_keys, first: self.first, first_head: Self::FIRST_HEAD }
    }

    fn row(&self, head: usize, query: usize, key: usize, head_size: usize) -> Vec<f64> {
        let row = self.rows[self.rows.len() / 2 + key - (self.first + query)] as usize;
        let row = (head + Self::FIRST_HEAD) * self.table.shape()[1] + row;
        self.values[row * head_size..][..head_size].iter().map(|&x| f64::from(x)).collect()
    }
}

impl Case {
    fn random(queries: usize, keys: usize, heads: usize, head_size: usize) -> Self {
        let activations = random(queries.max(keys) * 3 * heads * head_size, 7);
        Self {
            queries,
            keys,
            heads,
            head_size,
            activations,
            mask: None,
            bias: None,
            disentangled: None,
            window: None,
            scale: 1.0 / (head_size as f32).sqrt(),
        }
    }

    fn hidden(&self) -> usize {
        self.heads * self.head_size
    }

    fn inputs(&self) -> Inputs<'_> {
        let hidden = self.hidden();
        let rows = |i: usize, count| Rows { values: &self.activations[i * hidden..], count, stride: 3 * hidden };
        Inputs {
            queries: rows(0, self.queries),
            keys: rows(1, self.keys),
            values: rows(2, self.keys),
            mask: self.mask.as_deref(),
            bias: self.bias.as_deref().map(|values| Bias {
                values,
                head_stride: self.queries * self.keys,
                rows: BiasRows::Apart(self.keys),
            }),
            disentangled: self.disentangled.as_ref().map(Embeddings::kernel),
            window: self.window,
            heads: self.heads,
            head_size: self.head_size,
            scale: self.scale,
        }
    }

    /// A row of the queries (part 0), keys (1) or values (2).
    fn row(&mut self, part: usize, row: usize) -> &mut [f32] {
        let hidden = self.hidden();
        &mut self.activations[(3 * row + part) * hidden..][..hidden]
    }

    fn multiply(&mut self, part: usize, factor: f32) {
        for row in 0..if part == 0 { self.queries } else { self.keys } {
            self.row(part, row).iter_mut().for_each(|x| *x *= factor);
        }
    }

    fn run<L: Lanes>(&self, scratch: &mut AttentionScratch) -> Vec<f32> {
        let mut context = vec![0.0; self.queries * self.hidden()];
        attend::<L>(&self.inputs(), scratch, &mut context, self.hidden());
        context
    }

    fn context(&self) -> Vec<f32> {
        self.run::<Fastest>(&mut AttentionScratch::default())
    }

    /// Each element by the definition, with the error bound that `attention` documents.
    fn exact(&self) -> Vec<(f64, f64)> {
        let Inputs { queries, keys, values, .. } = self.inputs();
        let mut context = Vec::new();
        for (query, head) in (0..self.queries).flat_map(|query| (0..self.heads).map(move |head| (query, head))) {
            let row = |rows: Rows<'_>, i| -> Vec<f64> {
                rows.slice(i, head * self.head_size, self.head_size).iter().map(|&x| f64::from(x)).collect()
            };
            let q = row(queries, query);
            let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
            let mut longest_key = 0f64;
            let mut longest_positions = 0f64;
            let scores: Vec<f64> = (0..self.keys)
                .map(|key| {
                    let k = row(keys, key);
                    longest_key = longest_key.max(norm(&k));
                    let dot: f64 = q.iter().zip(&k).map(|(q, k)| q * k).sum();
                    let mask = self.mask.as_ref().map_or(0.0, |mask| f64::from(mask[key]));
                    let bias = self
                        .bias
                        .as_ref()
                        .map_or(0.0, |bias| f64::from(bias[(head * self.queries + query) * self.keys + key]));
                    let mut positions = 0.0;
                    let mut norms = 0.0;
                    if let Some(embeddings) = &self.disentangled {
                        let embedding = embeddings.row(head, query, key, self.head_size);
                        let contents = [&q, &k];
                        for (content, (scale, side)) in
                            contents.iter().zip(Embeddings::SCALES.into_iter().zip(embeddings.sides))
                        {
                            let scale = if side { f64::from(scale) } else { 0.0 };
                            positions += scale * content.iter().zip(&embedding).map(|(x, y)| x * y).sum::<f64>();
                            norms += scale * norm(content) * norm(&embedding);
                        }
                    }
                    longest_positions = longest_positions.max(norms);
                    let seen = self.window.is_none_or(|window| window.keys(query, self.keys).contains(&key));
                    if seen { dot * f64::from(self.scale) + mask + bias + positions } else { f64::NEG_INFINITY }
                })
                .collect();
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
            let sum: f64 = weights.iter().sum();

            let blocks = self.head_size.div_ceil(BLOCK) as f64;
            let magnitude =
                scores.iter().filter(|score| score.is_finite()).fold(0f64, |largest, score| largest.max(score.abs()));
            let products = f64::from(self.scale) * norm(&q) * longest_key + longest_positions;
            let off = 0.25e-3 * blocks * products + magnitude / f64::from(1 << 21);
            let relative = self.keys as f64 / f64::from(1 << 15) + 1.0 / f64::from(1 << 13) + (2.0 * off).exp_m1();
            let values: Vec<Vec<f64>> = (0..self.keys).map(|key| row(values, key)).collect();
            context.extend((0..self.head_size).map(|channel| {
                let column = values.iter().map(|row| row[channel]);
                let exact = weights.iter().zip(column.clone()).map(|(weight, value)| weight / sum * value).sum();
                (exact, relative * column.fold(0f64, |largest, value| largest.max(value.abs())))
            }));
        }
        context
    }

    fn check(&self) {
        for (index, (&actual, (exact, bound))) in self.context().iter().zip(self.exact()).enumerate() {
            let error = (f64::from(actual) - exact).abs();
            assert!(error <= bound, "element {index}: {actual} is not {exact}, error {error:e}, bound {bound:e}");
        }
    }

    /// The largest error, as a fraction of the largest value of its head's row, and the root mean square of these
    /// fractions.
    fn error(&self) -> (f64, f64) {
        let (actual, exact) = (self.context(), self.exact());
        let mut worst = 0f64;
        let mut squares = 0.0;
        for (actual, exact) in actual.chunks(self.head_size).zip(exact.chunks(self.head_size)) {
            let largest = exact.iter().fold(0f64, |largest, (x, _)| largest.max(x.abs()));
            for (&actual, (exact, _)) in actual.iter().zip(exact) {
                let error = (f64::from(actual) - exact).abs() / largest;
                worst = worst.max(error);
                squares += error * error;
            }
        }
        (worst, (squares / exact.len() as f64).sqrt())
    }
}

#[test]
fn is_near_the_exact_function() {
    for (queries, keys, head_size) in
        [(5, 1, 16), (7, 33, 32), (31, 31, 64), (128, 128, 64), (64, 512, 64), (3, 100, 10)]
    {
        for spread in [0.1, 1.0, 3.0] {
            let mut case = Case::random(queries, keys, 2, head_size);
            case.scale *= spread;
            case.check();
            let (worst, mean) = case.error();
            assert!(worst <= 1e-3 && mean <= 1.5e-4, "{queries} {keys} {head_size} {spread}: {worst:.1e} {mean:.1e}");
        }
    }
}

#[test]
fn one_key_gives_its_value() {
    let mut case = Case::random(3, 1, 1, 5);
    case.row(2, 0).copy_from_slice(&[1.0, -2.5, 0.0, 1e-3, 1e20]);
    for row in case.context().chunks(5) {
        for (&actual, expected) in row.iter().zip([1.0, -2.5, 0.0, 1e-3, 1e20]) {
            assert!((actual - expected).abs() <= 1e-6 * expected.abs(), "{actual} is not {expected}");
        }
    }
}

#[test]
fn rows_of_zeros_weigh_all_keys_the_same() {
    let mut case = Case::random(2, 4, 1, 3);
    case.multiply(0, 0.0);
    for key in 0..4 {
        case.row(2, key).fill(key as f32);
    }
    case.context().iter().for_each(|x| assert!((x - 1.5).abs() <= 1e-4, "{x}"));
    case.multiply(2, 0.0);
    assert_same(&case.context(), &[0.0; 6]);
}

#[test]
fn hidden_keys_do_not_count() {
    let mut case = Case::random(3, 70, 2, 12);
    case.mask = Some((0..70).map(|key| if key % 7 == 3 { 0.0 } else { f32::NEG_INFINITY }).collect());
    case.check();
    case.mask = Some((0..70).map(|key| if key == 69 { 0.0 } else { f32::MIN }).collect());
    let value = case.row(2, 69).to_vec();
    for row in case.context().chunks(24) {
        row.iter().zip(&value).for_each(|(a, b)| assert!((a - b).abs() <= 1e-3, "{a} is not {b}"));
    }
    case.mask = Some(vec![f32::NEG_INFINITY; 70]);
    assert!(case.context().iter().all(|x| x.is_nan()));
    // Lower than any score but the same for all keys, so equal to no mask.
    case.mask = Some(vec![-1e4; 70]);
    case.check();
}

#[test]
fn a_bias_may_be_shared_by_heads_and_queries() {
    let (queries, keys, heads) = (5, 11, 3);
    let case = Case::random(queries, keys, heads, 4);
    let all = random(heads * queries * keys, 3);
    let apart = BiasRows::Apart;
    let distances = BiasRows::Distances { first: 6 };
    for (head_stride, rows) in [
        (queries * keys, apart(keys)),
        (0, apart(keys)),
        (keys, apart(0)),
        (0, apart(0)),
        (2 * keys - 1, distances),
        (0, distances),
    ] {
        let shared = Bias { values: &all, head_stride, rows };
        let mut inputs = case.inputs();
        inputs.bias = Some(shared);
        let mut context = vec![0.0; queries * case.hidden()];
        attention(&inputs, &mut AttentionScratch::default(), &mut context, case.hidden());
        let mut each = case.clone();
        let rows = (0..heads).flat_map(|head| (0..queries).map(move |query| (head, query)));
        each.bias = Some(rows.flat_map(|(head, query)| shared.row(head, query, keys)).copied().collect());
        each.check();
        assert_same(&context, &each.context());
        for (head, query) in [(0, 3), (2, 0), (1, 2)] {
            assert_eq!(shared.starting_at(head, query).row(0, 1, keys), shared.row(head, query + 1, keys));
        }
    }
}

#[test]
fn a_bias_by_distance_has_a_number_for_each() {
    let values = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
    let bias = Bias { values: &values, head_stride: 0, rows: BiasRows::Distances { first: 0 } };
    assert_eq!(bias.row(0, 0, 4), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(bias.row(0, 3, 4), [-3.0, -2.0, -1.0, 0.0]);
}

/// A query that is computed alone has the bits that it has among others, and a head those that it has beside others.
#[test]
fn disentangled_scores_are_near_the_definition_and_do_not_depend_on_the_other_rows() {
    for ((queries, keys, head_size), sides) in [(9, 9, 5), (1, 30, 16), (12, 70, 32), (3, 9, 130)]
        .into_iter()
        .flat_map(|shape| [[true, true], [true, false], [false, true]].map(|sides| (shape, sides)))
    {
        for (count, random_rows) in [(2 * keys, false), (7, false), (40, true), (1, false)] {
            let mut case = Case::random(queries, keys, 2, head_size);
            case.disentangled = Some(Embeddings::new(&case, count, random_rows, sides, 5));
            case.check();
            let together = case.context();
            for (query, head) in (0..queries).flat_map(|query| [0, 1].map(|head| (query, head))) {
                let mut inputs = case.inputs();
                let start = head * head_size;
                for rows in [&mut inputs.queries, &mut inputs.keys, &mut inputs.values] {
                    rows.values = &rows.values[start..];
                }
                inputs.queries.values = &inputs.queries.values[query * inputs.queries.stride..];
                inputs.queries.count = 1;
                inputs.heads = 1;
                inputs.disentangled = inputs.disentangled.map(|it| it.starting_at(head, query));
                let mut context = vec![0.0; head_size];
                attention(&inputs, &mut AttentionScratch::default(), &mut context, head_size);
                assert_same(&context, &together[query * case.hidden() + start..][..head_size]);
            }
        }
    }
}

#[test]
fn a_row_of_a_table_is_near_what_it_was_made_of() {
    let (heads, rows, head_size) = (2, 11, 21);
    let values = random(heads * rows * head_size, 3);
    let table = PositionTable::new(&values, heads, rows, head_size);
    for (index, row) in values.chunks_exact(head_size).enumerate() {
        let largest = row.iter().fold(0f32, |largest, x| largest.max(x.abs()));
        for (rounded, exact) in table.row(index / rows, index % rows).iter().zip(row) {
            assert!((rounded - exact).abs() <= largest * 1e-4, "{rounded} is not {exact}");
        }
    }
}

/// Windows that begin inside a block, span several, or end at the last key.
#[test]
fn a_window_gives_the_bits_of_a_bias_that_hides_the_same_keys() {
    let (queries, heads) = (250, 2);
    let case = Case::random(queries, queries, heads, 12);
    for (before, after) in [(0, 0), (64, 64), (3, 70), (200, 1), (0, usize::MAX), (usize::MAX, 0), (500, 500)] {
        let window = LocalWindow { before, after, first: 0 };
        let hidden = |query: usize, key: usize| !window.keys(query, queries).contains(&key);
        let row = |query: usize| (0..queries).map(move |key| if hidden(query, key) { f32::NEG_INFINITY } else { 0.0 });
        let (mut with_window, mut with_bias) = (case.clone(), case.clone());
        with_window.window = Some(window);
        with_bias.bias = Some((0..heads).flat_map(|_| (0..queries).flat_map(row)).collect());
        assert_same(&with_window.context(), &with_bias.context());
    }
}

#[test]
fn what_is_not_finite_reaches_what_depends_on_it() {
    let case = Case::random(6, 11, 2, 5);
    for value in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let spoiled = |part: usize, row: usize| {
            let mut case = case.clone();
            // In the second head.
            case.row(part, row)[7] = value;
            case.context().iter().map(|x| x.is_nan()).collect::<Vec<_>>()
        };
        let expect =
            |nan: fn(usize, usize) -> bool| (0..60).map(|index| nan(index / 10, index % 10)).collect::<Vec<_>>();
        assert_eq!(spoiled(0, 4), expect(|row, column| row == 4 && column >= 5));
        assert_eq!(spoiled(1, 4), expect(|_, column| column >= 5));
        assert_eq!(spoiled(1, 10), expect(|_, column| column >= 5));
        assert_eq!(spoiled(2, 10), expect(|_, column| column == 7));
    }
    for mask in [f32::NAN, f32::INFINITY] {
        let mut case = case.clone();
        case.mask = Some((0..11).map(|key| if key == 5 { mask } else { 0.0 }).collect());
        assert!(case.context().iter().all(|x| x.is_nan()));
    }
}

#[test]
fn magnitudes_near_the_ends_of_the_range() {
    for exponent in [-95, -60, -20, 20, 60, 95, 120] {
        let mut case = Case::random(5, 20, 1, 16);
        case.multiply(0, 2f32.powi(exponent));
        case.multiply(1, 2f32.powi(-exponent.min(95)));
        case.scale *= 2f32.powi(exponent.min(95) - exponent);
        case.check();
        let mut case = Case::random(5, 20, 1, 16);
        case.multiply(2, 2f32.powi(exponent));
        case.check();
    }
}

fn shapes() -> impl Strategy<Value = [usize; 4]> {
    let keys = prop_oneof![1..20usize, 55..75usize, 120..140usize];
    let head_size = prop_oneof![1..20usize, Just(64), 60..70usize, Just(130)];
    (1..10usize, keys, 1..4usize, head_size).prop_map(|(queries, keys, heads, size)| [queries, keys, heads, size])
}

/// Unusual cases that still have a finite result.
fn unusual() -> impl Strategy<Value = Case> {
    let outliers = prop::collection::vec((0..3usize, any::<prop::sample::Index>(), -1000f32..1000.0), 0..6);
    (shapes(), any::<u64>(), outliers, 0..4u8, any::<[bool; 5]>()).prop_map(
        |(
            [queries, keys, heads, head_size],
            seed,
            outliers,
            zeros,
            [masked, biased, windowed, of_queries, of_keys],
        )| {
            let mut case = Case::random(queries, keys, heads, head_size);
            case.activations = random(case.activations.len(), seed);
            if let part @ 0..3 = zeros {
                case.row(part.into(), 0).fill(0.0);
            }
            for (part, index, value) in outliers {
                let row = index.index(if part == 0 { queries } else { keys });
                let column = index.index(heads * head_size);
                case.row(part, row)[column] = value;
            }
            // The first key stays visible.
            let hidden = |bits: &f32| if *bits < 0.5 { 0.0 } else { f32::NEG_INFINITY };
            case.mask = masked.then(|| [0.0].into_iter().chain(random(keys - 1, seed).iter().map(hidden)).collect());
            case.bias = biased.then(|| random(heads * queries * keys, seed));
            if queries <= keys && (of_queries || of_keys) {
                let count = 1 + seed as usize % 50;
                case.disentangled = Some(Embeddings::new(&case, count, masked, [of_queries, of_keys], seed));
            }
            // Every query sees the first key.
            if windowed && queries <= keys {
                let first = seed as usize % (keys + 1 - queries);
                case.window = Some(LocalWindow { before: first + queries, after: seed as usize % 90, first });
            }
            case
        },
    )
}

/// Cases with any values.
fn anything() -> impl Strategy<Value = Case> {
    let anywhere = prop::collection::vec((any::<prop::sample::Index>(), floats(1)), 0..20);
    (unusual(), anywhere, prop::option::of(floats(140)), float()).prop_map(|(mut case, anywhere, mask, scale)| {
        for (index, value) in anywhere {
            let index = index.index(case.activations.len());
            case.activations[index] = value[0];
        }
        case.mask = mask.map(|mask| mask[..case.keys].to_vec());
        case.scale = scale;
        case
    })
}

proptest! {
    #[test]
    fn errors_are_within_the_documented_bound(case in unusual()) {
        case.check();
    }

    #[test]
    fn is_the_same_as_the_reference(case in anything()) {
        assert_same(&case.context(), &case.run::<Scalar>(&mut AttentionScratch::default()));
    }

    #[test]
    fn a_row_depends_on_its_query_alone(case in unusual()) {
        // Scratch memory that served another shape changes nothing.
        let mut scratch = AttentionScratch::default();
        Case::random(3, 77, 1, 33).run::<Fastest>(&mut scratch);
        let together = case.run::<Fastest>(&mut scratch);
        let hidden = case.hidden();
        for (query, expected) in together.chunks(hidden).enumerate() {
            let mut inputs = case.inputs();
            inputs.queries.values = &inputs.queries.values[query * inputs.queries.stride..];
            inputs.queries.count = 1;
            inputs.bias = inputs.bias.map(|bias| bias.starting_at(0, query));
            inputs.window = inputs.window.map(|window| window.starting_at(query));
            inputs.disentangled = inputs.disentangled.map(|it| it.starting_at(0, query));
            let mut alone = vec![0.0; hidden];
            attention(&inputs, &mut scratch, &mut alone, hidden);
            assert_same(&alone, expected);
        }
    }
}

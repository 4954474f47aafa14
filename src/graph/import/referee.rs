//! Compares this import with tract-onnx, tract's importer. An upgrade of either that changes a result fails here.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tract_core::internal::*;
use tract_onnx::prelude::InferenceModelExt;
use tract_onnx::tract_hir::infer::InferenceFact;

use super::{import, logit};
use crate::graph::{Encoder, TokenSequence};
use crate::onnx::schema::Model;
use crate::onnx::{Parser, WeightStore};

/// Cases of operators.jsonl on which tract-onnx differs: the name, how many of the cases of that name, and why. On each,
/// this import agrees with onnxruntime.
const OTHER_OPERATORS: [(&str, usize, &str); 23] = [
    ("Attention 23", 2, "the operator does not run there"),
    ("Attention 23 {'q_num_heads': 3, 'kv_num_heads': 3, 'scale': 0.3}", 1, "the operator does not run there"),
    ("Attention 23 {'q_num_heads': 3, 'kv_num_heads': 3}", 3, "the operator does not run there"),
    ("Attention 23 {'scale': 0.25}", 1, "the operator does not run there"),
    ("Attention 24", 1, "the operator does not run there"),
    ("Attention 24 {'q_num_heads': 3, 'kv_num_heads': 3}", 1, "the operator does not run there"),
    ("Constant 13 {'value': halves}", 1, "halves stay halves there, and become floats here"),
    ("ConstantOfShape 20", 1, "a missing value is a double there"),
    ("ConstantOfShape 9", 1, "a missing value is a double there"),
    ("DynamicQuantizeLinear 11", 1, "the scale of zeros is 0 there, and 1 here"),
    ("Einsum 13 {'equation': '...ij,...jk'}", 1, "an ellipsis does not broadcast there"),
    ("Equal 11", 1, "bools have no order there"),
    ("Equal 13", 1, "bools have no order there"),
    ("GatherND 12", 2, "a negative index panics there"),
    ("GatherND 13", 2, "a negative index panics there"),
    ("QuantizeLinear 21 {'output_dtype': 3}", 1, "the integers are uint8 there"),
    ("Range 11", 2, "a range that counts down has a wrong length there, and one by halves panics"),
    ("Slice 10", 1, "an end before the start is an error there"),
    ("Slice 11", 1, "an end before the start is an error there"),
    ("Slice 13", 1, "an end before the start is an error there"),
    ("Slice 9 {'starts': [0, -2], 'ends': [1, 1000]}", 1, "missing axes stand for all axes there"),
    ("Squeeze 11", 1, "missing axes are an error there"),
    ("Squeeze 13", 1, "axes out of order are an error there"),
];

/// Fixtures that tract-onnx does not load or reads differently, and why.
const OTHER_FIXTURES: [(&str, &str); 21] = [
    ("albert-5-torchscript-sdpa-fp16", "a Gemm of halves yields floats there"),
    ("bert-5-torchscript-sdpa-fp16", "a Gemm of halves yields floats there"),
    ("bert-operators", "Attention is unknown there"),
    ("bert-static-all", "the logit is 0.9 from onnxruntime's there"),
    ("deberta-v2-5-torchscript-eager-fp16", "a Gemm of halves yields floats there"),
    ("distilbert-5-torchscript-sdpa-fp16", "a Gemm of halves yields floats there"),
    ("electra-5-torchscript-sdpa-fp16", "a Gemm of halves yields floats there"),
    ("gte-5-torchscript-sdpa-fp16", "a Gemm of halves yields floats there"),
    ("jina-bert-5-torchscript-sdpa-fp16", "a Gemm of halves yields floats there"),
    ("jina-v2-5-dynamo-eager-slim", "a CumSum of sizes is an error there"),
    ("jina-v2-5-dynamo-eager-web", "a CumSum of sizes is an error there"),
    ("jina-v2-5-torchscript-eager-fp16", "a Gemm of halves yields floats there"),
    ("modernbert-5-torchscript-sdpa-fp16", "a Gemm of halves yields floats there"),
    ("modernbert-operators", "Attention is unknown there"),
    ("mpnet-5-dynamo-eager-slim", "a CumSum of sizes is an error there"),
    ("mpnet-5-dynamo-eager-web", "a CumSum of sizes is an error there"),
    ("mpnet-5-torchscript-eager-fp16", "a Gemm of halves yields floats there"),
    ("new-5-torchscript-sdpa-fp16", "a Gemm of halves yields floats there"),
    ("xlm-roberta-5-dynamo-sdpa-slim", "a CumSum of sizes is an error there"),
    ("xlm-roberta-5-dynamo-sdpa-web", "a CumSum of sizes is an error there"),
    ("xlm-roberta-5-torchscript-sdpa-fp16", "a Gemm of halves yields floats there"),
];

/// Distance of two numbers by both imports, for numbers of about 1. The sums are of the same products, in the order of
/// each plan.
const BOUND: f64 = 1e-5;

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= BOUND * (1.0 + other.abs()) || one == other || one.is_nan() && other.is_nan()
}

/// The graph as tract-onnx reads it, with inputs of this shape. tract-onnx panics on some graphs.
fn by_tract_onnx(file: &[u8], shape: Option<[usize; 2]>) -> TractResult<TypedModel> {
    let mut onnx = tract_onnx::onnx().with_ignore_output_shapes(true).with_ignore_value_info(true);
    onnx.ignore_output_types = true;
    let mut model = onnx.model_for_read(&mut &*file)?;
    if let Some(shape) = shape {
        for input in 0..model.inputs.len() {
            model.set_input_fact(input, InferenceFact::dt_shape(i64::datum_type(), shape))?;
        }
    }
    model.into_typed()
}

fn run(model: TypedModel, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
    model.into_decluttered()?.into_optimized()?.into_runnable()?.run(inputs)
}

fn caught<Result>(run: impl FnOnce() -> TractResult<Result>) -> TractResult<Result> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(format_err!("a panic")))
}

fn lines<Line: for<'text> Deserialize<'text>>(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

#[derive(Deserialize)]
struct Case {
    name: String,
    model: String,
}

impl Case {
    fn file(&self) -> Vec<u8> {
        let digits = self.model.as_bytes().chunks(2).map(|digits| std::str::from_utf8(digits).unwrap());
        digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
    }

    /// The name in one line.
    fn short_name(&self) -> String {
        if self.name.contains("data_type: 10") { "Constant 13 {'value': halves}".to_owned() } else { self.name.clone() }
    }
}

fn same(one: &Tensor, other: &Tensor) -> TractResult<bool> {
    if one.datum_type() != other.datum_type() || one.shape() != other.shape() {
        return Ok(false);
    }
    let [one, other] = [one.cast_to::<f64>()?, other.cast_to::<f64>()?];
    let [one, other] = [one.try_as_plain_ram()?, other.try_as_plain_ram()?];
    Ok(one.as_slice::<f64>()?.iter().zip(other.as_slice::<f64>()?).all(|(&one, &other)| near(one, other)))
}

#[test]
fn every_operator_gives_the_values_that_tract_onnx_gives() {
    let cases: Vec<Case> = lines(&fixtures().join("operators.jsonl"));
    let mut differing: BTreeMap<String, usize> = BTreeMap::new();
    for case in &cases {
        let file = case.file();
        let own = import(&Model::read(&file).unwrap(), [], None, &WeightStore::default());
        let own = own.and_then(|model| run(model, tvec!())).unwrap();
        let other = caught(|| run(by_tract_onnx(&file, None)?, tvec!()));
        let agree = other.is_ok_and(|other| {
            own.len() == other.len() && own.iter().zip(&other).all(|(own, other)| same(own, other).unwrap())
        });
        if !agree {
            *differing.entry(case.short_name()).or_default() += 1;
        }
    }
    let expected = OTHER_OPERATORS.map(|(name, count, _)| (name.to_owned(), count));
    assert_eq!(differing, BTreeMap::from(expected));
}

#[derive(Deserialize)]
struct Row {
    input_ids: Vec<u32>,
    #[serde(default)]
    token_type_ids: Vec<u32>,
}

/// The graphs of the fixtures, each with its name and the file of its rows.
fn graphs() -> Vec<(String, PathBuf, PathBuf)> {
    let folders = ["families", "forms"].map(|folder| std::fs::read_dir(fixtures().join(folder)).unwrap());
    let files = folders.into_iter().flatten().map(|file| file.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "onnx"));
    let mut graphs: Vec<_> = files
        .map(|file| {
            (file.file_stem().unwrap().to_string_lossy().into_owned(), file.clone(), file.with_extension("jsonl"))
        })
        .collect();
    for (folder, file) in [
        ("standin-tiny", "model_dequantized"),
        ("standin-tiny", "model_quantized"),
        ("standin-tiny-bert", "model_quantized"),
        ("standin-tiny-full-range", "model_quantized"),
        ("standin-tiny-unsigned", "model_quantized"),
    ] {
        let folder = fixtures().join(folder);
        graphs.push((file.to_owned(), folder.join(format!("onnx/{file}.onnx")), folder.join("logits.jsonl")));
    }
    graphs
}

/// Runs a pair, padded to `tokens`.
fn logit_by_tract_onnx(file: &[u8], Row { input_ids, token_type_ids }: &Row, tokens: usize) -> TractResult<f32> {
    let shape = [1, tokens];
    let mut model = by_tract_onnx(file, Some(shape))?;
    let names: Vec<String> =
        model.outputs.iter().map(|&output| model.outlet_label(output).unwrap_or_default().to_owned()).collect();
    logit::select(&mut model, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
    let input = |outlet: &OutletId| {
        let mut numbers: Vec<i64> = match &*model.node(outlet.node).name {
            "input_ids" => input_ids.iter().map(|&id| id.into()).collect(),
            "token_type_ids" => token_type_ids.iter().map(|&id| id.into()).collect(),
            "attention_mask" => vec![1; input_ids.len()],
            "position_ids" => (0..).take(tokens).collect(),
            name => bail!("a text has no {name:?}"),
        };
        numbers.resize(tokens, 0);
        Ok(Tensor::from_shape(&shape, &numbers)?.into_tvalue())
    };
    let inputs = model.input_outlets()?.iter().map(input).collect::<TractResult<_>>()?;
    let outputs = run(model, inputs)?;
    outputs[0].cast_to_scalar()
}

#[test]
fn every_fixture_gives_the_logit_that_tract_onnx_gives() {
    let mut differing = Vec::new();
    for (name, file, rows) in graphs() {
        let bytes = std::fs::read(&file).unwrap();
        let mut parser = Parser::new(None);
        parser.push(&bytes).unwrap();
        let own = Encoder::from_onnx_with(parser.finish().unwrap(), &[]).unwrap();
        let mut row: Row = lines(&rows).remove(1);
        row.token_type_ids.resize(row.input_ids.len(), 0);
        let other = caught(|| logit_by_tract_onnx(&bytes, &row, own.tokens().unwrap_or(row.input_ids.len())));
        let logit = own.logit(&TokenSequence { ids: row.input_ids, type_ids: row.token_type_ids }).unwrap();
        match other {
            Ok(other) if near(logit.into(), other.into()) => {}
            other => {
                println!("{name}: {logit}, and {other:?} by tract-onnx");
                differing.push(name);
            }
        }
    }
    differing.sort();
    assert_eq!(differing, OTHER_FIXTURES.map(|(name, _)| name));
}

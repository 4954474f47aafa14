//! A run at load, which shows that a graph takes the pairs that it claims to take.
//!
//! What makes a long pair fail are tables that are too short, and sizes that do not fit each other. Neither depends on
//! floats. So a rehearsal evaluates only operators that read integers, such as the look-up of positions, and slices. All
//! others return zeros.

use tract_core::internal::*;
use tract_core::ops::array::Slice;
use tract_core::plan::eval;

use super::{Encoder, TokenSequence};
use crate::error::Result;
use crate::graph::import::{BATCH, SEQUENCE};
use crate::onnx::refusal::unsupported;

impl Encoder {
    /// Runs the graph on the longest sequence without its arithmetic.
    ///
    /// # Errors
    /// `unsupported_model` if the graph would fail on the sequence.
    pub fn rehearse(&self, sequence: &TokenSequence) -> Result<()> {
        let length = sequence.ids.len();
        let output = self.run_without_arithmetic(sequence).map_err(|error| {
            unsupported(format!(
                "the graph fails on {length} tokens, which config.json allows: {error:#}; give the model a config.json \
                 with the length that it takes as max_position_embeddings"
            ))
        })?;
        self.check(&output, length)
    }

    /// Runs the graph on a sequence without its arithmetic.
    ///
    /// # Errors
    /// The reason, as a clause, why it would fail.
    pub fn takes(&self, sequence: &TokenSequence) -> std::result::Result<(), String> {
        self.run_without_arithmetic(sequence).map(drop).map_err(|error| format!("{error:#}"))
    }

    fn run_without_arithmetic(&self, sequence: &TokenSequence) -> TractResult<TValue> {
        let mut state = self.plan.spawn()?;
        let outputs = state.run_plan_with_eval(self.feed(sequence)?, |context, state, node, inputs| {
            let evaluated = reads_integers(&inputs) || node.op_is::<Slice>();
            match float_shapes(node, context.symbols).filter(|_| !evaluated) {
                Some(shapes) => {
                    // An operator on floats may use the memory of its inputs.
                    drop(inputs);
                    shapes.iter().map(|shape| Ok(Tensor::zero::<f32>(shape)?.into_tvalue())).collect()
                }
                None => eval(context, state, node, inputs),
            }
        })?;
        outputs.into_iter().next().context("the graph has no output")
    }

    /// Bytes of the largest tensor that the graph computes for a sequence of `tokens`, as far as the sizes are known.
    pub fn largest_tensor(&self, tokens: usize) -> usize {
        let model = self.plan.model();
        let symbols = SymbolValues::default()
            .with(&model.symbols.sym(BATCH), 1)
            .with(&model.symbols.sym(SEQUENCE), i64::try_from(tokens).unwrap_or(i64::MAX));
        let facts = model.nodes().iter().flat_map(|node| &node.outputs).map(|output| &output.fact);
        let bytes = |fact: &TypedFact| {
            let shape = fact.shape.eval_to_usize(&symbols).ok()?;
            let start = fact.datum_type.size_of();
            Some(shape.iter().fold(start, |bytes, &size| bytes.saturating_mul(size)))
        };
        facts.filter(|fact| fact.konst.is_none()).filter_map(bytes).max().unwrap_or(0)
    }
}

fn reads_integers(inputs: &[TValue]) -> bool {
    let is_integer = |kind: DatumType| kind.is_integer() || kind.is::<bool>() || kind.is::<TDim>();
    inputs.iter().any(|input| is_integer(input.datum_type()))
}

/// The shapes of a node's outputs. `None` if one of them is not of floats, or not known before it runs.
fn float_shapes(node: &TypedNode, symbols: &SymbolValues) -> Option<TVec<TVec<usize>>> {
    let shape = |output: &Outlet<TypedFact>| {
        let shape = output.fact.shape.eval_to_usize(symbols).ok()?;
        output.fact.datum_type.is::<f32>().then(|| shape.iter().copied().collect())
    };
    node.outputs.iter().map(shape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::Parser;

    fn graph() -> Encoder {
        let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/standin-tiny/onnx/model_quantized.onnx");
        let mut parser = Parser::new(None);
        parser.push(&std::fs::read(model).unwrap()).unwrap();
        Encoder::from_onnx(parser.finish().unwrap()).unwrap()
    }

    fn sequence(length: usize) -> TokenSequence {
        TokenSequence { ids: vec![5; length], type_ids: vec![0; length] }
    }

    /// The table of positions has 514 rows. RoBERTa reads them from the third on.
    #[test]
    fn a_rehearsal_fails_where_a_run_does() {
        let graph = graph();
        let longest = 512;
        for length in [1, longest, longest + 1] {
            let (run, rehearsal) = (graph.logit(&sequence(length)), graph.rehearse(&sequence(length)));
            assert_eq!(run.is_ok(), length <= longest);
            assert_eq!(rehearsal.is_ok(), run.is_ok());
        }
        let error = graph.rehearse(&sequence(longest + 1)).unwrap_err();
        assert_eq!(error.code(), "unsupported_model");
        assert!(error.to_string().contains("max_position_embeddings"), "{error}");
    }

    #[test]
    fn the_largest_tensor_grows_with_the_sequence() {
        let graph = graph();
        let [one, ten, all] = [1, 10, usize::MAX].map(|tokens| graph.largest_tensor(tokens));
        assert!(one < ten && ten < all);
    }
}

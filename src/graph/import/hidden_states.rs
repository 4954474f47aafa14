//! Finds the hidden states among the outputs of an embedding model.

use tract_core::internal::*;

use super::gather::Gather;
use crate::onnx::refusal::unsupported;

/// Names of the output with a vector for each token.
const NAMES: [&str; 3] = ["last_hidden_state", "token_embeddings", "hidden_states"];

/// Names of the output with a vector for each text.
const POOLED_NAMES: [&str; 2] = ["sentence_embedding", "pooled_output"];

/// What the selected output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selected {
    /// A vector for each token.
    Tokens,
    /// A vector for each text.
    Text,
}

/// Makes the hidden states the only output, or with `first_token` the first token's. Without hidden states, the output
/// with a vector for each text takes their place.
pub fn select(model: &mut TypedModel, names: &[&str], first_token: bool) -> TractResult<Selected> {
    let ranks =
        model.outputs.iter().map(|outlet| Ok(model.outlet_fact(*outlet)?.rank())).collect::<TractResult<Vec<_>>>()?;
    let named = |wanted: &[&str], rank: usize| {
        let is_wanted =
            |&place: &usize| ranks[place] == rank && wanted.contains(&names.get(place).copied().unwrap_or(""));
        // A classifier's logits are no vector of the text.
        let is_possible = |&place: &usize| ranks[place] == rank && names.get(place) != Some(&"logits");
        (0..ranks.len()).find(is_wanted).or_else(|| (0..ranks.len()).find(is_possible))
    };
    if let Some(place) = named(&NAMES, 3) {
        let states = model.outputs[place];
        if !first_token {
            model.select_output_outlets(&[states])?;
            return Ok(Selected::Tokens);
        }
        let index = model.add_const("first_token", tensor0(0i64))?;
        let first = model.wire_node("first_token.states", Gather { axis: 1 }, &[states, index])?;
        model.select_output_outlets(&first)?;
        return Ok(Selected::Text);
    }
    let place = named(&POOLED_NAMES, 2).ok_or_else(|| {
        unsupported(
            "the graph returns neither a vector for each token nor one for each text; choose an embedding model, and pass \
             a reranker to `createReranker`"
                .to_owned(),
        )
    })?;
    model.select_output_outlets(&[model.outputs[place]])?;
    Ok(Selected::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(outputs: &[(&str, &[usize])], first_token: bool) -> TractResult<(Selected, Vec<usize>)> {
        let mut model = TypedModel::default();
        let outlets = outputs
            .iter()
            .map(|(name, shape)| model.add_source(*name, f32::fact(*shape)))
            .collect::<TractResult<Vec<_>>>()?;
        model.select_output_outlets(&outlets)?;
        let names: Vec<&str> = outputs.iter().map(|(name, _)| *name).collect();
        let kind = select(&mut model, &names, first_token)?;
        let shape = model.outlet_fact(model.outputs[0])?.shape.as_concrete().unwrap().to_vec();
        Ok((kind, shape))
    }

    #[test]
    fn hidden_states_are_found_by_name_and_by_rank() {
        let pooled: (&str, &[usize]) = ("sentence_embedding", &[2, 4]);
        let other: (&str, &[usize]) = ("attentions", &[2, 7, 9]);
        let states: (&str, &[usize]) = ("token_embeddings", &[2, 7, 5]);
        assert_eq!(selected(&[pooled, other, states], false).unwrap(), (Selected::Tokens, vec![2, 7, 5]));
        assert_eq!(selected(&[pooled, other], false).unwrap(), (Selected::Tokens, vec![2, 7, 9]));
        assert_eq!(selected(&[states], true).unwrap(), (Selected::Text, vec![2, 5]));
    }

    #[test]
    fn a_pooled_vector_takes_their_place() {
        let pooler: (&str, &[usize]) = ("pooler_output", &[2, 3]);
        let pooled: (&str, &[usize]) = ("sentence_embedding", &[2, 4]);
        assert_eq!(selected(&[pooler, pooled], true).unwrap(), (Selected::Text, vec![2, 4]));
        assert!(selected(&[("logit", &[2])], false).is_err());
    }
}

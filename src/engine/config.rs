//! The part of a Hugging Face `config.json` that the engine uses.

use serde::Deserialize;

use crate::bundle::MOST_TOKENS;
use crate::error::{Error, ModelFile, Result};
use crate::foreign;

/// Longest pair in tokens if no file says otherwise. Every model of the BERT family takes as many.
pub const DEFAULT_MAX_TOKENS: usize = 512;

#[derive(Debug, Deserialize)]
struct Config {
    model_type: Option<String>,
    max_position_embeddings: Option<usize>,
    pad_token_id: Option<usize>,
    #[serde(default)]
    architectures: serde_json::Value,
}

impl Config {
    /// Returns what shows that the model is a language model that generates text, or is built on one.
    fn generator(&self) -> Option<String> {
        let mut classes = self.architectures.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
        let class = classes.find(|class| class.ends_with("ForCausalLM")).map(|class| format!("architecture {class}"));
        let is_generator = |model_type: &&String| {
            GENERATORS.iter().any(|name| model_type.starts_with(name)) || model_type.ends_with("-decoder")
        };
        class.or_else(|| self.model_type.as_ref().filter(is_generator).map(|it| format!("model_type {it}")))
    }
}

/// Models that count positions from `pad_token_id` + 1, so that they never read as many rows of their position table.
const COUNT_FROM_PADDING: [&str; 11] = [
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "luke",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
];

/// What the types of models begin with that generate text. With a head for classes they rank, too, but they read from
/// left to right, in operators that the engine lacks.
const GENERATORS: [&str; 12] =
    ["bloom", "falcon", "gemma", "gpt", "llama", "minicpm", "mistral", "mixtral", "olmo", "opt", "phi", "qwen"];

/// What `config.json` says of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceLimits {
    /// Longest sequence in tokens.
    pub max_tokens: usize,
    /// Number of the first position.
    pub first_position: usize,
}

/// Returns the limits of a model with this `config.json`.
///
/// # Errors
/// `invalid_model` for bytes that are no such file. `unsupported_model` for a language model that generates text, for a
/// limit that no pair fits and for one beyond [`MOST_TOKENS`].
pub fn sequence_limits(bytes: &[u8]) -> Result<SequenceLimits> {
    foreign::refuse(ModelFile::Config, bytes)?;
    let config: Config = serde_json::from_slice(bytes).map_err(|error| Error::InvalidModel {
        file: ModelFile::Config,
        reason: format!("the file is not a config.json: {error}"),
    })?;
    let unsupported = |reason| Err(Error::UnsupportedModel { file: ModelFile::Config, reason });
    if let Some(sign) = config.generator() {
        return unsupported(format!(
            "the model is a language model that generates text, or is built on one, as its {sign} shows; choose a \
             cross-encoder on an encoder such as BERT, which reads query and document at once"
        ));
    }
    let counts_from_padding = config.model_type.as_deref().is_some_and(|it| COUNT_FROM_PADDING.contains(&it));
    let first_position = if counts_from_padding { config.pad_token_id.unwrap_or(1).saturating_add(1) } else { 0 };
    let Some(positions) = config.max_position_embeddings else {
        return Ok(SequenceLimits { max_tokens: DEFAULT_MAX_TOKENS, first_position });
    };
    match positions.saturating_sub(first_position) {
        0 => unsupported(format!(
            "its max_position_embeddings, {positions}, leaves no room for a token; write the number of the model's positions \
             there"
        )),
        tokens if tokens > MOST_TOKENS => {
            unsupported(format!("the file allows {tokens} tokens; this engine reads at most {MOST_TOKENS}"))
        }
        max_tokens => Ok(SequenceLimits { max_tokens, first_position }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn max_tokens(config: &[u8]) -> Result<usize> {
        sequence_limits(config).map(|limits| limits.max_tokens)
    }

    #[test]
    fn roberta_and_its_kin_lose_the_positions_up_to_their_padding_token() {
        for model_type in COUNT_FROM_PADDING {
            let config =
                format!(r#"{{"model_type": "{model_type}", "max_position_embeddings": 514, "pad_token_id": 1}}"#);
            let limits = SequenceLimits { max_tokens: 512, first_position: 2 };
            assert_eq!(sequence_limits(config.as_bytes()).unwrap(), limits);
        }
    }

    #[test]
    fn bert_reaches_every_position() {
        let config = br#"{"model_type": "bert", "max_position_embeddings": 256, "pad_token_id": 0}"#;
        assert_eq!(max_tokens(config).unwrap(), 256);
    }

    #[test]
    fn the_default_holds_where_the_file_is_silent() {
        assert_eq!(max_tokens(b"{}").unwrap(), DEFAULT_MAX_TOKENS);
    }

    #[test]
    fn damaged_and_impossible_files_have_their_codes() {
        for bytes in [&b"<html>"[..], b"", b"[]", br#"{"max_position_embeddings": -1}"#] {
            assert_eq!(max_tokens(bytes).unwrap_err().code(), "invalid_model");
        }
        let roberta = br#"{"model_type": "roberta", "max_position_embeddings": 2, "pad_token_id": 1}"#;
        for bytes in [&roberta[..], br#"{"max_position_embeddings": 262145}"#] {
            assert_eq!(max_tokens(bytes).unwrap_err().code(), "unsupported_model");
        }
        assert_eq!(max_tokens(br#"{"max_position_embeddings": 262144}"#).unwrap(), MOST_TOKENS);
    }
}

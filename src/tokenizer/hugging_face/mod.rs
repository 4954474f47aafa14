//! The general pipeline: the `tokenizers` crate runs any tokenizer that it reads. Only a unigram model is our own code.

mod model;
mod models;
mod soundness;

use model::Model;
use serde::Deserialize;
use tokenizers::{
    AddedToken, DecoderWrapper, Encoding, NormalizerWrapper, PostProcessor, PostProcessorWrapper, PreTokenizerWrapper,
    TokenizerImpl,
};

use crate::error::{Error, Result};
use crate::tokenizer::refusal::{malformed, unsound};
use crate::tokenizer::unigram::Unigram;

type Pipeline = TokenizerImpl<Model, NormalizerWrapper, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;

#[derive(Debug)]
pub struct General {
    pipeline: Pipeline,
    last_id: u32,
}

/// A `tokenizer.json` without its model. The engine ignores its padding and truncation.
#[derive(Debug, Deserialize)]
struct Shell {
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    normalizer: Option<NormalizerWrapper>,
    pre_tokenizer: Option<PreTokenizerWrapper>,
    post_processor: Option<PostProcessorWrapper>,
}

impl General {
    /// Makes a tokenizer that runs in the crate alone.
    ///
    /// # Errors
    /// `invalid_model` for bytes that are no `tokenizer.json`, or that could make the crate panic.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        Self::with_model(json, || models::read(json).map(|(model, last_id)| (Model::from(model), last_id)))
    }

    /// Makes a tokenizer with our unigram model in place of the one in `json`.
    ///
    /// # Errors
    /// As [`General::from_json`].
    pub fn with_unigram(json: &[u8], unigram: Unigram) -> Result<Self> {
        let last_id = unigram.last_id();
        Self::with_model(json, || Ok((Model::from(unigram), last_id)))
    }

    fn with_model(json: &[u8], model: impl FnOnce() -> Result<(Model, Option<u32>)>) -> Result<Self> {
        soundness::check(json)?;
        let Shell { added_tokens, normalizer, pre_tokenizer, post_processor } =
            serde_json::from_slice(json).map_err(malformed)?;
        let (model, last_id) = model()?;
        let mut pipeline = Pipeline::new(model);
        pipeline.with_normalizer(normalizer).map_err(unsound)?;
        pipeline.with_pre_tokenizer(pre_tokenizer);
        pipeline.with_post_processor(post_processor);
        pipeline.add_tokens(added_tokens).map_err(unsound)?;
        let added = pipeline.get_added_vocabulary().get_vocab().values().copied().max();
        Ok(Self { pipeline, last_id: last_id.max(added).unwrap_or_default() })
    }

    pub fn last_id(&self) -> u32 {
        self.last_id
    }

    /// # Errors
    /// `invalid_input` for a text that the tokenizer cannot express.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.pipeline.encode_fast(text, false).map_err(text_refused)?.get_ids().to_vec())
    }

    /// Returns the ids of `text`, and the byte at which each token starts.
    ///
    /// # Errors
    /// As [`ids`](Self::ids).
    pub fn ids_and_starts(&self, text: &str) -> Result<(Vec<u32>, Vec<usize>)> {
        let encoding = self.pipeline.encode(text, false).map_err(text_refused)?;
        Ok((encoding.get_ids().to_vec(), encoding.get_offsets().iter().map(|&(start, _)| start).collect()))
    }

    /// Returns the number of special tokens in a pair.
    pub fn special_tokens(&self) -> usize {
        self.pipeline.get_post_processor().map_or(0, |processor| processor.added_tokens(true))
    }

    /// Returns the number of special tokens beside a single text.
    pub fn special_tokens_of_single(&self) -> usize {
        self.pipeline.get_post_processor().map_or(0, |processor| processor.added_tokens(false))
    }

    /// Returns the ids of the pair and the segment of each.
    ///
    /// # Errors
    /// `internal` if the post-processor refuses the pair.
    pub fn pair(&self, query: &[u32], document: &[u32]) -> Result<(Vec<u32>, Vec<u32>)> {
        self.processed(query, Some(document))
    }

    /// Returns the ids of a single text and the segment of each.
    ///
    /// # Errors
    /// `internal` if the post-processor refuses it.
    pub fn single(&self, text: &[u32]) -> Result<(Vec<u32>, Vec<u32>)> {
        self.processed(text, None)
    }

    fn processed(&self, first: &[u32], second: Option<&[u32]>) -> Result<(Vec<u32>, Vec<u32>)> {
        let processed = self.pipeline.post_process(encoding(first), second.map(encoding), true);
        let encoding = processed
            .map_err(|error| Error::Internal(format!("the tokenizer cannot add the special tokens: {error}")))?;
        Ok((encoding.get_ids().to_vec(), encoding.get_type_ids().to_vec()))
    }
}

/// Makes an encoding like those of `encode_fast`.
fn encoding(ids: &[u32]) -> Encoding {
    ids.iter().map(|&id| (id, String::new(), (0, 0), None, 0)).collect()
}

/// Returns an error of our unigram model unchanged. An error of the crate means that it has no token for the text.
fn text_refused(error: tokenizers::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::InvalidInput(format!("the tokenizer cannot express the text in tokens: {error}")),
    }
}

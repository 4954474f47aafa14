//! The test that decides which `tokenizer.json` files this pipeline runs.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::added_tokens::{AddedToken, AddedTokens};
use super::characters::CharacterMap;
use super::template::Template;
use super::{SentencePiece, Step, Words, base64};
use crate::tokenizer::unigram::Unigram;

/// A `tokenizer.json` that this pipeline runs, without its model.
pub struct Description {
    tokens: Vec<TokenDescription>,
    characters: CharacterMap,
    steps: Vec<Step>,
    words: Words,
    template: Template,
}

#[derive(Deserialize)]
struct TokenizerFile {
    #[serde(default)]
    added_tokens: Vec<TokenDescription>,
    normalizer: Option<NormalizerDescription>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
}

#[derive(Deserialize)]
struct TokenDescription {
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum NormalizerDescription {
    Sequence { normalizers: Vec<NormalizerDescription> },
    Precompiled { precompiled_charsmap: String },
    Strip { strip_left: bool, strip_right: bool },
    Replace { pattern: PatternDescription, content: String },
}

#[derive(Deserialize)]
enum PatternDescription {
    String(serde::de::IgnoredAny),
    Regex(String),
}

impl Description {
    /// Reads a file. `None` if it holds anything unknown to this pipeline.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let TokenizerFile { added_tokens, normalizer, pre_tokenizer, post_processor } =
            serde_json::from_slice(json).ok()?;
        let normalizers = match normalizer? {
            NormalizerDescription::Sequence { normalizers } => normalizers,
            normalizer => vec![normalizer],
        };
        let mut normalizers = normalizers.into_iter();
        let Some(NormalizerDescription::Precompiled { precompiled_charsmap }) = normalizers.next() else { return None };
        let characters = CharacterMap::from_bytes(&base64::decode(&precompiled_charsmap)?)?;
        let steps = normalizers.map(step).collect::<Option<Vec<_>>>()?;
        let mut contents = HashSet::new();
        let is_known = |token: &TokenDescription| {
            !token.single_word && !token.rstrip && !token.content.is_empty() && contents.insert(token.content.clone())
        };
        if !added_tokens.iter().all(is_known) {
            return None;
        }
        Some(Self {
            tokens: added_tokens,
            characters,
            steps,
            words: words(pre_tokenizer.as_ref()?)?,
            template: Template::from_json(post_processor.as_ref())?,
        })
    }

    /// Makes the pipeline. If two added tokens match the same text, it returns the model instead.
    pub fn with_unigram(self, unigram: Unigram) -> Result<SentencePiece, Unigram> {
        let Self { tokens, characters, steps, words, template } = self;
        let (mut raw, mut normal, mut patterns) = (Vec::new(), Vec::new(), HashSet::new());
        // A token outside the model gets the next free id, as in the `tokenizers` crate.
        let mut next_id = u32::try_from(unigram.len()).unwrap_or(u32::MAX);
        for TokenDescription { content, lstrip, normalized, .. } in tokens {
            let id = unigram.id(&content).unwrap_or_else(|| {
                next_id = next_id.saturating_add(1);
                next_id - 1
            });
            let normal_form = |content: &str| SentencePiece::normal_form(&characters, &steps, content);
            let pattern = if normalized { normal_form(&content).unwrap_or_default() } else { content };
            if pattern.is_empty() || !patterns.insert((normalized, pattern.clone())) {
                return Err(unigram);
            }
            let list = if normalized { &mut normal } else { &mut raw };
            list.push(AddedToken { id, pattern, strips_left: lstrip });
        }
        Ok(SentencePiece {
            raw_tokens: AddedTokens::new(raw),
            characters,
            steps,
            normal_tokens: AddedTokens::new(normal),
            words,
            unigram,
            template,
            workspace: std::sync::Mutex::default(),
        })
    }
}

fn step(normalizer: NormalizerDescription) -> Option<Step> {
    match normalizer {
        NormalizerDescription::Strip { strip_left, strip_right } => {
            Some(Step::Trim { left: strip_left, right: strip_right })
        }
        NormalizerDescription::Replace { pattern: PatternDescription::Regex(pattern), content } => {
            (pattern == " {2,}").then_some(Step::ReplaceRunsOfSpaces(content))
        }
        _ => None,
    }
}

/// Reads a pre-tokenizer: Metaspace alone, or after a split at white space.
fn words(pre_tokenizer: &Value) -> Option<Words> {
    let kind = |value: &Value| value.get("type").and_then(Value::as_str).map(str::to_owned);
    let (metaspace, splits_at_white_space) = match kind(pre_tokenizer)?.as_str() {
        "Metaspace" => (pre_tokenizer, false),
        "Sequence" => match pre_tokenizer.get("pretokenizers")?.as_array()?.as_slice() {
            [split, metaspace] if kind(split)? == "WhitespaceSplit" && kind(metaspace)? == "Metaspace" => {
                (metaspace, true)
            }
            _ => return None,
        },
        _ => return None,
    };
    let is_absent_or = |name: &str, expected: Value| metaspace.get(name).is_none_or(|value| *value == expected);
    let usual = *metaspace.get("replacement")? == super::words::WORD_START.to_string()
        && is_absent_or("split", true.into())
        && is_absent_or("add_prefix_space", true.into())
        && is_absent_or("prepend_scheme", "always".into());
    usual.then_some(Words { splits_at_white_space, adds_word_start: true })
}

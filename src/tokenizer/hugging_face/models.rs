//! The models of the `tokenizers` crate, read from a `tokenizer.json` straight into their builders. The crate itself
//! makes a tree of the file first, and takes twice the time.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use tokenizers::ModelWrapper;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::models::wordpiece::WordPiece;

use crate::error::Result;
use crate::tokenizer::refusal::{check_version, damaged, malformed, unsound};

#[derive(Deserialize)]
struct File {
    version: Option<String>,
    model: ModelFields,
}

/// A model of any kind. Dropout is for training, so the engine ignores it.
#[derive(Deserialize)]
struct ModelFields {
    r#type: Option<String>,
    vocab: Vocab,
    merges: Option<Vec<Merge>>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    max_input_chars_per_word: Option<usize>,
    fuse_unk: Option<bool>,
    byte_fallback: Option<bool>,
    ignore_merges: Option<bool>,
}

/// Two pieces, in the file an array or a text with a space between them; `None` for the line that says a version.
struct Merge(Option<(String, String)>);

/// Reads the model of a `tokenizer.json` with BPE, WordPiece or WordLevel, and its largest id. Older files do not name
/// the kind.
///
/// # Errors
/// `invalid_model` for a damaged model, one of another kind, or one that could make the crate panic.
pub fn read(json: &[u8]) -> Result<(ModelWrapper, Option<u32>)> {
    let File { version, model } = serde_json::from_slice(json).map_err(malformed)?;
    check_version(version.as_deref())?;
    let kind = model.r#type.as_deref().unwrap_or_else(|| model.likely_kind());
    let last_id = model.vocab.values().copied().max();
    let model = match kind {
        "BPE" => model.byte_pairs().map(ModelWrapper::from),
        "WordPiece" => model.word_pieces().map(ModelWrapper::from),
        "WordLevel" => model.words().map(ModelWrapper::from),
        _ => Err(damaged(&format!(
            "its model is of the type {kind:?}; BPE, WordPiece and WordLevel are the types with such a vocabulary"
        ))),
    };
    Ok((model?, last_id))
}

impl ModelFields {
    fn likely_kind(&self) -> &'static str {
        match (&self.merges, &self.continuing_subword_prefix) {
            (Some(_), _) => "BPE",
            (None, Some(_)) => "WordPiece",
            (None, None) => "WordLevel",
        }
    }

    fn byte_pairs(self) -> Result<BPE> {
        let merges = self.merges.ok_or_else(|| damaged("its model lacks merges"))?;
        let merges: Vec<_> = merges.into_iter().filter_map(|Merge(pair)| pair).collect();
        let prefix = self.continuing_subword_prefix.as_deref().unwrap_or_default();
        let mut merged = String::new();
        if !merges.iter().all(|(left, right)| is_sound(&self.vocab, [left, right], prefix, &mut merged)) {
            return Err(damaged("one of its merges makes no piece of its vocabulary"));
        }
        let mut builder = BPE::builder()
            .vocab_and_merges(self.vocab, merges)
            .fuse_unk(self.fuse_unk.unwrap_or_default())
            .byte_fallback(self.byte_fallback.unwrap_or_default())
            .ignore_merges(self.ignore_merges.unwrap_or_default());
        if let Some(unknown) = self.unk_token {
            builder = builder.unk_token(unknown);
        }
        if let Some(prefix) = self.continuing_subword_prefix {
            builder = builder.continuing_subword_prefix(prefix);
        }
        if let Some(suffix) = self.end_of_word_suffix {
            builder = builder.end_of_word_suffix(suffix);
        }
        builder.build().map_err(unsound)
    }

    fn word_pieces(self) -> Result<WordPiece> {
        let (Some(unknown), Some(prefix), Some(longest)) =
            (self.unk_token, self.continuing_subword_prefix, self.max_input_chars_per_word)
        else {
            return Err(damaged(
                "its model lacks unk_token, continuing_subword_prefix or max_input_chars_per_word, which WordPiece needs",
            ));
        };
        let builder = WordPiece::builder().vocab(self.vocab).unk_token(unknown);
        builder.continuing_subword_prefix(prefix).max_input_chars_per_word(longest).build().map_err(unsound)
    }

    fn words(self) -> Result<WordLevel> {
        let unknown = self.unk_token.ok_or_else(|| damaged("its model lacks unk_token, which WordLevel needs"))?;
        WordLevel::builder().vocab(self.vocab).unk_token(unknown).build().map_err(unsound)
    }
}

/// Returns true if the merge makes a piece. The second piece loses the prefix of pieces within words. The crate panics
/// if it lacks this prefix, and refuses pieces outside the vocabulary itself.
fn is_sound(vocabulary: &Vocab, [left, right]: [&str; 2], prefix: &str, merged: &mut String) -> bool {
    if !vocabulary.contains_key(left) || !vocabulary.contains_key(right) {
        return true;
    }
    let Some(rest) = right.strip_prefix(prefix) else { return false };
    merged.clear();
    merged.extend([left, rest]);
    vocabulary.contains_key(&**merged)
}

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct MergeVisitor;

        impl<'de> Visitor<'de> for MergeVisitor {
            type Value = Merge;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a merge")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Merge, E> {
                if text.starts_with("#version") {
                    return Ok(Merge(None));
                }
                let pair = text.split_once(' ').filter(|(_, right)| !right.contains(' '));
                let (left, right) = pair.ok_or_else(|| E::custom("a merge is not two pieces with a space between"))?;
                Ok(Merge(Some((left.to_owned(), right.to_owned()))))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> std::result::Result<Merge, A::Error> {
                let mut next =
                    || pair.next_element()?.ok_or_else(|| A::Error::custom("a merge has fewer than two pieces"));
                let merge = Merge(Some((next()?, next()?)));
                match pair.next_element()? {
                    Some(IgnoredAny) => Err(A::Error::custom("a merge has more than two pieces")),
                    None => Ok(merge),
                }
            }
        }

        deserializer.deserialize_any(MergeVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokenizers::Model;

    use super::*;

    fn bpe() -> Value {
        json!({
            "type": "BPE",
            "continuing_subword_prefix": "##",
            "vocab": { "a": 1, "##b": 2, "ab": 3, "##c": 4, "##bc": 5 },
            "merges": ["#version: 0.2", "##b ##c", "a ##b"]
        })
    }

    fn read_model(model: &Value) -> Result<ModelWrapper> {
        read(json!({ "version": "1.0", "model": model }).to_string().as_bytes()).map(|(model, _)| model)
    }

    fn ids(model: &Value) -> Vec<u32> {
        let tokens = read_model(model).unwrap().tokenize("abc").unwrap();
        tokens.iter().map(|token| token.id).collect()
    }

    #[test]
    fn merges_are_texts_or_pairs() {
        assert_eq!(ids(&bpe()), [1, 5]);
        let mut pairs = bpe();
        pairs["merges"] = json!([["\u{23}#b", "##c"], ["a", "##b"]]);
        assert_eq!(ids(&pairs), [1, 5]);
    }

    #[test]
    fn a_file_need_not_name_its_kind() {
        let word_piece = json!({
            "vocab": { "[UNK]": 0, "a": 1, "##bc": 2 },
            "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100
        });
        assert_eq!(ids(&word_piece), [1, 2]);
        assert_eq!(ids(&json!({ "vocab": { "[UNK]": 7, "abc": 1 }, "unk_token": "[UNK]" })), [1]);
        let mut merges = bpe();
        merges.as_object_mut().unwrap().remove("type");
        assert_eq!(ids(&merges), [1, 5]);
    }

    #[test]
    fn models_that_could_panic_are_refused() {
        for (field, value) in [
            ("merges", json!(["a ab"])),
            ("merges", json!([["##bc", "##bc"]])),
            ("merges", json!(["a a"])),
            ("continuing_subword_prefix", json!("a very long prefix")),
            ("continuing_subword_prefix", json!("#é")),
        ] {
            let mut model = bpe();
            model[field] = value.clone();
            assert_eq!(read_model(&model).unwrap_err().code(), "invalid_model", "{field} {value}");
        }
    }

    #[test]
    fn damaged_models_are_refused_with_the_reason() {
        for (field, value, reason) in [
            ("type", json!("Unigram"), "its model is of the type \"Unigram\"; BPE, WordPiece and WordLevel are"),
            ("type", json!("WordPiece"), "its model lacks unk_token, continuing_subword_prefix or"),
            ("type", json!("WordLevel"), "its model lacks unk_token, which WordLevel needs"),
            ("merges", json!(null), "its model lacks merges"),
            ("merges", json!(["a b c"]), "a merge is not two pieces with a space between"),
            ("merges", json!([["a"]]), "a merge has fewer than two pieces"),
            ("merges", json!([["a", "b", "c"]]), "a merge has more than two pieces"),
            ("merges", json!(["x y"]), "its parts do not fit together"),
            ("vocab", json!(["a"]), "not a tokenizer.json"),
        ] {
            let mut model = bpe();
            model[field] = value;
            let error = read_model(&model).unwrap_err();
            assert!(error.code() == "invalid_model" && error.to_string().contains(reason), "{error}");
        }
        let error = read(json!({ "version": "2.0", "model": bpe() }).to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains("its version is \"2.0\"; this engine reads \"1.0\""), "{error}");
    }
}

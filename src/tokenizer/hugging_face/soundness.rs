//! Checks of a `tokenizer.json` before the `tokenizers` crate reads it. The crate relies on these facts and panics
//! without them, in some cases only for certain texts.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::error::{Error, ModelFile, Result};
use crate::tokenizer::sentence_piece::is_sound_character_map;

/// Checks a `tokenizer.json`.
///
/// # Errors
/// `invalid_model` if the crate could panic.
pub fn check(json: &[u8]) -> Result<()> {
    let Outline { normalizer, model, post_processor } = read(json)?;
    if !every_object(&normalizer, &|object| object.get("precompiled_charsmap").is_none_or(is_sound_map)) {
        return Err(damaged("its character map is damaged"));
    }
    if !every_object(&post_processor, &|object| object.get("pair").is_none() || is_sound_template(object)) {
        return Err(damaged("its template must hold each text once, and only special tokens that it defines"));
    }
    // Most of a file is its vocabulary, which matters only beside merges.
    if model.and_then(|model| model.merges).is_some() {
        let ModelParts { model } = read(json)?;
        if !model.are_sound_merges() {
            return Err(damaged("one of its merges makes no piece of its vocabulary"));
        }
    }
    Ok(())
}

fn read<'json, Read: Deserialize<'json>>(json: &'json [u8]) -> Result<Read> {
    serde_json::from_slice(json).map_err(|error| damaged(&error.to_string()))
}

#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    normalizer: Value,
    model: Option<Kind>,
    #[serde(default)]
    post_processor: Value,
}

#[derive(Deserialize)]
struct Kind {
    merges: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ModelParts<'json> {
    #[serde(borrow)]
    model: Model<'json>,
}

/// A model with merges. It borrows texts from the file.
#[derive(Deserialize)]
struct Model<'json> {
    #[serde(borrow, default)]
    continuing_subword_prefix: Option<Text<'json>>,
    #[serde(borrow, default)]
    vocab: Keys<'json>,
    #[serde(borrow)]
    merges: Vec<Merge<'json>>,
}

#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Text<'json>(#[serde(borrow)] Cow<'json, str>);

/// The keys of an object.
#[derive(Default)]
struct Keys<'json>(HashSet<Text<'json>>);

/// Two pieces, as a text with a space between them or as an array.
struct Merge<'json>(Text<'json>, Option<Text<'json>>);

fn every_object(value: &Value, is_sound: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Object(members) => is_sound(value) && members.values().all(|member| every_object(member, is_sound)),
        Value::Array(values) => values.iter().all(|value| every_object(value, is_sound)),
        _ => true,
    }
}

fn is_sound_map(map: &Value) -> bool {
    // The crate itself refuses anything but a text.
    map.as_str().is_none_or(is_sound_character_map)
}

/// Returns true if the template for one text holds it once, and that for a pair each text once. Both must know their
/// special tokens.
fn is_sound_template(processor: &Value) -> bool {
    let texts = |template: &str| {
        let mut texts = Vec::new();
        for piece in processor.get(template)?.as_array()? {
            if let Some(special) = piece.get("SpecialToken") {
                let token = processor.get("special_tokens")?.get(special.get("id")?.as_str()?)?;
                (token.get("ids")?.as_array()?.len() == token.get("tokens")?.as_array()?.len()).then_some(())?;
            } else {
                texts.push(piece.get("Sequence")?.get("id")?.as_str()?);
            }
        }
        texts.sort_unstable();
        Some(texts)
    };
    texts("single").is_some_and(|texts| texts == ["A"]) && texts("pair").is_some_and(|texts| texts == ["A", "B"])
}

impl Model<'_> {
    /// Returns true if each merge makes a piece. The second piece loses the prefix of pieces within words, if there is
    /// one.
    fn are_sound_merges(&self) -> bool {
        let prefix = self.continuing_subword_prefix.as_ref().map_or("", |prefix| &prefix.0);
        let mut merged = String::new();
        self.merges.iter().all(|merge| {
            // The crate itself refuses anything but a pair of pieces.
            let Some((left, right)) = merge.pair() else { return true };
            if !self.vocab.contains(left) || !self.vocab.contains(right) {
                return true;
            }
            let Some(rest) = right.strip_prefix(prefix) else { return false };
            merged.clear();
            merged.extend([left, rest]);
            self.vocab.contains(&merged)
        })
    }
}

impl Keys<'_> {
    fn contains(&self, piece: &str) -> bool {
        self.0.contains(piece)
    }
}

impl std::borrow::Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Merge<'_> {
    fn pair(&self) -> Option<(&str, &str)> {
        match &self.1 {
            Some(right) => Some((&self.0.0, &right.0)),
            None => self.0.0.split_once(' '),
        }
    }
}

impl<'de: 'json, 'json> Deserialize<'de> for Keys<'json> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct KeysVisitor;

        impl<'json> Visitor<'json> for KeysVisitor {
            type Value = Keys<'json>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a vocabulary")
            }

            fn visit_map<A: MapAccess<'json>>(self, mut map: A) -> std::result::Result<Keys<'json>, A::Error> {
                let mut keys = HashSet::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.insert(key);
                }
                Ok(Keys(keys))
            }

            /// Skips the vocabulary of a unigram model.
            fn visit_seq<A: SeqAccess<'json>>(self, mut list: A) -> std::result::Result<Keys<'json>, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Keys::default())
            }
        }

        deserializer.deserialize_any(KeysVisitor)
    }
}

impl<'de: 'json, 'json> Deserialize<'de> for Merge<'json> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct MergeVisitor;

        impl<'json> Visitor<'json> for MergeVisitor {
            type Value = Merge<'json>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a merge")
            }

            fn visit_borrowed_str<E>(self, text: &'json str) -> std::result::Result<Merge<'json>, E> {
                Ok(Merge(Text(text.into()), None))
            }

            fn visit_str<E>(self, text: &str) -> std::result::Result<Merge<'json>, E> {
                Ok(Merge(Text(text.to_owned().into()), None))
            }

            fn visit_seq<A: SeqAccess<'json>>(self, mut pair: A) -> std::result::Result<Merge<'json>, A::Error> {
                let mut next =
                    || pair.next_element()?.ok_or_else(|| A::Error::custom("a merge has fewer than two pieces"));
                let merge = Merge(next()?, Some(next()?));
                match pair.next_element()? {
                    Some(IgnoredAny) => Err(A::Error::custom("a merge has more than two pieces")),
                    None => Ok(merge),
                }
            }
        }

        deserializer.deserialize_any(MergeVisitor)
    }
}

fn damaged(reason: &str) -> Error {
    Error::InvalidModel { file: ModelFile::Tokenizer, reason: format!("the file is not a tokenizer.json: {reason}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tokenizer::Tokenizer;

    fn bpe() -> Value {
        json!({
            "version": "1.0",
            "added_tokens": [],
            "pre_tokenizer": { "type": "Whitespace" },
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [{ "SpecialToken": { "id": "[S]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
                "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": "[S]", "type_id": 0 } },
                         { "Sequence": { "id": "B", "type_id": 1 } }],
                "special_tokens": { "[S]": { "id": "[S]", "ids": [0], "tokens": ["[S]"] } }
            },
            "model": {
                "type": "BPE",
                "continuing_subword_prefix": "##",
                "vocab": { "[S]": 0, "a": 1, "##b": 2, "ab": 3, "##c": 4, "##bc": 5, "ä": 6 },
                "merges": ["##b ##c", "a ##b"]
            }
        })
    }

    /// Returns the ids of a pair, or the code of an error.
    fn pair(tokenizer: &Value) -> std::result::Result<Vec<u32>, &'static str> {
        let tokenizer = Tokenizer::from_bytes(tokenizer.to_string().as_bytes()).map_err(|error| error.code())?;
        let query = tokenizer.query("ab", 16).map_err(|error| error.code())?;
        tokenizer.pair(&query, "abc a").map(|pair| pair.ids).map_err(|error| error.code())
    }

    #[test]
    fn sound_files_pass() {
        assert_eq!(pair(&bpe()), Ok(vec![3, 0, 1, 5, 1]));
    }

    #[test]
    fn escaped_pieces_are_pieces() {
        let escaped = bpe()
            .to_string()
            .replace("\"##b ##c\"", r###"["\u0023#b", "##\u0063"]"###)
            .replace("\"a ##b\"", r###"["\u0061", "##b"]"###);
        let ids = pair(&serde_json::from_str(&escaped).unwrap());
        assert_eq!(ids, Ok(vec![3, 0, 1, 5, 1]));
        check(escaped.as_bytes()).unwrap();
        let wrong = escaped.replace("##bc", "##bd");
        assert_eq!(check(wrong.as_bytes()).unwrap_err().code(), "invalid_model");
    }

    #[test]
    fn files_that_could_panic_are_refused() {
        let changes: [(&str, Value); 11] = [
            ("/model/merges", json!(["a ab"])),
            ("/model/merges", json!([["##bc", "##bc"]])),
            ("/model/merges", json!(["a a"])),
            ("/model/continuing_subword_prefix", json!("a very long prefix")),
            ("/model/continuing_subword_prefix", json!("#é")),
            ("/post_processor/special_tokens", json!({})),
            ("/post_processor/special_tokens/[S]/tokens", json!([])),
            ("/post_processor/single/1/Sequence/id", json!("B")),
            ("/post_processor/pair/2/Sequence/id", json!("A")),
            ("/post_processor/pair", json!([])),
            ("/post_processor/pair/1", json!({ "Sequence": { "id": "B", "type_id": 0 } })),
        ];
        for (place, value) in changes {
            let mut tokenizer = bpe();
            *tokenizer.pointer_mut(place).unwrap() = value.clone();
            assert_eq!(pair(&tokenizer), Err("invalid_model"), "{place} {value}");
            let processor = tokenizer["post_processor"].take();
            tokenizer["post_processor"] = json!({ "type": "Sequence", "processors": [processor] });
            assert_eq!(pair(&tokenizer), Err("invalid_model"), "in a sequence: {place} {value}");
        }
    }
}

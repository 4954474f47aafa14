//! What the `tokenizers` crate takes for granted in a `tokenizer.json` and panics without, some of it only when a text
//! leads there. It is looked for before the crate sees the file.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::sentence_piece::is_sound_character_map;
use crate::error::{Error, ModelFile, Result};

/// # Errors
/// `invalid_model` where the crate could panic.
pub fn check(json: &[u8]) -> Result<()> {
    let Parts { normalizer, model, post_processor } =
        serde_json::from_slice(json).map_err(|error| damaged(&error.to_string()))?;
    if !every_object(&normalizer, &|object| object.get("precompiled_charsmap").is_none_or(is_sound_map)) {
        return Err(damaged("its character map is damaged"));
    }
    if !every_object(&post_processor, &|object| object.get("pair").is_none() || is_sound_template(object)) {
        return Err(damaged("its template does not hold both texts once, or an unknown special token"));
    }
    if model.get("merges").is_some() && !are_sound_merges(&model) {
        return Err(damaged("a merge does not make a piece of its vocabulary"));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    model: Value,
    #[serde(default)]
    post_processor: Value,
}

fn every_object(value: &Value, is_sound: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Object(members) => is_sound(value) && members.values().all(|member| every_object(member, is_sound)),
        Value::Array(values) => values.iter().all(|value| every_object(value, is_sound)),
        _ => true,
    }
}

fn is_sound_map(map: &Value) -> bool {
    // The crate refuses what is no text.
    map.as_str().is_none_or(is_sound_character_map)
}

/// A single text once in its template, each text of a pair once in the other, and every special token known.
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

/// The second piece of a merge starts with the prefix of pieces within words, where there is one, and loses it.
fn are_sound_merges(model: &Value) -> bool {
    let prefix = model.get("continuing_subword_prefix").and_then(Value::as_str).unwrap_or_default();
    let Some(vocabulary) = model.get("vocab").and_then(Value::as_object) else { return true };
    let pieces: HashSet<&str> = vocabulary.keys().map(String::as_str).collect();
    let Some(merges) = model.get("merges").and_then(Value::as_array) else { return true };
    merges.iter().all(|merge| {
        let pair = match merge {
            Value::String(merge) => merge.split_once(' '),
            Value::Array(pair) => pair.first().and_then(Value::as_str).zip(pair.get(1).and_then(Value::as_str)),
            _ => None,
        };
        // What is no pair, or no piece, the crate refuses.
        let Some((left, right)) = pair else { return true };
        if !pieces.contains(left) || !pieces.contains(right) {
            return true;
        }
        right.strip_prefix(prefix).is_some_and(|rest| pieces.contains(format!("{left}{rest}").as_str()))
    })
}

fn damaged(reason: &str) -> Error {
    Error::InvalidModel { file: ModelFile::Tokenizer, reason: format!("not a tokenizer.json: {reason}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Tokenizer;
    use super::*;

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

    /// The ids of a pair, where there is a tokenizer.
    fn pair(tokenizer: &Value) -> std::result::Result<Vec<u32>, &'static str> {
        let tokenizer = Tokenizer::from_bytes(tokenizer.to_string().as_bytes()).map_err(|error| error.code())?;
        let query = tokenizer.query("ab", 16).map_err(|error| error.code())?;
        tokenizer.pair(&query, "abc a").map(|pair| pair.ids).map_err(|error| error.code())
    }

    #[test]
    fn what_the_crate_runs_is_let_through() {
        assert_eq!(pair(&bpe()), Ok(vec![3, 0, 1, 5, 1]));
    }

    #[test]
    fn what_would_panic_is_refused() {
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

//! Checks of a `tokenizer.json` before the `tokenizers` crate reads it. The crate relies on these facts and panics
//! without them, in some cases only for certain texts.

use serde::Deserialize;
use serde_json::Value;

use crate::error::Result;
use crate::tokenizer::refusal::{damaged, malformed};
use crate::tokenizer::sentence_piece::is_sound_character_map;

/// Checks a `tokenizer.json`.
///
/// # Errors
/// `invalid_model` if the crate could panic.
pub fn check(json: &[u8]) -> Result<()> {
    let Outline { normalizer, post_processor } = serde_json::from_slice(json).map_err(malformed)?;
    if !every_object(&normalizer, &|object| object.get("precompiled_charsmap").is_none_or(is_sound_map)) {
        return Err(damaged("its character map is damaged"));
    }
    if !every_object(&post_processor, &|object| !is_template(object) || is_sound_template(object)) {
        return Err(damaged("its template must hold each text once, and only special tokens that it defines"));
    }
    // The crate panics for a template behind another one, which splits a text into several.
    if count_templates(&post_processor) > 1 {
        return Err(damaged("it has several templates; one must hold all special tokens"));
    }
    Ok(())
}

/// A map of special tokens may have one called `pair`, too.
fn is_template(value: &Value) -> bool {
    ["single", "pair"].iter().all(|name| value.get(name).is_some())
}

fn count_templates(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            usize::from(is_template(value)) + members.values().map(count_templates).sum::<usize>()
        }
        Value::Array(values) => values.iter().map(count_templates).sum(),
        _ => 0,
    }
}

#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    normalizer: Value,
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
    fn files_that_could_panic_are_refused() {
        let changes: [(&str, Value); 6] = [
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

//! The templates put special tokens around a text, or around a query and a document, which become one sequence.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TemplatePart {
    Special { id: u32, type_id: u32 },
    Query { type_id: u32 },
    Document { type_id: u32 },
}

/// A template for pairs, which holds the query and the document once each, and one for single texts. A single text takes
/// the place of the query.
#[derive(Debug, PartialEq, Eq)]
pub struct Template {
    pair: Vec<TemplatePart>,
    single: Vec<TemplatePart>,
}

impl Template {
    /// Reads the `post_processor` of a `tokenizer.json`. `None` for an unknown kind.
    pub fn from_json(processor: Option<&Value>) -> Option<Self> {
        let processor = processor?;
        let (pair, single) = match processor.get("type")?.as_str()? {
            "TemplateProcessing" => (template(processor, "pair")?, template(processor, "single")?),
            "RobertaProcessing" => {
                let special = |name: &str| {
                    let id = <(String, u32)>::deserialize(processor.get(name)?).ok()?.1;
                    Some(TemplatePart::Special { id, type_id: 0 })
                };
                let (start, end) = (special("cls")?, special("sep")?);
                let [query, document] = [TemplatePart::Query { type_id: 0 }, TemplatePart::Document { type_id: 0 }];
                (vec![start, query, end, end, document, end], vec![start, query, end])
            }
            _ => return None,
        };
        let sound = texts(&pair) == [1, 1] && texts(&single) == [1, 0];
        sound.then_some(Self { pair, single })
    }

    /// Returns the number of special tokens in a pair.
    pub fn special_tokens(&self) -> usize {
        special_tokens(&self.pair)
    }

    /// Returns the number of special tokens beside a single text.
    pub fn special_tokens_of_single(&self) -> usize {
        special_tokens(&self.single)
    }

    /// Returns the ids of the pair and the segment of each.
    pub fn pair(&self, query: &[u32], document: &[u32]) -> (Vec<u32>, Vec<u32>) {
        fill(&self.pair, query, document)
    }

    /// Returns the ids of a single text and the segment of each.
    pub fn single(&self, text: &[u32]) -> (Vec<u32>, Vec<u32>) {
        fill(&self.single, text, &[])
    }
}

/// Counts the places of the query and of the document.
fn texts(parts: &[TemplatePart]) -> [usize; 2] {
    let count = |wanted: fn(&TemplatePart) -> bool| parts.iter().filter(|part| wanted(part)).count();
    [
        count(|part| matches!(part, TemplatePart::Query { .. })),
        count(|part| matches!(part, TemplatePart::Document { .. })),
    ]
}

fn special_tokens(parts: &[TemplatePart]) -> usize {
    parts.iter().filter(|part| matches!(part, TemplatePart::Special { .. })).count()
}

fn fill(parts: &[TemplatePart], query: &[u32], document: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let length = query.len() + document.len() + special_tokens(parts);
    let (mut ids, mut type_ids) = (Vec::with_capacity(length), Vec::with_capacity(length));
    for part in parts {
        let (part, type_id) = match part {
            TemplatePart::Special { id, type_id } => (std::slice::from_ref(id), *type_id),
            TemplatePart::Query { type_id } => (query, *type_id),
            TemplatePart::Document { type_id } => (document, *type_id),
        };
        ids.extend_from_slice(part);
        type_ids.resize(ids.len(), type_id);
    }
    (ids, type_ids)
}

/// Reads the template of this name.
fn template(processor: &Value, name: &str) -> Option<Vec<TemplatePart>> {
    let mut parts = Vec::new();
    for piece in processor.get(name)?.as_array()? {
        let number = |object: &Value| u32::try_from(object.get("type_id")?.as_u64()?).ok();
        if let Some(special) = piece.get("SpecialToken") {
            let token = processor.get("special_tokens")?.get(special.get("id")?.as_str()?)?;
            let type_id = number(special)?;
            for id in token.get("ids")?.as_array()? {
                parts.push(TemplatePart::Special { id: u32::try_from(id.as_u64()?).ok()?, type_id });
            }
        } else {
            let sequence = piece.get("Sequence")?;
            let type_id = number(sequence)?;
            parts.push(match sequence.get("id")?.as_str()? {
                "A" => TemplatePart::Query { type_id },
                "B" => TemplatePart::Document { type_id },
                _ => return None,
            });
        }
    }
    Some(parts)
}

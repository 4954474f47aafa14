//! The template joins the tokens of a query and a document into one sequence.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TemplatePart {
    Special { id: u32, type_id: u32 },
    Query { type_id: u32 },
    Document { type_id: u32 },
}

/// A template that holds the query and the document once each.
#[derive(Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<TemplatePart>,
}

impl Template {
    /// Reads the `post_processor` of a `tokenizer.json`. `None` for an unknown kind.
    pub fn from_json(processor: Option<&Value>) -> Option<Self> {
        let processor = processor?;
        let parts = match processor.get("type")?.as_str()? {
            "TemplateProcessing" => template(processor)?,
            "RobertaProcessing" => {
                let special = |name: &str| {
                    let id = <(String, u32)>::deserialize(processor.get(name)?).ok()?.1;
                    Some(TemplatePart::Special { id, type_id: 0 })
                };
                let (start, end) = (special("cls")?, special("sep")?);
                vec![start, TemplatePart::Query { type_id: 0 }, end, end, TemplatePart::Document { type_id: 0 }, end]
            }
            _ => return None,
        };
        let count = |wanted: fn(&TemplatePart) -> bool| parts.iter().filter(|part| wanted(part)).count();
        let once = count(|part| matches!(part, TemplatePart::Query { .. })) == 1
            && count(|part| matches!(part, TemplatePart::Document { .. })) == 1;
        once.then_some(Self { parts })
    }

    pub fn special_tokens(&self) -> usize {
        self.parts.iter().filter(|part| matches!(part, TemplatePart::Special { .. })).count()
    }

    /// Returns the ids of the pair and the segment of each.
    pub fn pair(&self, query: &[u32], document: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let length = query.len() + document.len() + self.special_tokens();
        let (mut ids, mut type_ids) = (Vec::with_capacity(length), Vec::with_capacity(length));
        for part in &self.parts {
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
}

fn template(processor: &Value) -> Option<Vec<TemplatePart>> {
    let mut parts = Vec::new();
    for piece in processor.get("pair")?.as_array()? {
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

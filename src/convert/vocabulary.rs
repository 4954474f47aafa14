//! The choice of pieces that stay in a vocabulary.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, ModelFile, Result};
use crate::tokenizer::{Tokenizer, Vocabulary};

/// Texts and languages for the pieces, and their greatest number. Without any of these all pieces stay.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PieceChoice {
    /// Number of pieces that stay.
    pub count: Option<usize>,
    /// ISO 639-1 codes. Pieces in the letters of one of these languages stay.
    pub languages: Vec<String>,
    /// Texts. Their pieces stay, the most frequent ones first.
    pub corpus: Vec<String>,
}

impl PieceChoice {
    /// Returns true if all pieces stay.
    pub fn is_all(&self) -> bool {
        self.count.is_none() && self.languages.is_empty() && self.corpus.is_empty()
    }

    /// Returns the ids that stay, up to the count. First come the indispensable pieces, then those of the corpus, then
    /// those in the languages' letters, more probable ones first. Without corpus and languages, all pieces follow the
    /// indispensable ones.
    ///
    /// # Errors
    /// `invalid_input` for an unknown language, and for a count below that of the indispensable pieces;
    /// `unsupported_model` for a tokenizer with a token outside its vocabulary.
    pub fn choose(&self, vocabulary: &Vocabulary, tokenizer: &Tokenizer) -> Result<BTreeSet<u32>> {
        // Its row of the embeddings follows those of the pieces. It would be lost while the id stays the same.
        if let Some(id) = vocabulary.id_beyond() {
            let pieces = vocabulary.len();
            return Err(Error::UnsupportedModel {
                file: ModelFile::Tokenizer,
                reason: format!("the file names the id {id} beyond its {pieces} pieces, so all pieces must stay"),
            });
        }
        let mut kept = vocabulary.indispensable();
        let count = self.count.unwrap_or(usize::MAX);
        if kept.len() > count {
            let least = kept.len();
            return Err(Error::InvalidInput(format!(
                "{count} pieces are too few: the tokenizer needs {least} for special tokens and single characters; \
                 keep at least as many"
            )));
        }
        for id in self.used(tokenizer)? {
            if kept.len() < count {
                kept.insert(id);
            }
        }
        if self.corpus.is_empty() || !self.languages.is_empty() {
            let alphabets = self.languages.iter().map(|code| alphabet(code)).collect::<Result<Vec<_>>>()?;
            let is_written = |id: &u32| {
                let piece = vocabulary.piece(*id);
                !piece.is_empty() && (alphabets.is_empty() || alphabets.iter().any(|alphabet| alphabet.writes(piece)))
            };
            let mut written: Vec<u32> = (0..vocabulary.len() as u32).filter(is_written).collect();
            written.sort_by(|&one, &other| {
                vocabulary.score(other).total_cmp(&vocabulary.score(one)).then(one.cmp(&other))
            });
            for id in written {
                if kept.len() < count {
                    kept.insert(id);
                }
            }
        }
        Ok(kept)
    }

    /// Returns the pieces of the corpus, the most frequent first.
    fn used(&self, tokenizer: &Tokenizer) -> Result<Vec<u32>> {
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for line in self.corpus.iter().flat_map(|text| text.lines()) {
            for id in tokenizer.ids(line)? {
                *counts.entry(id).or_default() += 1;
            }
        }
        let mut used: Vec<(u32, u64)> = counts.into_iter().collect();
        used.sort_by(|(one, ones), (other, others)| others.cmp(ones).then(one.cmp(other)));
        Ok(used.into_iter().map(|(id, _)| id).collect())
    }
}

/// The alphabet of a language.
struct Alphabet {
    /// Letters beyond a to z, in lower case.
    letters: &'static str,
    latin: bool,
    scripts: Scripts,
}

impl Alphabet {
    /// Returns true for a piece in these letters, or without letters, such as digits and ASCII signs.
    fn writes(&self, piece: &str) -> bool {
        piece.chars().all(|character| {
            let lower = character.to_lowercase().next().unwrap_or(character);
            match lower {
                'a'..='z' => self.latin,
                '▁' => true,
                lower if lower.is_ascii() => true,
                lower => {
                    self.letters.contains(lower)
                        || self.scripts.iter().any(|(first, last)| (*first..=*last).contains(&character))
                }
            }
        })
    }
}

const CYRILLIC: Scripts = &[('\u{400}', '\u{52f}')];
const GREEK: Scripts = &[('\u{370}', '\u{3ff}')];
const HEBREW: Scripts = &[('\u{590}', '\u{5ff}')];
const ARABIC: Scripts = &[('\u{600}', '\u{6ff}'), ('\u{750}', '\u{77f}'), ('\u{fb50}', '\u{fdff}')];
const DEVANAGARI: Scripts = &[('\u{900}', '\u{97f}')];
const BENGALI: Scripts = &[('\u{980}', '\u{9ff}')];
const TAMIL: Scripts = &[('\u{b80}', '\u{bff}')];
const TELUGU: Scripts = &[('\u{c00}', '\u{c7f}')];
const THAI: Scripts = &[('\u{e00}', '\u{e7f}')];
const HANGUL: Scripts = &[('\u{1100}', '\u{11ff}'), ('\u{3130}', '\u{318f}'), ('\u{ac00}', '\u{d7af}')];
const HAN: Scripts = &[('\u{3000}', '\u{303f}'), ('\u{3400}', '\u{9fff}'), ('\u{ff00}', '\u{ff65}')];
const JAPANESE: Scripts = &[('\u{3000}', '\u{30ff}'), ('\u{3400}', '\u{9fff}'), ('\u{ff00}', '\u{ff9f}')];

/// The first and the last character of each range.
type Scripts = &'static [(char, char)];

/// For each language its code, letters beyond a to z, true if a to z belong to it, and scripts.
const ALPHABETS: &[(&str, &str, bool, Scripts)] = &[
    ("ar", "", false, ARABIC),
    ("bg", "", false, CYRILLIC),
    ("bn", "", false, BENGALI),
    ("cs", "áčďéěíňóřšťúůýž", true, &[]),
    ("da", "æøåé", true, &[]),
    ("de", "äöüß", true, &[]),
    ("el", "", false, GREEK),
    ("en", "", true, &[]),
    ("es", "áéíóúüñ¿¡", true, &[]),
    ("fa", "", false, ARABIC),
    ("fi", "äöå", true, &[]),
    ("fr", "àâæçéèêëîïôœùûüÿ«»’", true, &[]),
    ("he", "", false, HEBREW),
    ("hi", "", false, DEVANAGARI),
    ("hu", "áéíóöőúüű", true, &[]),
    ("id", "", true, &[]),
    ("it", "àèéìíîòóùú", true, &[]),
    ("ja", "", false, JAPANESE),
    ("ko", "", false, HANGUL),
    ("nl", "áéëïóöúü", true, &[]),
    ("no", "æøåéòô", true, &[]),
    ("pl", "ąćęłńóśźż", true, &[]),
    ("pt", "ãáàâçéêíõóôúü", true, &[]),
    ("ro", "ăâîșşțţ", true, &[]),
    ("ru", "", false, CYRILLIC),
    ("sv", "åäöé", true, &[]),
    ("ta", "", false, TAMIL),
    ("te", "", false, TELUGU),
    ("th", "", false, THAI),
    ("tr", "çğıöşü", true, &[]),
    ("uk", "", false, CYRILLIC),
    ("vi", "ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ", true, &[]),
    ("zh", "", false, HAN),
];

fn alphabet(code: &str) -> Result<Alphabet> {
    let known = ALPHABETS.iter().find(|(known, ..)| *known == code);
    known.map(|&(_, letters, latin, scripts)| Alphabet { letters, latin, scripts }).ok_or_else(|| {
        let codes: Vec<&str> = ALPHABETS.iter().map(|(code, ..)| *code).collect();
        Error::InvalidInput(format!("no language is called {code:?}; known codes: {}", codes.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mini() -> (Vocabulary, Tokenizer) {
        let json = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/pkg/mini/tokenizer.json")).unwrap();
        (Vocabulary::read(&json).unwrap(), Tokenizer::from_bytes(&json).unwrap())
    }

    fn choose(choice: &PieceChoice) -> Result<BTreeSet<u32>> {
        let (vocabulary, tokenizer) = mini();
        choice.choose(&vocabulary, &tokenizer)
    }

    #[test]
    fn the_pieces_of_the_corpus_stay() {
        let (vocabulary, tokenizer) = mini();
        let text = "giraffes eat leaves\ngiraffes sleep";
        let choice = PieceChoice { corpus: vec![text.to_owned()], ..Default::default() };
        let kept = choice.choose(&vocabulary, &tokenizer).unwrap();
        for line in text.lines() {
            assert!(tokenizer.ids(line).unwrap().iter().all(|id| kept.contains(id)));
        }
        let few = vocabulary.indispensable();
        let one_more = PieceChoice { count: Some(few.len() + 1), ..choice };
        let kept = one_more.choose(&vocabulary, &tokenizer).unwrap();
        let most_frequent = kept.difference(&few).next().unwrap();
        assert!(tokenizer.ids("giraffes").unwrap().contains(most_frequent));
    }

    #[test]
    fn a_language_is_its_letters() {
        let (vocabulary, _) = mini();
        let kept = |languages: &[&str]| {
            choose(&PieceChoice {
                languages: languages.iter().map(|&code| code.to_owned()).collect(),
                ..Default::default()
            })
        };
        let (english, german) = (kept(&["en"]).unwrap(), kept(&["en", "de"]).unwrap());
        let more: Vec<&str> = german.difference(&english).map(|&id| vocabulary.piece(id)).collect();
        assert!(!more.is_empty() && more.iter().all(|piece| piece.to_lowercase().contains(['ä', 'ö', 'ü', 'ß'])));
        assert_eq!(kept(&["xx"]).unwrap_err().code(), "invalid_input");
    }

    #[test]
    fn a_count_keeps_the_more_probable() {
        let (vocabulary, _) = mini();
        let kept = choose(&PieceChoice { count: Some(20_000), ..Default::default() }).unwrap();
        assert_eq!(kept.len(), 20_000);
        let few = vocabulary.indispensable();
        let least = kept.difference(&few).map(|&id| vocabulary.score(id)).fold(0.0, f64::min);
        let left_out = (0..vocabulary.len() as u32).filter(|id| !kept.contains(id));
        assert!(left_out.map(|id| vocabulary.score(id)).all(|score| score <= least));
        assert_eq!(choose(&PieceChoice { count: Some(10), ..Default::default() }).unwrap_err().code(), "invalid_input");
    }

    #[test]
    fn a_token_behind_the_vocabulary_is_refused() {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/pkg/mini/tokenizer.json")).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let next = mini().0.len();
        let mut token = json["added_tokens"][0].clone();
        (token["id"], token["content"]) = (next.into(), "<extra>".into());
        json["added_tokens"].as_array_mut().unwrap().push(token);
        let json = json.to_string();
        let (vocabulary, tokenizer) =
            (Vocabulary::read(json.as_bytes()).unwrap(), Tokenizer::from_bytes(json.as_bytes()).unwrap());
        assert_eq!(tokenizer.ids("<extra>").unwrap(), [next as u32]);
        let error =
            PieceChoice { count: Some(20_000), ..Default::default() }.choose(&vocabulary, &tokenizer).unwrap_err();
        assert_eq!(error.code(), "unsupported_model");
        assert!(error.to_string().contains(&next.to_string()), "{error}");
    }
}

//! The compact unigram model against the one of the `tokenizers` crate: the same ids for the same text.

mod full_tokenizer;

use std::sync::LazyLock;

use rerank_wasm::tokenizer::{Tokenizer, compact_form};

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(full_tokenizer::bytes);
static COMPACT: LazyLock<Tokenizer> = LazyLock::new(|| Tokenizer::from_bytes(&compact_form(&BYTES).unwrap()).unwrap());
static CRATE: LazyLock<tokenizers::Tokenizer> =
    LazyLock::new(|| tokenizers::Tokenizer::from_bytes(BYTES.as_slice()).unwrap());

fn assert_same_ids(text: &str) {
    let expected = CRATE.encode_fast(text, false).unwrap();
    let found = COMPACT.ids(text).unwrap();
    assert_eq!(found, expected.get_ids(), "{text:?}");
}

/// A small deterministic generator (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_of<'list, Item>(&mut self, list: &'list [Item]) -> &'list Item {
        &list[self.below(list.len())]
    }
}

/// First and last code point of the characters in the words.
const SCRIPTS: &[(&str, &[(u32, u32)])] = &[
    ("Latin", &[(0x61, 0x7a), (0x61, 0x7a), (0xc0, 0x17f)]),
    ("Greek", &[(0x391, 0x3c9)]),
    ("Cyrillic", &[(0x410, 0x44f)]),
    ("Armenian", &[(0x561, 0x586)]),
    ("Hebrew", &[(0x5d0, 0x5ea), (0x5b0, 0x5bd)]),
    ("Arabic", &[(0x621, 0x64a), (0x64b, 0x652), (0x660, 0x669)]),
    ("Devanagari", &[(0x904, 0x94d)]),
    ("Bengali", &[(0x985, 0x9cd)]),
    ("Tamil", &[(0xb85, 0xbcd)]),
    ("Thai", &[(0xe01, 0xe4e)]),
    ("Tibetan", &[(0xf40, 0xf84)]),
    ("Georgian", &[(0x10d0, 0x10f0)]),
    ("Hangul", &[(0xac00, 0xd7a3), (0x1100, 0x11ff)]),
    ("Hiragana and Katakana", &[(0x3041, 0x30ff), (0xff66, 0xff9d)]),
    ("Han", &[(0x4e00, 0x9fff), (0x4e00, 0x57ff), (0x20000, 0x2a6df)]),
    ("Ethiopic", &[(0x1200, 0x135a)]),
    ("symbols", &[(0x20, 0x7e), (0x2010, 0x2bff), (0x1f300, 0x1faff), (0xff01, 0xff5e)]),
    ("marks and controls", &[(0x0, 0x20), (0x7f, 0xa0), (0x300, 0x36f), (0x2000, 0x200f), (0x2028, 0x202f)]),
    ("private use and replacement", &[(0xe000, 0xe0ff), (0x10ff00, 0x10ffff), (0xfffc, 0xfffd)]),
    ("ligatures and forms", &[(0xfb00, 0xfb4f), (0xfe70, 0xfefc), (0x3200, 0x33ff), (0x1d400, 0x1d7ff)]),
];

const JOINTS: &[&str] = &[
    " ",
    " ",
    " ",
    " ",
    " ",
    "  ",
    "\n",
    "\t",
    "",
    ", ",
    ". ",
    "-",
    "\u{3000}",
    "\u{2581}",
    "\u{200d}",
    "\u{300}",
    "\r\n",
    "<mask>",
    " <mask>",
    "  <s>",
    "</s> ",
    "<unk>",
    "<pad>",
    "\u{a0}",
    "\u{feff}",
    "\u{ad}",
    "\u{85}",
    "   <mask>  ",
];

fn random_text(random: &mut Random, passages: &[Vec<char>]) -> String {
    let mut text = String::new();
    let script = random.one_of(SCRIPTS).1;
    for _ in 0..=random.below(8) {
        let script = if random.below(5) == 0 { random.one_of(SCRIPTS).1 } else { script };
        match random.below(4) {
            0 => {
                let passage = random.one_of(passages);
                let start = random.below(passage.len());
                let length = random.below(24);
                text.extend(&passage[start..passage.len().min(start + length)]);
            }
            1 => {
                let &(first, last) = random.one_of(script);
                let letter = char::from_u32(first + random.below((last - first) as usize + 1) as u32);
                text.extend(std::iter::repeat_n(letter.unwrap_or('x'), random.below(12)));
            }
            _ => {
                for _ in 0..random.below(10) {
                    let &(first, last) = random.one_of(script);
                    text.extend(char::from_u32(first + random.below((last - first) as usize + 1) as u32));
                }
            }
        }
        text.push_str(random.one_of::<&str>(JOINTS));
    }
    text
}

fn passages() -> Vec<Vec<char>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizer_golden.jsonl");
    let lines = std::fs::read_to_string(path).unwrap();
    let rows = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    rows.map(|row| row["passage"].as_str().unwrap().chars().collect::<Vec<_>>())
        .filter(|passage| !passage.is_empty())
        .collect()
}

#[test]
fn a_hundred_thousand_generated_texts() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let passages = passages();
    for _ in 0..100_000 {
        assert_same_ids(&random_text(&mut random, &passages));
    }
}

#[test]
fn every_prefix_of_texts_full_of_ties() {
    let repeated = [
        "a", "aa", "ab", "!", "=", "_", "\u{2581}", "の", "哈", "ا", "ก", "é", "e\u{301}", "1", "00", "🙂", "\0", "ﷺ",
        "가",
    ];
    for unit in repeated {
        let text = unit.repeat(120);
        for (end, _) in text.char_indices() {
            assert_same_ids(&text[..end]);
        }
    }
    let mixed = "哈哈哈 hahahaha ーーーーー ........ ====== ااااا กกกก  <mask><s>  \u{200b}\u{200b}\u{200b} <<mask>> ﬁﬁﬁ ㍿㍿ Å\u{300}\u{301}\u{302}\u{303} \u{1100}\u{1161}\u{11a8} x\0y \r\n\t z";
    for (end, _) in mixed.char_indices() {
        assert_same_ids(&mixed[..end]);
        assert_same_ids(&mixed[end..]);
    }
}

#[test]
fn every_piece_of_the_vocabulary() {
    let json: serde_json::Value = serde_json::from_slice(&BYTES).unwrap();
    for piece in json["model"]["vocab"].as_array().unwrap() {
        let piece = piece[0].as_str().unwrap();
        assert_same_ids(piece);
        assert_same_ids(&piece.replace('\u{2581}', " "));
        // The offset of a node may be the root's place, and a NUL leads there.
        assert_same_ids(&format!("{piece}\0a"));
    }
}

#[test]
fn long_words_and_texts() {
    for text in
        ["x".repeat(300_000), "漢".repeat(50_000), "\u{e000}".repeat(30_000), "a b".repeat(40_000), " ".repeat(100_000)]
    {
        assert_same_ids(&text);
    }
}

#[test]
fn long_texts_without_a_space() {
    let chinese: String =
        passages().into_iter().flatten().filter(|letter| ('\u{4e00}'..'\u{a000}').contains(letter)).collect();
    let mut random = Random(7);
    for unit in ["x", "=", "哈", "ha", "0", "ا", &chinese] {
        for _ in 0..6 {
            let text = unit.repeat((20_000 + random.below(20_000)) / unit.len() + 1);
            assert_same_ids(&text);
            let expected = CRATE.encode_fast(text.as_str(), false).unwrap();
            let query = COMPACT.query("query", 512).unwrap();
            let pair = COMPACT.pair(&query, &text).unwrap();
            let budget = query.document_budget().min(expected.get_ids().len());
            let end = pair.ids.len() - 1;
            assert_eq!(pair.ids[end - budget..end], expected.get_ids()[..budget]);
        }
    }
}

#[test]
fn the_compact_form_is_small() {
    assert!(compact_form(&BYTES).unwrap().len() <= 6_000_000);
}

//! SentencePiece's table of character replacements (`precompiled_charsmap`). It applies them as the `tokenizers` crate
//! does.

use unicode_segmentation::UnicodeSegmentation;

use super::aligned::AlignedText;
use crate::tokenizer::unigram::character_length;

/// The table is searched for whole graphemes only below this length.
const GRAPHEME_BYTES: usize = 6;

#[derive(Debug)]
pub struct CharacterMap {
    /// A darts-clone double array over bytes. Its values are places in `replacements`.
    units: Vec<u32>,
    /// Each ends with NUL.
    replacements: String,
    /// True for each ASCII character that stays as it is.
    kept: [bool; 128],
}

impl CharacterMap {
    /// Reads the length of the array in bytes, the array, and the replacements. `None` if `bytes` are no such table.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let length = u32::from_le_bytes(*length) as usize / 4 * 4;
        let (units, replacements) = rest.split_at_checked(length)?;
        let (units, _) = units.as_chunks();
        let units: Vec<u32> = units.iter().map(|&unit| u32::from_le_bytes(unit)).collect();
        let replacements = String::from_utf8(replacements.to_vec()).ok()?;
        let mut map = Self { units, replacements, kept: [false; 128] };
        map.kept = std::array::from_fn(|byte| map.replacement(&[byte as u8]).is_none());
        Some(map)
    }

    /// Returns false for a table on which the `tokenizers` crate could panic: one that leads out of its array, or to no
    /// text.
    pub fn is_sound(&self) -> bool {
        let Some(&root) = self.units.first() else { return false };
        let mut reached = vec![false; self.units.len()];
        let mut waiting = vec![offset(root)];
        while let Some(place) = waiting.pop() {
            // A search may follow any byte from here.
            match reached.get_mut(place as usize) {
                Some(reached) if !*reached && (place | 0xff) < self.units.len() as u32 => *reached = true,
                Some(reached) if *reached => continue,
                _ => return false,
            }
            for byte in 1..=255 {
                let child = place ^ byte;
                let unit = self.units[child as usize];
                if unit & (1 << 31 | 0xff) != byte {
                    continue;
                }
                let below = child ^ offset(unit);
                if unit >> 8 & 1 == 1 {
                    let text = |unit: &u32| self.replacements.get((unit & (u32::MAX >> 1)) as usize..);
                    if self.units.get(below as usize).and_then(text).is_none() {
                        return false;
                    }
                }
                waiting.push(below);
            }
        }
        true
    }

    /// Appends the normal form of `text`, which starts at `origin` of the whole.
    pub fn normalize(&self, text: &str, origin: usize, output: &mut AlignedText) {
        let bytes = text.as_bytes();
        let mut position = 0;
        while let Some(&byte) = bytes.get(position) {
            // A grapheme starts here.
            if byte < 0x80 && bytes.get(position + 1).is_none_or(|&next| next < 0x80) && byte != b'\r' {
                if self.kept[usize::from(byte)] {
                    output.push_ascii(byte, origin + position);
                } else {
                    self.replace(&text[position..=position], origin + position, output);
                }
                position += 1;
                continue;
            }
            let mut characters = text[position..].chars();
            if characters.next().is_some_and(stands_alone) && characters.next().is_none_or(stands_alone) {
                let end = position + character_length(byte);
                self.replace(&text[position..end], origin + position, output);
                position = end;
                continue;
            }
            let end = position + end_of_graphemes(&text[position..]);
            for (start, grapheme) in text[position..end].grapheme_indices(true) {
                self.normalize_grapheme(grapheme, origin + position + start, output);
            }
            position = end;
        }
    }

    fn normalize_grapheme(&self, grapheme: &str, origin: usize, output: &mut AlignedText) {
        if grapheme.len() < GRAPHEME_BYTES
            && let Some(replacement) = self.replacement(grapheme.as_bytes())
        {
            output.push(replacement, origin);
            return;
        }
        for (start, character) in grapheme.char_indices() {
            self.replace(&grapheme[start..start + character.len_utf8()], origin + start, output);
        }
    }

    fn replace(&self, character: &str, origin: usize, output: &mut AlignedText) {
        output.push(self.replacement(character.as_bytes()).unwrap_or(character), origin);
    }

    /// Returns the replacement of `key`: the entry of its shortest prefix with one.
    fn replacement(&self, key: &[u8]) -> Option<&str> {
        let mut place = offset(*self.units.first()?);
        for &byte in key {
            place ^= u32::from(byte);
            let unit = *self.units.get(place as usize)?;
            if byte == 0 || unit & (1 << 31 | 0xff) != u32::from(byte) {
                return None;
            }
            place ^= offset(unit);
            if unit >> 8 & 1 == 1 {
                let start = (self.units.get(place as usize)? & (u32::MAX >> 1)) as usize;
                let rest = self.replacements.get(start..)?;
                return Some(rest.split_once('\0').map_or(rest, |(replacement, _)| replacement));
            }
        }
        None
    }
}

fn offset(unit: u32) -> u32 {
    (unit >> 10) << ((unit & 1 << 9) >> 6)
}

/// Returns a place in `text` after a character, or its end, at which a grapheme certainly ends: between two characters
/// that never join others.
fn end_of_graphemes(text: &str) -> usize {
    let mut previous_stands_alone = false;
    for (index, character) in text.char_indices() {
        let stands_alone = stands_alone(character);
        if previous_stands_alone && stands_alone {
            return index;
        }
        previous_stands_alone = stands_alone;
    }
    text.len()
}

/// Returns true for characters that never join each other in a grapheme.
fn stands_alone(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{c}'
            | '\u{e}'..='\u{7f}'
            | '\u{c0}'..='\u{2ff}'
            | '\u{370}'..='\u{377}'
            | '\u{384}'..='\u{482}'
            | '\u{48a}'..='\u{52f}'
            | '\u{5d0}'..='\u{5ea}'
            | '\u{620}'..='\u{64a}'
            | '\u{671}'..='\u{6d5}'
            | '\u{3001}'..='\u{3029}'
            | '\u{3041}'..='\u{3096}'
            | '\u{30a0}'..='\u{30ff}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ff01}'..='\u{ff9d}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_stand_alone_never_join() {
        for character in ('\0'..=char::MAX).filter(|&character| stands_alone(character)) {
            for neighbour in ["a", "\n", "漢", "я", "ا"] {
                for pair in [format!("{character}{neighbour}"), format!("{neighbour}{character}")] {
                    assert_eq!(pair.graphemes(true).count(), 2, "{pair:?}");
                }
            }
        }
    }

    #[test]
    fn hostile_tables_are_safe() {
        for bytes in
            [&b""[..], b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x04\0\0\0\xff\xff\xff\xff", b"\x04\0\0\0\0\x03\0\0abc"]
        {
            if let Some(map) = CharacterMap::from_bytes(bytes) {
                let mut output = AlignedText::default();
                map.normalize("aé漢\0\r\n🙂", 0, &mut output);
            }
        }
    }
}

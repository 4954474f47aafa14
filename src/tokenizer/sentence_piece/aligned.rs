//! Text that was made from another, with the way back.

/// `origins` is filled where the way back is asked for: for each byte of `text`, where in the original the character
/// starts that it was made from.
#[derive(Debug, Default)]
pub struct AlignedText {
    text: String,
    origins: Option<Vec<u32>>,
}

impl AlignedText {
    /// Remembers origins.
    pub fn with_origins() -> Self {
        Self { text: String::new(), origins: Some(Vec::new()) }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of text that there is room for.
    pub fn capacity(&self) -> usize {
        self.text.capacity()
    }

    /// Where in the original the character starts that byte `index` was made from, or 0 where that was not asked for.
    pub fn origin(&self, index: usize) -> usize {
        self.origins.as_ref().and_then(|origins| origins.get(index)).map_or(0, |&origin| origin as usize)
    }

    pub fn clear(&mut self) {
        self.text.clear();
        if let Some(origins) = &mut self.origins {
            origins.clear();
        }
    }

    #[inline]
    pub fn push(&mut self, text: &str, origin: usize) {
        self.text.push_str(text);
        if let Some(origins) = &mut self.origins {
            origins.extend(std::iter::repeat_n(saturated(origin), text.len()));
        }
    }

    #[inline]
    pub fn push_ascii(&mut self, byte: u8, origin: usize) {
        self.text.push(char::from(byte));
        if let Some(origins) = &mut self.origins {
            origins.push(saturated(origin));
        }
    }

    /// Puts `replacement` in place of every two or more spaces in a row.
    pub fn replace_runs_of_spaces(&mut self, replacement: &str) {
        if !self.text.contains("  ") {
            return;
        }
        let source = std::mem::take(&mut self.text);
        let origins = self.origins.as_mut().map(std::mem::take);
        let origin_of = |index: usize| origins.as_ref().map_or(0, |origins| origins[index] as usize);
        let mut position = 0;
        while position < source.len() {
            let spaces = source[position..].bytes().take_while(|&byte| byte == b' ').count();
            if spaces >= 2 {
                self.push(replacement, origin_of(position));
                position += spaces;
                continue;
            }
            let rest = &source[position + spaces..];
            let end = position + spaces + rest.find(' ').unwrap_or(rest.len());
            self.text.push_str(&source[position..end]);
            if let (Some(target), Some(origins)) = (&mut self.origins, &origins) {
                target.extend_from_slice(&origins[position..end]);
            }
            position = end;
        }
    }

    pub fn trim(&mut self, left: bool, right: bool) {
        if right {
            self.text.truncate(self.text.trim_end().len());
        }
        if left {
            let start = self.text.len() - self.text.trim_start().len();
            self.text.drain(..start);
            if let Some(origins) = &mut self.origins {
                origins.drain(..start);
            }
        }
        if let Some(origins) = &mut self.origins {
            origins.truncate(self.text.len());
        }
    }
}

fn saturated(origin: usize) -> u32 {
    u32::try_from(origin).unwrap_or(u32::MAX)
}

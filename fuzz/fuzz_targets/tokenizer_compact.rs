//! Any bytes, as they are and with a valid checksum, yield a tokenizer with ids and a vocabulary, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerank_wasm::error::Result;
use rerank_wasm::tokenizer::{Tokenizer, TokenizerReader, Vocabulary, compact};

fn read(size: Option<usize>, bytes: &[u8], chunk: usize) -> Result<Tokenizer> {
    let mut reader = TokenizerReader::new(size);
    bytes.chunks(chunk).for_each(|chunk| reader.push(chunk));
    reader.finish()
}

/// Computes the checksum bit by bit, independently of the crate's code.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(u32::MAX, |sum, &byte| (0..8).fold(sum ^ u32::from(byte), |sum, _| sum >> 1 ^ 0xedb8_8320 * (sum & 1)))
}

fn ids(tokenizer: Result<Tokenizer>) -> std::result::Result<Vec<Option<Vec<u32>>>, &'static str> {
    let tokenizer = tokenizer.map_err(|error| error.code())?;
    Ok(["a ab  <mask> é漢\0 🙂", "▁▁ﬁ", ""].iter().map(|text| tokenizer.ids(text).ok()).collect())
}

fuzz_target!(|input: (u8, &[u8])| {
    let (chunk, bytes) = input;
    let mut sealed = bytes.to_vec();
    sealed.splice(..sealed.len().min(compact::MAGIC.len()), compact::MAGIC);
    sealed.extend(crc32(&sealed).to_le_bytes());
    let _ = Vocabulary::read(&sealed);
    let whole = ids(read(Some(sealed.len()), &sealed, sealed.len()));
    let parts = ids(read(None, &sealed, usize::from(chunk) + 1));
    assert_eq!(whole.is_err(), parts.is_err());
    if let (Ok(whole), Ok(parts)) = (whole, parts) {
        assert_eq!(whole, parts);
    }
});

// Reads the passages of the golden pairs, by language, and lists texts that are hard for a tokenizer.
import { readFileSync } from 'node:fs';

const golden = readFileSync(new URL('../../tests/fixtures/tokenizer_golden.jsonl', import.meta.url), 'utf8');
const rows = golden
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

export const languages = { english: 'en', german: 'de', chinese: 'zh', arabic: 'ar' };

const others = rows.filter(({ lang }) => !Object.values(languages).includes(lang)).map(({ passage }) => passage);
const hard = [
  '\0a\u{e000}',
  '\ufffd',
  ' '.repeat(99),
  'ha'.repeat(99),
  '哈'.repeat(99),
  ' <mask> <s>x</s>',
  'ﬁ ㍿ e\u0301',
];

/** The texts by language, those of other languages as `others`, and the hard ones. */
export const texts = {
  ...Object.fromEntries(
    Object.entries(languages).map(([name, code]) => [
      name,
      rows.filter(({ lang }) => lang === code).map(({ passage }) => passage),
    ]),
  ),
  others,
  hard,
};

import { readFile } from 'node:fs/promises';

import mini from 'rerank-wasm-mini';

const samplesUrl = new URL('../../www/samples.json', import.meta.url);

/** What the user asked for cannot be done; the message says why. */
export class SettingsError extends Error {}

/**
 * What to rank, and with which model, from the environment's QUERY, FILE and MODEL.
 *
 * @throws SettingsError
 */
export async function readSettings({ QUERY, FILE, MODEL }) {
  return {
    model: MODEL || mini,
    modelName: MODEL || mini.name,
    ...(QUERY || FILE ? await ownTask(QUERY, FILE) : await sampleTasks()),
  };
}

async function ownTask(query, file) {
  if (!file) throw new SettingsError('QUERY is set but FILE is not: set both, or neither for the samples');
  if (!query?.trim()) throw new SettingsError('FILE is set but QUERY is not: set both, or neither for the samples');
  const passages = (await readText(file)).split(/\r?\n/).filter((line) => line.trim() !== '');
  if (passages.length === 0) throw new SettingsError(`${file} holds no passage; it should have one on each line`);
  return { tasks: [{ query, passages: passages.map((text) => ({ text })) }], limit: Number.POSITIVE_INFINITY };
}

async function readText(file) {
  let bytes;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new SettingsError(`FILE cannot be read: ${error.message}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SettingsError(`${file} is not text in UTF-8`);
  }
}

async function sampleTasks() {
  const { queries, passages } = JSON.parse(await readFile(samplesUrl, 'utf8'));
  return { tasks: queries.map(({ text }) => ({ query: text, passages })), limit: 8 };
}

import type { Platform } from './platform.js';
import type { ResolvedFile, ResolvedModel } from './source.js';

/** A copy of so many bytes takes a few milliseconds at most. */
const partBytes = 4 << 20;

/** The model in a form that is sent to a worker at once, however large: its bytes as blobs, which are made part by part. */
export async function sendable({ name, files }: ResolvedModel, platform: Platform): Promise<ResolvedModel> {
  const sent: ResolvedFile[] = [];
  for (const file of files) sent.push(await withoutBytes(file, platform));
  return { name, files: sent };
}

async function withoutBytes(file: ResolvedFile, { pause }: Platform): Promise<ResolvedFile> {
  const { location } = file;
  if (!(location instanceof Uint8Array) || location.length <= partBytes) return file;
  const parts: Blob[] = [];
  for (let start = 0; start < location.length; start += partBytes) {
    parts.push(new Blob([location.subarray(start, start + partBytes)]));
    await pause();
  }
  return { ...file, location: new Blob(parts) };
}

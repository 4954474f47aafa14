import type { Platform } from '../engine/platform.js';
import type { PlainLocation } from '../files/location.js';
import type { ResolvedFile, ResolvedModel } from '../files/resolved.js';

/** Copying this many bytes takes a few milliseconds at most. */
const partBytes = 4 << 20;

/** The model in a form that is posted to a worker at once, whatever its size: bytes become blobs, made part by part. */
export async function sendable({ name, files }: ResolvedModel, platform: Platform): Promise<ResolvedModel> {
  const sent: ResolvedFile[] = [];
  for (const file of files) sent.push(await withoutBytes(file, platform));
  return { name, files: sent };
}

async function withoutBytes({ location, more, ...facts }: ResolvedFile, platform: Platform): Promise<ResolvedFile> {
  if (!more) return { ...facts, location: isSmall(location) ? location : await blobOf(location, platform) };
  // Each shard may be small while all of them together are large.
  const blobs: PlainLocation[] = [];
  for (const shard of more) blobs.push(await blobOf(shard, platform));
  return { ...facts, location: await blobOf(location, platform), more: blobs };
}

function isSmall(location: PlainLocation): boolean {
  return location instanceof Uint8Array && location.length <= partBytes;
}

/** The location; bytes become a blob. */
async function blobOf(location: PlainLocation, { pause }: Platform): Promise<PlainLocation> {
  if (!(location instanceof Uint8Array)) return location;
  const parts: Blob[] = [];
  for (let start = 0; start < location.length; start += partBytes) {
    parts.push(new Blob([location.subarray(start, start + partBytes)]));
    await pause();
  }
  return new Blob(parts);
}

/** Reads the sample set: `{ queries, passages }`. */
export async function readSamples() {
  const response = await fetch(new URL('./samples.json', import.meta.url));
  if (!response.ok) throw new Error(`samples.json came with HTTP ${response.status} instead of 200; reload the page.`);
  return response.json();
}

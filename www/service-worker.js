// The server puts `const precache = { version, files: [{ path, sha256, onUse }] }` in front: the files of one build. Of those
// `onUse` it keeps what the browser has loaded: the reader of PDF and its tables.
/* global precache */
const prefix = 'rerank-wasm-demo-';
const cacheName = prefix + precache.version;
const digests = new Map(precache.files.map(({ path, sha256 }) => [urlOf(path), sha256]));
const kept = { onUse: [], always: [] };
for (const { path, onUse } of precache.files) kept[onUse ? 'onUse' : 'always'].push(urlOf(path));

function urlOf(path) {
  return new URL(path, registration.scope).href;
}

addEventListener('install', (event) => {
  event.waitUntil(keepAll());
});

addEventListener('activate', (event) => {
  event.waitUntil(dropOthers());
});

addEventListener('message', (event) => {
  if (event.data === 'take over') skipWaiting();
  if (event.data === 'keep what is used') event.waitUntil(keepUsed());
});

addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  if (method !== 'GET') return;
  const plain = url.replace(/[?#].*$/, '');
  const page = [urlOf('./'), urlOf('./index.html')].includes(plain) ? urlOf('./') : plain;
  if (digests.has(page)) event.respondWith(answer(page));
});

async function keepAll() {
  const cache = await caches.open(cacheName);
  const engines = kept.always.filter((url) => url.endsWith('.wasm'));
  const used = [];
  for (const url of engines) if (await isUsed(url)) used.push(url);
  // A browser without an HTTP cache names no used engine; then the worker keeps all of them.
  const unused = used.length > 0 ? engines.filter((url) => !used.includes(url)) : [];
  for (const url of kept.always) if (!unused.includes(url)) await keep(cache, url);
  await keepUsed();
}

/** Keeps the files of the reader of PDF that this browser has loaded. One that the server has replaced stays out. */
async function keepUsed() {
  // The list begins with the library, which loads all others.
  if (!(await isUsed(kept.onUse[0]))) return;
  const cache = await caches.open(cacheName);
  for (const url of kept.onUse) {
    if (!(await cache.match(url)) && (await isUsed(url))) await keep(cache, url).catch(() => {});
  }
}

/**
 * True if this browser has loaded the file before. The package has several engines of megabytes each, and a browser uses
 * one. If it uses another one later, `answer` keeps that one then.
 */
async function isUsed(url) {
  if (await caches.match(url)) return true;
  try {
    const response = await fetch(url, { cache: 'only-if-cached', mode: 'same-origin' });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Keeps a file of this build. Throws if the server already has another version of it, which ends the installation. */
async function keep(cache, url) {
  for (const find of [() => caches.match(url), () => fetch(url, { cache: 'no-cache' })]) {
    const response = await find();
    if (!response?.ok) continue;
    const bytes = await response.arrayBuffer();
    if ((await sha256(bytes)) !== digests.get(url)) continue;
    const headers = new Headers(response.headers);
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
    await cache.put(url, new Response(bytes, { headers }));
    return;
  }
  throw new Error(
    `The file at ${url} has another hash than in version ${precache.version}; reload to get the new version.`,
  );
}

async function answer(url) {
  const cache = await caches.open(cacheName);
  const found = await cache.match(url);
  if (found) return found;
  try {
    await keep(cache, url);
    return await cache.match(url);
  } catch {
    return Response.error();
  }
}

async function dropOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

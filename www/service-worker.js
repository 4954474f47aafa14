// Served with `const precache = { version, files: [{ path, sha256 }] }` in front: the files of one build.
/* global precache */
const prefix = 'rerank-wasm-demo-';
const cacheName = prefix + precache.version;
const digests = new Map(precache.files.map(({ path, sha256 }) => [urlOf(path), sha256]));

function urlOf(path) {
  return new URL(path, registration.scope).href;
}

addEventListener('install', (event) => {
  event.waitUntil(keepAll());
});

addEventListener('activate', (event) => {
  event.waitUntil(dropOthers());
});

addEventListener('message', ({ data }) => {
  if (data === 'take over') skipWaiting();
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
  const urls = [...digests.keys()];
  const engines = urls.filter((url) => url.endsWith('.wasm'));
  const used = [];
  for (const url of engines) if (await isUsed(url)) used.push(url);
  // A browser without an HTTP cache does not say which: all of them, then.
  const unused = used.length > 0 ? engines.filter((url) => !used.includes(url)) : [];
  for (const url of urls) if (!unused.includes(url)) await keep(cache, url);
}

/**
 * Whether this browser has loaded a file before. There are engines for several kinds of browsers and pages, megabytes each,
 * and one is used; should it be another one some day, it is kept then.
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

/** Only a file of this build enters its cache: a server that is half way to the next one ends the installation. */
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
  throw new Error(`${url} is not the file of version ${precache.version}`);
}

async function answer(url) {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(url);
  if (kept) return kept;
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

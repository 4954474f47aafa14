/**
 * Starts the package's worker. A script of another origin may not be a worker's, as where the package comes from a CDN;
 * but a worker may import it.
 */
export function startWorker(): Worker {
  const here = import.meta.url;
  const elsewhere = /^https?:/i.test(here) && new URL(here).origin !== location.origin;
  // Bundlers find the worker by this very expression, and must not find it in the other place.
  return elsewhere
    ? importingWorker(new URL('./worker.js', here))
    : new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

function importingWorker(script: URL): Worker {
  const source = new Blob([`import ${JSON.stringify(script.href)};`], { type: 'text/javascript' });
  return new Worker(URL.createObjectURL(source), { type: 'module' });
}

import { missingForThreads } from './platforms/cross-origin-isolation.js';

/** Ways to start a worker, best first: whoever lays the files out by hand may have the simpler one alone. */
export function workerStarts(threads: boolean): (() => Worker)[] {
  const simple = workerStart(false);
  return threads && missingForThreads() === undefined ? [workerStart(true), simple] : [simple];
}

/**
 * Starts the package's worker, or the one whose engine may have threads. A script of another origin may not be a worker's,
 * as where the package comes from a CDN; but a worker may import it.
 */
function workerStart(threads: boolean): () => Worker {
  const here = import.meta.url;
  const elsewhere = /^https?:/i.test(here) && new URL(here).origin !== location.origin;
  if (elsewhere) return importingWorkerStart(new URL(threads ? './worker-threads.js' : './worker.js', here));
  // Bundlers find the workers by these very expressions, and must not find them in the other place.
  return threads
    ? () => new Worker(new URL('./worker-threads.js', import.meta.url), { type: 'module' })
    : () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

function importingWorkerStart(script: URL): () => Worker {
  const source = new Blob([`import ${JSON.stringify(script.href)};`], { type: 'text/javascript' });
  let url: string | undefined;
  return () => {
    url ??= URL.createObjectURL(source);
    return new Worker(url, { type: 'module' });
  };
}

const note = document.querySelector('#offline');
const text = document.querySelector('#offline-text');
const reload = document.querySelector('#reload');

/**
 * Starts the service worker, which keeps this page, the package and the small model for visits without a network. The page
 * offers a new version once all of its files are here. All tabs change together, so no tab mixes files of two versions.
 * A tab reloads once what `beforeReload` returns has ended.
 */
export async function keepOffline({ beforeReload = () => undefined } = {}) {
  const container = navigator.serviceWorker;
  if (!container) return;
  const controlled = container.controller !== null;
  container.addEventListener('controllerchange', async () => {
    await beforeReload();
    if (controlled) location.reload();
  });
  try {
    const registration = await container.register(new URL('./service-worker.js', import.meta.url), {
      updateViaCache: 'none',
    });
    follow(registration);
    registration.addEventListener('updatefound', () => follow(registration));
  } catch {
    // A file URL or a private window allows no service worker. The page works without one.
  }
}

/** Shows the state of the registration now and after each change of its newest worker. */
function follow(registration) {
  const { installing } = registration;
  installing?.addEventListener('statechange', () => show(registration));
  show(registration);
}

/** Lets the service worker keep what this page has loaded since, or loaded before there was a worker. */
export async function keepUsed() {
  const registration = await navigator.serviceWorker?.getRegistration();
  registration?.active?.postMessage('keep what is used');
}

function show({ installing, waiting, active }) {
  note.hidden = false;
  // The first worker waits for a moment, too, but replaces no other: that is no update.
  const isUpdate = Boolean(waiting && active);
  reload.hidden = !isUpdate;
  if (isUpdate) {
    text.textContent = 'A new version of this page is here.';
    reload.onclick = () => takeOver(waiting);
  } else if (active) {
    text.textContent = 'This page works offline now.';
    active.postMessage('keep what is used');
  } else if (installing || waiting) text.textContent = 'Keeping this page for offline use.';
  else note.hidden = true;
}

/** After a forced reload a page has no controller and sees no change of it. Such a page waits for the worker itself. */
function takeOver(worker) {
  if (!navigator.serviceWorker.controller) {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') location.reload();
    });
  }
  worker.postMessage('take over');
}

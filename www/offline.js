const note = document.querySelector('#offline');
const text = document.querySelector('#offline-text');
const reload = document.querySelector('#reload');

/**
 * Has the service worker keep this page, the package and the small model for visits without a network, and offers a new
 * version once all of it is here. All tabs change together, so that none works with files of two versions.
 */
export async function keepOffline() {
  const container = navigator.serviceWorker;
  if (!container) return;
  const controlled = container.controller !== null;
  container.addEventListener('controllerchange', () => {
    if (controlled) location.reload();
  });
  try {
    const registration = await container.register(new URL('./service-worker.js', import.meta.url), {
      updateViaCache: 'none',
    });
    follow(registration);
    registration.addEventListener('updatefound', () => follow(registration));
  } catch {
    // Not from here (a file, a private window): the page works as it is.
  }
}

/** Shows the state of the registration now and whenever its newest worker changes. */
function follow(registration) {
  const { installing } = registration;
  installing?.addEventListener('statechange', () => show(registration));
  show(registration);
}

function show({ installing, waiting, active }) {
  note.hidden = false;
  // The first worker waits for a moment, too, but for nobody.
  const isUpdate = Boolean(waiting && active);
  reload.hidden = !isUpdate;
  if (isUpdate) {
    text.textContent = 'A new version of this page is here.';
    reload.onclick = () => takeOver(waiting);
  } else if (active) text.textContent = 'This page works offline now.';
  else if (installing || waiting) text.textContent = 'Keeping this page for offline use.';
  else note.hidden = true;
}

/** Nothing changes the controller of a page that has none, as after a forced reload: it waits for the worker itself. */
function takeOver(worker) {
  if (!navigator.serviceWorker.controller) {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') location.reload();
    });
  }
  worker.postMessage('take over');
}

const key = 'rerank-wasm-demo';

/** Keeps what the form says over a reload of this tab; it goes with the tab, and nothing of it is sent. */
export function remember(form) {
  const fields = ['query', 'own-text', 'before', 'passages'];
  addEventListener('pagehide', () => {
    const values = fields.map((name) => form.elements[name].value);
    try {
      sessionStorage.setItem(key, JSON.stringify(values));
    } catch {
      // A page that may store nothing starts afresh.
    }
  });
  try {
    const values = JSON.parse(sessionStorage.getItem(key) ?? '[]');
    for (const [index, value] of values.entries()) form.elements[fields[index]].value = value;
  } catch {
    // As above.
  }
}

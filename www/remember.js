const key = 'rerank-wasm-demo';

/** Keeps the form's input over a reload of this tab. The browser deletes it with the tab; the page sends none of it. */
export function remember(form) {
  const fields = ['query', 'own-text', 'before', 'passages'];
  addEventListener('pagehide', () => {
    const values = fields.map((name) => form.elements[name].value);
    try {
      sessionStorage.setItem(key, JSON.stringify(values));
    } catch {
      // The browser denies storage: the next load shows the defaults.
    }
  });
  try {
    const values = JSON.parse(sessionStorage.getItem(key) ?? '[]');
    for (const [index, value] of values.entries()) form.elements[fields[index]].value = value;
  } catch {
    // The browser denies storage, or the stored text is damaged: the form keeps its defaults.
  }
}

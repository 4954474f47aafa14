/** Makes a signal that counts its listeners. */
export function countingSignal() {
  const { signal } = new AbortController();
  let listeners = 0;
  for (const [method, change] of Object.entries({ addEventListener: 1, removeEventListener: -1 })) {
    signal[method] = (...parameters) => {
      listeners += change;
      return AbortSignal.prototype[method]?.apply(signal, parameters);
    };
  }
  return { signal, listeners: () => listeners };
}

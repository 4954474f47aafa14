// Runs the kernels of an engine on the layer of their race.

/** `module` is the package's `instance/instance.js`, `wasm` an engine. */
export async function load({ module, wasm }) {
  const { Instance } = await import(module);
  const start = performance.now();
  const instance = await Instance.start(await WebAssembly.compileStreaming(fetch(wasm)));
  const race = new instance.bindings.KernelRace();
  return { loaded: { milliseconds: performance.now() - start }, run: (seconds) => run(race, seconds) };
}

/** Runs each kernel for some seconds in all, in turns. Returns billions of products per second by its name. */
function run(race, seconds) {
  const names = race.entrants();
  const turns = 20;
  const best = names.map(() => 0);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const entrant of names.keys()) {
      const start = performance.now();
      let runs = 0;
      let passed = 0;
      for (; passed < (1000 * seconds) / turns; passed = performance.now() - start) {
        for (let run = 0; run < 16; run += 1) race.run(entrant);
        runs += 16;
      }
      best[entrant] = Math.max(best[entrant], (runs * race.products) / (passed * 1e6));
    }
  }
  return Object.fromEntries(names.map((name, entrant) => [name, best[entrant]]));
}

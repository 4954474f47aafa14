// Runs the kernels of an engine on the layer of their race, in JavaScriptCore's shell or in Node. It writes a line before
// and after each run that counts.
//
// Arguments: the engine and its bindings.

const inNode = globalThis.process !== undefined;
const [engine, bindingsFile] = inNode ? process.argv.slice(2) : [...globalThis.arguments];
const fs = inNode && (await import('node:fs'));
const readBytes = (file) => (inNode ? fs.readFileSync(file) : globalThis.readFile(file, 'binary'));
/** Writes a line at once. */
const say = (line) => (inNode ? fs.writeSync(1, `${line}\n`) : globalThis.print(line));
/** A line of so many bytes, its end included. The length tells the plugin in counter.c that a run begins or ends. */
const lineOf = (bytes) => '.'.repeat(bytes - 1);
/** Lets the compilers of V8 replace code. Those of the shell do it within a call. */
const pause = () => inNode && new Promise((resume) => setTimeout(resume));

/** Runs of each kernel until the last compiler has compiled it, and runs that count. */
const [warmUps, counted] = [24, 2];

// The shell lacks both. The names of the kernels are ASCII.
globalThis.TextDecoder ??= class {
  decode(text = new Uint8Array()) {
    return String.fromCharCode(...text);
  }
};
globalThis.TextEncoder ??= class {
  encode(text = '') {
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  }
};

const { createBindings, initialPages } = await import(bindingsFile);
const bindings = createBindings();
const shared = initialPages && new WebAssembly.Memory({ initial: initialPages, maximum: 4096, shared: true });
const exports = await bindings({
  module_or_path: new WebAssembly.Module(readBytes(engine)),
  ...(shared && { memory: shared }),
});
exports.__wasm_call_ctors();
const race = new bindings.KernelRace();
const names = race.entrants();

for (const entrant of names.keys()) {
  for (let run = 0; run < warmUps; run += 1) {
    race.run(entrant);
    await pause();
  }
}
for (let run = 0; run < counted; run += 1) {
  for (const entrant of names.keys()) {
    say(lineOf(1000 + entrant));
    race.run(entrant);
    say(lineOf(999));
    await pause();
  }
}
say(`KERNELS ${race.products} ${names.join(' ')}`);
// The engine's threads never started, so nothing is left to wait for.
if (inNode) process.exit();

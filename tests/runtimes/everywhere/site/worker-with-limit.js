// A worker on a device with eight processors that refuses memory to share above some megabytes, as phones do.
const megabytes = Number(new URL(location.href).searchParams.get('megabytes'));
const { Memory } = WebAssembly;

WebAssembly.Memory = class extends Memory {
  constructor(descriptor) {
    if (descriptor.shared && descriptor.maximum * 65_536 > megabytes * 1e6) throw new RangeError('Out of memory');
    super(descriptor);
  }
};
for (const name of ['hardwareConcurrency', 'deviceMemory']) {
  Object.defineProperty(navigator, name, { value: 8, configurable: true });
}
await import('./node_modules/rerank-wasm/dist/worker-threads.js');

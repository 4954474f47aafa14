/** What Next's and Vercel's edge runtime gives for the file. */
declare module '*.wasm?module' {
  const module: WebAssembly.Module;
  export default module;
}

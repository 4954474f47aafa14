/** The module that Next's and Vercel's edge runtime makes of the file. */
declare module '*.wasm?module' {
  const module: WebAssembly.Module;
  export default module;
}

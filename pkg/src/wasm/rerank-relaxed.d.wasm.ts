/** The module that a runtime such as workerd makes of the file. */
declare const module: WebAssembly.Module;
export default module;

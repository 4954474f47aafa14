/** What runtimes that import WebAssembly as modules (workerd) give for the file. */
declare const module: WebAssembly.Module;
export default module;

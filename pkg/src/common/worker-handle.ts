/** The part of a web worker that this package uses. A platform without web workers gives its threads this form. */
export interface WorkerHandle {
  postMessage(message: unknown, transfer: Transferable[]): void;
  /** Ends the worker; returns a promise if the end takes time. */
  terminate(): unknown;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  addEventListener(type: 'error', listener: (event: ErrorEvent) => void): void;
  addEventListener(type: 'messageerror', listener: () => void): void;
  /** Keeps the process alive, as a new worker does; absent if workers do not keep it alive. */
  ref?(): void;
  /** Lets the process end while the worker runs. */
  unref?(): void;
}

/** Starts a worker. */
export type StartWorker = () => WorkerHandle;

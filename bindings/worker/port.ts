// A way for messages to another thread and back. Browser and Node workers differ only in how it is made.

export interface Port {
  post(message: unknown, transfer?: ArrayBuffer[]): void;
  /** `onFailure`: the other side is gone or cannot be understood. */
  listen(onMessage: (message: unknown) => void, onFailure?: (reason: unknown) => void): void;
  /** Whether answers are awaited; an idle worker must not keep a process alive. */
  setBusy?(isBusy: boolean): void;
  terminate?(): void;
}

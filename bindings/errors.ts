// The errors that a caller meets, and their way through postMessage.
//
//   TypeError, RangeError   an argument was misused
//   AbortError              the caller's signal was aborted
//   LatformerError          everything else; `code` is stable, the message names the file, tensor or field

/** Why an operation failed; see docs/api.md for what each code means. */
export type LatformerErrorCode =
  | 'invalid_argument'
  | 'bad_model'
  | 'unsupported_model'
  | 'out_of_memory'
  | 'disposed'
  | 'overloaded'
  | 'internal'
  | 'read_failed'
  | 'unsupported_task'
  | 'unsupported_runtime';

export class LatformerError extends Error {
  override readonly name = 'LatformerError';
  /** Stable: made for `switch`. The message is made for people and may change. */
  readonly code: LatformerErrorCode;

  constructor(code: LatformerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** An error as plain data, fit for structured cloning. */
export interface PortableError {
  name: string;
  message: string;
  code: LatformerErrorCode | undefined;
  stack: string | undefined;
  cause: PortableError | undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function toPortable(thrown: unknown): PortableError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    name: error.name,
    message: error.message,
    code: error instanceof LatformerError ? error.code : undefined,
    stack: error.stack,
    cause: error.cause === undefined ? undefined : toPortable(error.cause),
  };
}

const builtIn = new Map([TypeError, RangeError].map((constructor) => [constructor.name, constructor]));

export function fromPortable(portable: PortableError): Error {
  const options = portable.cause === undefined ? undefined : { cause: fromPortable(portable.cause) };
  let error: Error;
  if (portable.code !== undefined) {
    error = new LatformerError(portable.code, portable.message, options);
  } else {
    error = new (builtIn.get(portable.name) ?? Error)(portable.message, options);
    if (!builtIn.has(portable.name)) error.name = portable.name;
  }
  if (portable.stack !== undefined) error.stack = portable.stack;
  return error;
}

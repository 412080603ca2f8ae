// How a command ends other than well: a sentence for stderr and an exit code.
import { LatformerError } from '../index.js';

export const exitCode = { done: 0, badInput: 1, misuse: 2, interrupted: 130 } as const;

export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

/** What was read is at fault: a file, a line, a model. */
export const badInput = (message: string): Failure => new Failure(message, exitCode.badInput);

/** How the command was called is at fault. */
export const misuse = (message: string): Failure => new Failure(message, exitCode.misuse);

/** Why the file system said no, in words. */
export function fileFailure(what: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    ENOTDIR: 'there is no such file or folder',
    EISDIR: 'it is a folder',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ENOSPC: 'no space left',
  };
  return badInput(`${what}: ${reasons[code ?? ''] ?? message}`);
}

/** Any error as a Failure; a defect of the command itself stays what it is. */
export function failureOf(error: unknown): unknown {
  if (error instanceof LatformerError) return badInput(`${error.message} (${error.code})`);
  return error;
}

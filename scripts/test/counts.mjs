// How many tests of a stage passed and failed.
import { bold, red } from '../support/steps.mjs';

export const none = { passed: 0, failed: 0 };
export const add = (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed });

/** One failure, shown with its output. */
export function broken(progress, what, output) {
  progress.say(`\n${red(bold(what))}\n${output}\n`);
  return { passed: 0, failed: 1 };
}

/** A build is no test, but one that fails counts. */
export const building = (work) => async (progress) => {
  await work(progress);
  return none;
};

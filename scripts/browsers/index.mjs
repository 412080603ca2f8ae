// Real browsers, whatever drives each, behind one small interface:
//
//   launch(browser, { isPrivate }) -> { version, open(url), close() }    in private windows where it is asked for
//   open(url)                      -> a page: { evaluate(body, argument), goto(url), close() }
//
// `body` is a function that runs in the page, with an argument and a result that are plain values.
import { accessSync, constants } from 'node:fs';
import { Failure } from '../support/steps.mjs';
import * as chromium from './chromium.mjs';
import * as firefox from './firefox.mjs';
import * as webkit from './webkit.mjs';

export const browsers = { chromium, firefox, webkit };

/** Where it is; a failure that names the cure if it is not there. */
export function pathOf({ name, packages, variable, find }) {
  const path = find();
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    throw new Failure(
      `${name} is missing${path ? ` (there is no ${path})` : ''}. Install it (Debian: apt-get install ` +
        `${packages.join(' ')}), or name one by the environment variable ${variable}.`,
    );
  }
}

export const launch = (browser, { isPrivate = false } = {}) => browser.launch(pathOf(browser), { isPrivate });

/** A context of Playwright's, for what the interface above has not. */
export const launchChromium = (options) => chromium.launchContext(pathOf(chromium), options);

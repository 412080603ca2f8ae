// Chromium, by Playwright. The environment variable CHROMIUM names one that is not in the usual places.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../support/paths.mjs';

export const name = 'Chromium';
export const packages = ['chromium']; // Debian's
export const variable = 'CHROMIUM';

export const find = () =>
  process.env.CHROMIUM || ['chromium', 'chromium-browser', 'google-chrome'].map(findProgram).find(Boolean);

const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];

/** A browser context of Playwright's with a fresh profile, which its close() takes away. */
export async function launchContext(executablePath, options = {}) {
  const { chromium } = await import('playwright-core');
  const profile = await mkdtemp(join(tmpdir(), 'latformer-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    ...options,
    args: [...args, ...(options.args ?? [])],
  });
  context.once('close', () => rm(profile, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined));
  return context;
}

/** A private window is a context beside that of the profile. */
async function launchPrivate(executablePath) {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath, headless: true, args });
  const context = await browser.newContext();
  return { context, close: () => browser.close() };
}

export async function launch(executablePath, { isPrivate }) {
  const { context, close } = isPrivate
    ? await launchPrivate(executablePath)
    : await launchContext(executablePath).then((context) => ({ context, close: () => context.close() }));
  return {
    version: context.browser()?.version() ?? '',
    close,
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return {
        evaluate: (body, argument) => page.evaluate(body, argument),
        goto: (next) => page.goto(next),
        close: () => page.close(),
      };
    },
  };
}

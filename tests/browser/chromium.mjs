// A Chromium with a fresh profile. The environment variable CHROMIUM names one that is not in the usual places.
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findProgram } from '../../scripts/support/paths.mjs';

function findChromium() {
  const path = process.env.CHROMIUM || ['chromium', 'chromium-browser', 'google-chrome'].map(findProgram).find(Boolean);
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    console.log(`Chromium is missing${path ? ` (there is no ${path})` : ''}.`);
    console.log('Install it (Debian: apt-get install chromium), or name one by the environment variable CHROMIUM.');
    process.exit(1);
  }
}

/** A browser context of Playwright's; its close() takes the profile away. */
export async function launchChromium(options = {}) {
  const executablePath = findChromium();
  const profile = await mkdtemp(join(tmpdir(), 'latformer-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
    ...options,
  });
  context.once('close', () => rm(profile, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined));
  return context;
}

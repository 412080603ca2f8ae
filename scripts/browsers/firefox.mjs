// Firefox, by puppeteer over WebDriver BiDi. The environment variable FIREFOX names one that is not in the usual places.
import { findProgram } from '../support/paths.mjs';

export const name = 'Firefox';
export const packages = ['firefox-esr']; // Debian's
export const variable = 'FIREFOX';

export const find = () => process.env.FIREFOX || ['firefox-esr', 'firefox'].map(findProgram).find(Boolean);

const longest = 600_000; // milliseconds of one call

export async function launch(executablePath, { isPrivate }) {
  const { launch: launchFirefox } = await import('puppeteer-core');
  const browser = await launchFirefox({
    browser: 'firefox',
    executablePath,
    headless: true,
    protocolTimeout: longest,
    extraPrefsFirefox: { 'browser.privatebrowsing.autostart': isPrivate },
  });
  return {
    version: (await browser.version()).replace(/^firefox\//i, ''),
    close: () => browser.close(),
    async open(url) {
      const page = await browser.newPage();
      await page.goto(url);
      return {
        // As JSON: BiDi gives what is twice in a result once.
        async evaluate(body, argument) {
          const call = `(async () => JSON.stringify({ value: await (${body})(${JSON.stringify(argument ?? null)}) }))()`;
          return JSON.parse(await page.evaluate(call)).value;
        },
        goto: (next) => page.goto(next),
        close: () => page.close(),
      };
    },
  };
}

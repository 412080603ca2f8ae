// WebKit, as WebKitGTK's own small browser, by WebDriver on a screen that nobody sees. It has all windows of a session in
// common, and none of its sessions leaves anything behind: each is a private one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { arch } from 'node:os';
import { findProgram } from '../support/paths.mjs';

export const name = 'WebKit';
export const packages = ['webkit2gtk-driver', 'xvfb', 'xauth']; // Debian's
export const variable = 'WEBKIT';

const triplet = { x64: 'x86_64', arm64: 'aarch64' }[arch()] ?? arch();
const usual = ['4.1', '4.0'].map((version) => `/usr/lib/${triplet}-linux-gnu/webkit2gtk-${version}/MiniBrowser`);

/** The browser, where what drives it is there as well. */
export const find = () =>
  findProgram('WebKitWebDriver') && findProgram('xvfb-run') && (process.env.WEBKIT || usual.find(existsSync));

const longest = 600_000; // milliseconds of one call

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A driver with a screen of its own; gives its address, and what ends both. */
async function startDriver() {
  const port = await freePort();
  const env = {
    ...process.env,
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', // which root, as in a container, cannot have
    JSC_useSharedArrayBuffer: 'true', // as in Safari: WebKitGTK gives it to no page by itself, isolated or not
  };
  const child = spawn('xvfb-run', ['-a', 'WebKitWebDriver', `--port=${port}`], {
    env,
    stdio: 'ignore',
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    process.kill(-child.pid, 'SIGTERM');
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 300; ++tries) {
    if (child.exitCode !== null) throw new Error(`WebKitWebDriver ended with ${child.exitCode}`);
    if (await fetch(`${url}/status`).catch(() => undefined)) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
  throw new Error('WebKitWebDriver does not answer');
}

export async function launch(binary) {
  const { Builder, Capabilities } = await import('selenium-webdriver');
  const { url, stop } = await startDriver();
  const capabilities = new Capabilities({
    browserName: 'MiniBrowser',
    'webkitgtk:browserOptions': { binary, args: ['--automation'] },
  });
  const driver = await new Builder().usingServer(url).withCapabilities(capabilities).build();
  await driver.manage().setTimeouts({ script: longest, pageLoad: longest });
  const session = await driver.getCapabilities();
  let turn = Promise.resolve();
  /** One call at a time, for each chooses its window. */
  const inWindow = (handle, call) => {
    turn = turn
      .catch(() => undefined)
      .then(() => driver.switchTo().window(handle))
      .then(call);
    return turn;
  };
  const first = await driver.getWindowHandle();
  return {
    version: session.get('browserVersion') ?? '',
    async close() {
      await driver.quit();
      await stop();
    },
    async open(page) {
      await inWindow(first, () => driver.switchTo().newWindow('window'));
      const handle = await driver.getWindowHandle();
      await inWindow(handle, () => driver.get(page));
      return {
        async evaluate(body, argument) {
          const script = `
            const [argument, done] = arguments;
            Promise.resolve().then(() => (${body})(argument)).then(
              (value) => done({ value }),
              (error) => done({ error: String(error?.stack ? error + '\\n' + error.stack : error) }));`;
          const { value, error } = await inWindow(handle, () => driver.executeAsyncScript(script, argument));
          if (error !== undefined) throw new Error(error);
          return value;
        },
        goto: (next) => inWindow(handle, () => driver.get(next)),
        close: () => inWindow(handle, () => driver.close()),
      };
    },
  };
}

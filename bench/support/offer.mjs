// The other end of runtimes.mjs: what runs beside a contender, offered to whoever started its process or page.

/** Calls of `host`'s methods: by messages from the parent process; in a page, by the global `host`. */
export function offer(host) {
  if (!globalThis.process?.send) {
    globalThis.host = host;
    return;
  }
  process.on('message', async ({ id, method, args }) => {
    try {
      process.send({ id, value: await host[method](...args) });
    } catch (error) {
      process.send({ id, error: error.stack ?? String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
}

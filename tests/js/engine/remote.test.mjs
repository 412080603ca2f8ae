// The protocol between a caller and a worker: pieces before the value, and cancelling what runs.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { build } from 'esbuild';

const source = `export { connect, serve } from './remote.js'; export { LatformerError } from '../errors.js';`;
const resolveDir = fileURLToPath(new URL('../../../bindings/worker', import.meta.url));
const { outputFiles } = await build({
  stdin: { contents: source, resolveDir },
  bundle: true,
  format: 'esm',
  write: false,
});
const { connect, serve, LatformerError } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What counts, one number a turn. */
const target = {
  async count(most, { onPiece, signal }) {
    for (let i = 0; i < most; ++i) {
      await turn();
      if (signal.aborted) throw signal.reason;
      onPiece(i);
    }
    return most;
  },
  async fails() {
    throw new LatformerError('bad_model', 'no', { cause: new RangeError('why') });
  },
  async hidden() {
    return 'secret';
  },
};

function connected(t) {
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  const portOf = (port) => ({ post: (message) => port.postMessage(message), listen: (f) => port.on('message', f) });
  serve(target, ['count', 'fails'], portOf(port2));
  return connect(portOf(port1));
}

test('pieces come in order, before the value, to their own call', async (t) => {
  const { call } = connected(t);
  const pieces = [[], []];
  const values = await Promise.all(
    [5, 9].map((most, i) => call('count', [most], { onPiece: (piece) => pieces[i].push(piece) })),
  );
  assert.deepEqual(values, [5, 9]);
  assert.deepEqual(
    pieces,
    values.map((most) => Array.from({ length: most }, (_, i) => i)),
  );
  assert.equal(await call('count', [3]), 3, 'nobody need listen');
});

test('a cancel reaches what runs, and no other call', async (t) => {
  const { call } = connected(t);
  const controller = new AbortController();
  const pieces = [];
  const onPiece = (piece) => {
    pieces.push(piece);
    if (piece === 3) controller.abort();
  };
  const other = call('count', [50]);
  await assert.rejects(call('count', [1e6], { onPiece, signal: controller.signal }), { name: 'AbortError' });
  assert.ok(pieces.length < 1000, `${pieces.length} pieces`);
  assert.equal(await other, 50);
  await assert.rejects(call('count', [1e6], { signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('errors keep code and cause; nothing but the named methods is served', async (t) => {
  const { call, close } = connected(t);
  await assert.rejects(call('fails', []), (error) => error.code === 'bad_model' && error.cause instanceof RangeError);
  const never = call('hidden', []);
  close(new LatformerError('disposed', 'closed'));
  await assert.rejects(never, { code: 'disposed' });
  await assert.rejects(call('count', [1]), { code: 'disposed' });
});

// Serves the demo page: a small static server for this computer only. Or writes it as a folder for any host of static files.
//   node scripts/serve.mjs [--port N] [--out DIR]        (dist/ must be built)
//
// Only what the page is made of is served (web/demo/, dist/, models/sentiment/), with the content types that modules and WebAssembly need and
// the strictest policy that they work under: no eval, nothing inline, nothing from elsewhere.
import { createReadStream } from 'node:fs';
import { cp, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const model = join(root, 'models/sentiment');

const contentTypes = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.gz': 'application/gzip',
};

export const strictPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

// What makes a page cross-origin isolated, so that it may have shared memory, and with it threads.
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

async function answer(request, response, { folders, isIsolated, policy }) {
  const refuse = (status, text, headers = {}) => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
    response.end(`${text}\n`);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'only GET', { allow: 'GET, HEAD' });

  let path;
  try {
    path = posix.normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
  } catch {
    return refuse(400, 'not a path');
  }
  if (path === '/') return refuse(302, 'the page is in /web/demo/', { location: '/web/demo/' });
  if (path.endsWith('/')) path += 'index.html';

  const folder = folders.find(({ url }) => path.startsWith(url));
  const file = folder && join(folder.path, path.slice(folder.url.length));
  const stats = file && !file.includes('\0') ? await stat(file).catch(() => undefined) : undefined;
  if (!stats?.isFile()) return refuse(404, 'not found');

  response.writeHead(200, {
    'content-type': contentTypes[extname(file)] ?? 'application/octet-stream',
    'content-length': stats.size,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
    ...(isIsolated ? isolation : {}),
    ...folder.headers,
  });
  if (request.method === 'HEAD') return response.end();
  return pipeline(createReadStream(file), response);
}

/** The packages as npm lays them side by side. */
export const packagesBelow = (url, dist = join(root, 'dist')) => [
  { url: `${url}latformer/dist/`, path: dist },
  { url: `${url}@latformer/sentiment/`, path: model },
];

/**
 * Starts to serve; resolves to { url, close }. `folders` are served besides those of the page:
 * [{ url: '/x/', path, headers }], the headers being those that it sends besides.
 * Port 0 takes any that is free.
 * Pages are cross-origin isolated, and under the strictest policy, unless something else is said. `onRequest` hears of the
 * path of each request.
 */
export async function serve({
  port = 0,
  folders = [],
  dist = join(root, 'dist'),
  isIsolated = true,
  policy = strictPolicy,
  onRequest = () => undefined,
} = {}) {
  const served = [
    ...packagesBelow('/web/demo/modules/', dist),
    { url: '/web/demo/', path: join(root, 'web/demo') },
    { url: '/dist/', path: dist },
    { url: '/@latformer/sentiment/', path: model }, // where /dist/ looks for it
    ...folders,
  ];
  const server = createServer((request, response) => {
    onRequest(request.url);
    answer(request, response, { folders: served, isIsolated, policy }).catch(() => response.destroy()); // the browser went away
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a browser needs of dist/. */
const isForBrowsers = (path) => !/(node|cli)[^/]*\.[cm]js$|web[^/]*\.cjs$/.test(path);

/** The page and what it needs, as a folder for any host. */
export async function writeSite(folder, dist = join(root, 'dist')) {
  await cp(join(root, 'web/demo'), folder, { recursive: true });
  await cp(dist, join(folder, 'modules/latformer/dist'), { recursive: true, filter: isForBrowsers });
  for (const file of ['vocab.txt', 'model.safetensors', 'NOTICE']) {
    await cp(join(model, file), join(folder, 'modules/@latformer/sentiment', file));
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' }, out: { type: 'string' } } });
  const built = await stat(join(root, 'dist/web.mjs')).catch(() => undefined);
  if (built === undefined) {
    console.error('serve: dist/ is not built yet; npm start builds it');
    process.exit(1);
  }
  if (values.out !== undefined) {
    await writeSite(values.out);
    console.log(`The demo page is in ${values.out}`);
    process.exit(0);
  }
  try {
    const { url } = await serve({ port: Number(values.port) });
    console.log(`The demo page: ${url}   (Ctrl-C ends)`);
  } catch (error) {
    console.error(`serve: ${error.code === 'EADDRINUSE' ? `port ${values.port} is taken; try --port` : error.message}`);
    process.exit(1);
  }
}

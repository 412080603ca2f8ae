// A server that answers like the Hugging Face Hub, and another one where it keeps large files.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

const open = { 'access-control-allow-origin': '*', 'access-control-expose-headers': '*' };
const hex = (kind, bytes) => createHash(kind).update(bytes).digest('hex');

const aMoment = () => new Promise((resolve) => setTimeout(resolve, 50));

/**
 * One file with all that a server of files does: HEAD, ETag, Range. `breakAfter`: bytes after which the connection is cut, once
 * `isRead` is fulfilled: what nobody has read by then is lost.
 */
export function sendFile(request, response, bytes, headers = {}, breakAfter = Infinity, isRead = aMoment()) {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const body = bytes.subarray(Number(from ?? 0));
  const range = from && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from ? 206 : 200, { ...open, 'content-length': body.length, ...range, ...headers });
  if (request.method === 'HEAD') return void response.end();
  if (body.length <= breakAfter) return void response.end(body);
  response.write(body.subarray(0, breakAfter), () => isRead.then(() => response.destroy()));
}

/**
 * Serves `files` as user/model, in one version, revision main. Resolves to { url, storeUrl, asked, settings, close }:
 * `asked` has each request as 'GET name', and `settings` may be changed: { breakAfter, isRead, files, isDown, storeHeaders }.
 */
export async function startHub(files) {
  const settings = { files, breakAfter: {}, isDown: false };
  const asked = [];
  const listen = async (answer) => {
    const server = createServer(answer);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  };
  const note = (request, name) => {
    const range = request.headers.range ? ` from ${/\d+/.exec(request.headers.range)[0]}` : '';
    asked.push(`${request.method} ${name}${range}`);
  };

  // Large files: no header of the hub's, and none that was meant for it.
  const store = await listen((request, response) => {
    const name = request.url.split('/').at(-1);
    if (request.method === 'OPTIONS')
      return response.writeHead(204, { ...open, 'access-control-allow-headers': '*' }).end();
    note(request, name);
    if (settings.isDown) return request.socket.destroy();
    if (request.headers.authorization !== undefined) return response.writeHead(400, open).end('two credentials');
    const bytes = settings.files[name];
    const breakAfter = settings.breakAfter[name];
    delete settings.breakAfter[name];
    sendFile(request, response, bytes, { etag: `"${hex('md5', bytes)}"` }, breakAfter, settings.isRead);
  });

  const hub = await listen((request, response) => {
    const [, user, model, , revision, ...path] = new URL(request.url, 'http://hub').pathname.split('/');
    const name = path.join('/');
    const fail = (status, code) =>
      response.writeHead(status, { ...open, 'x-error-code': code, 'x-error-message': code }).end(code);
    if (request.method === 'OPTIONS')
      return response.writeHead(204, { ...open, 'access-control-allow-headers': '*' }).end();
    if (settings.isDown) return request.socket.destroy();
    if (user === 'old')
      return response.writeHead(307, { ...open, location: request.url.replace('/old/', '/user/') }).end();
    note(request, name);
    const isAllowed = request.headers.authorization === 'Bearer right';
    if (user === 'gated') return fail(403, 'GatedRepo');
    if (user === 'busy') return fail(429, 'TooMany');
    if (user !== 'user' && !(user === 'private' && isAllowed)) return fail(isAllowed ? 404 : 401, 'RepoNotFound');
    if (!['main', 'a'.repeat(40)].includes(revision)) return fail(404, 'RevisionNotFound');
    const bytes = settings.files[name];
    if (model !== 'model' || bytes === undefined) return fail(404, 'EntryNotFound');
    const commit = { 'x-repo-commit': 'a'.repeat(40) };
    if (!name.endsWith('.safetensors')) {
      const etag = hex('sha1', Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]));
      return sendFile(request, response, bytes, { ...commit, etag: `"${etag}"` });
    }
    const linked = { 'x-linked-etag': `"${settings.linked ?? hex('sha256', bytes)}"`, 'x-linked-size': bytes.length };
    const location = `http://127.0.0.1:${store.address().port}/lfs/${name}`;
    response.writeHead(302, { ...open, ...commit, ...linked, location }).end();
  });

  return {
    url: `http://127.0.0.1:${hub.address().port}/`,
    storeUrl: `http://127.0.0.1:${store.address().port}/`,
    asked,
    settings,
    async close() {
      for (const server of [hub, store]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

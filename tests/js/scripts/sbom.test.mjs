// The bill of materials: every file that ships with its hash, every source that is compiled in.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sbom } from '../../../scripts/sbom.mjs';
import { root } from '../../../scripts/support/paths.mjs';

test('it lists what ships and what is compiled in', () => {
  const dist = join(root, 'dist');
  const { components, metadata, dependencies } = sbom(dist);
  const named = new Map(components.map((component) => [component.name, component]));
  const ships = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.equal(components.filter(({ type }) => type === 'file').length, ships.length);
  for (const [name, file] of [
    ['dist/latformer.wasm.gz', 'dist/latformer.wasm.gz'],
    ['@latformer/sentiment', 'models/sentiment/model.safetensors'],
  ]) {
    const hash = createHash('sha256')
      .update(readFileSync(join(root, file)))
      .digest('hex');
    assert.deepEqual(named.get(name).hashes, [{ alg: 'SHA-256', content: hash }]);
  }
  for (const source of Object.keys(JSON.parse(readFileSync(join(root, 'third_party', 'sources.json'), 'utf8')))) {
    assert.match(named.get(source).version, /^[0-9a-f]{40}$/);
    assert.ok(dependencies[0].dependsOn.includes(source));
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(metadata.component.purl, `pkg:npm/latformer@${version}`);
});

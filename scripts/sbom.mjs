// npm run sbom: what the package is made of, as a CycloneDX 1.6 document: the sources that are compiled in, the libraries
// that Emscripten links, the bundled model, and every file that ships with its SHA-256.
//   node scripts/sbom.mjs [--dist DIR] [--out FILE]     (dist/ must be built; without --out it is printed)
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { emscriptenFolder } from './support/emscripten.mjs';
import { root } from './support/paths.mjs';
import { filesBelow, readOrNull } from './support/stamp.mjs';
import { Failure, main } from './support/steps.mjs';

const licence = (id) => [{ license: { id } }];
const licences = { yyjson: 'MIT', xnnpack: 'BSD-3-Clause', pthreadpool: 'BSD-2-Clause', fxdiv: 'MIT' };
const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** The sources that third_party/sources.json pins. */
function sources() {
  const pins = JSON.parse(readFileSync(join(root, 'third_party', 'sources.json'), 'utf8'));
  return Object.entries(pins).map(([name, { repository, commit }]) => {
    if (!(name in licences)) throw new Failure(`scripts/sbom.mjs does not know the licence of ${name}`);
    const project = new URL(repository).pathname.slice(1);
    return {
      type: 'library',
      'bom-ref': name,
      name,
      version: commit,
      purl: `pkg:github/${project.toLowerCase()}@${commit}`,
      licenses: licence(licences[name]),
      externalReferences: [{ type: 'vcs', url: repository }],
    };
  });
}

/** Emscripten's own libraries: libc (musl), libc++, compiler-rt, Embind and its JavaScript. */
function emscripten() {
  const version = readOrNull(join(emscriptenFolder(), 'emscripten-version.txt'))?.replace(/["\s]/g, '');
  if (!version) throw new Failure('Emscripten is not set up; npm run build does that');
  return {
    type: 'library',
    'bom-ref': 'emscripten',
    name: 'emscripten',
    version,
    purl: `pkg:github/emscripten-core/emscripten@${version}`,
    licenses: [{ expression: 'MIT AND (Apache-2.0 WITH LLVM-exception)' }],
  };
}

/** Every file that ships. */
function files(dist) {
  const paths = filesBelow(dist);
  if (paths.length === 0) throw new Failure(`${dist} is empty; npm run build makes it`);
  return paths.map((path) => {
    const name = `dist/${relative(dist, path).replaceAll('\\', '/')}`;
    return { type: 'file', 'bom-ref': name, name, hashes: [{ alg: 'SHA-256', content: sha256(path) }] };
  });
}

export function sbom(dist) {
  const { name, version, description, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const compiledIn = [...sources(), emscripten()];
  const model = {
    type: 'machine-learning-model',
    'bom-ref': 'sentiment',
    name: '@latformer/sentiment', // of a package of its own, which this one depends on
    version,
    purl: `pkg:npm/%40latformer/sentiment@${version}`,
    licenses: licence('Apache-2.0'),
    hashes: [{ alg: 'SHA-256', content: sha256(join(root, 'models', 'sentiment', 'model.safetensors')) }],
  };
  const ref = `${name}@${version}`;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'library',
        'bom-ref': ref,
        name,
        version,
        description,
        purl: `pkg:npm/${name}@${version}`,
        licenses: licence(license),
      },
    },
    components: [...compiledIn, model, ...files(dist)],
    dependencies: [{ ref, dependsOn: [...compiledIn, model].map((component) => component['bom-ref']) }],
  };
}

if (process.argv[1] === import.meta.filename) {
  await main(() => {
    const { values } = parseArgs({ options: { dist: { type: 'string' }, out: { type: 'string' } } });
    const text = `${JSON.stringify(sbom(resolve(values.dist ?? join(root, 'dist'))), null, 2)}\n`;
    if (values.out) writeFileSync(values.out, text);
    else process.stdout.write(text);
  });
}

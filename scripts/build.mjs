// npm run build: sets up what is missing, compiles the core to WebAssembly, and makes dist/.
//   npm run build -- --addon   the native addon for Node, too: build/release/bindings/addon/latformer.node
import { setUp } from './setup/index.mjs';
import { bundle, compile } from './support/compile.mjs';
import { main, step } from './support/steps.mjs';

export const buildAddon = () => step('Native addon', (progress) => compile('release', progress, ['latformer_addon']));

export async function build() {
  const addon = process.argv.includes('--addon');
  await setUp(addon ? 'test' : 'build');
  await step('Core, as WebAssembly', (progress) => compile('wasm', progress));
  await step('Core, as WebAssembly with relaxed SIMD', (progress) => compile('wasm-relaxed', progress));
  await step('JavaScript package', bundle);
  if (addon) await buildAddon();
}

if (process.argv[1] === import.meta.filename) await main(build);

// npm run build: sets up what is missing, compiles the core to WebAssembly, and makes dist/.
import { setUp } from './setup/index.mjs';
import { bundle, compile } from './support/compile.mjs';
import { main, step } from './support/steps.mjs';

export async function build() {
  await setUp('build');
  await step('Core, as WebAssembly', (progress) => compile('wasm', progress));
  await step('Core, as WebAssembly with relaxed SIMD', (progress) => compile('wasm-relaxed', progress));
  await step('JavaScript package', bundle);
}

if (process.argv[1] === import.meta.filename) await main(build);

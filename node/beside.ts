// The package's files beside the entry, each named in the literal form that tools which bundle or trace recognise. CommonJS has
// another one (beside_cjs.ts).
//
// Methods, because Vercel's tracer sees an address in a `return`, and in no arrow function without one.
export const besideEntry = {
  'latformer.wasm.gz'() {
    return new URL('./latformer.wasm.gz', import.meta.url);
  },
  'latformer-relaxed.wasm.gz'() {
    return new URL('./latformer-relaxed.wasm.gz', import.meta.url);
  },
  'node-worker.mjs'() {
    return new URL('./node-worker.mjs', import.meta.url);
  },
};

export type PackageFile = keyof typeof besideEntry;

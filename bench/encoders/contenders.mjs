// Who runs where, and in which precisions. 'latformer native' is the core by itself, a program that is handed texts without
// JavaScript; 'latformer (native addon)' is the package with `device: 'native'`.
const both = ['fp32', 'q8'];

const inBrowsers = { latformer: both, 'onnxruntime-web': both, 'transformers.js': ['q8'] };

const libraries = {
  'node-base': { latformer: both, 'onnxruntime-web': both },
  'node-relaxed': {
    latformer: both,
    'onnxruntime-web': both,
    'latformer (native addon)': both,
    'latformer native': both,
    'onnxruntime-node': both,
    'transformers.js': ['q8'],
  },
  chromium: inBrowsers,
  firefox: inBrowsers,
  webkit: inBrowsers,
};

/** @returns {{name: string, library: string, dtype: string, threads: number}[]} */
export function contendersOf(runtime, { dtypes, threads, only }) {
  return Object.entries(libraries[runtime]).flatMap(([library, precisions]) =>
    (only && !only.includes(library) ? [] : precisions.filter((dtype) => dtypes.includes(dtype))).flatMap((dtype) =>
      threads.map((count) => ({ name: `${library}, ${dtype}, ${count} thread(s)`, library, dtype, threads: count })),
    ),
  );
}

// The names that options choose from.

/** What linear layers compute in. */
export const dtypes = ['fp32', 'q8', 'q4'] as const;
export type Dtype = (typeof dtypes)[number];

/** What runs a model: the native addon (Node) where there is one, or WebAssembly. */
export const devices = ['auto', 'wasm', 'native'] as const;
export type Device = (typeof devices)[number];

/** Sets of WebAssembly instructions. */
export const kernelSets = ['base', 'relaxed'] as const;
export type KernelSet = (typeof kernelSets)[number];

/** What makes scores of logits. */
export const scoreFunctions = ['softmax', 'sigmoid', 'none'] as const;
export type ScoreFunction = (typeof scoreFunctions)[number];

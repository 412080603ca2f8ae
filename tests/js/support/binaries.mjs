// The binaries of the package that run here, as options of pipeline().
import { availableParallelism } from 'node:os';

/** Node 20 has relaxed SIMD only by a flag of V8, and wrong. */
export const hasRelaxedSimd = Number(process.versions.node.split('.')[0]) >= 22;

export const threadCounts = availableParallelism() > 1 ? [1, 2] : [1];

export const binaries = ['base', ...(hasRelaxedSimd ? ['relaxed'] : [])].flatMap((kernels) =>
  threadCounts.map((threads) => ({ kernels, threads })),
);

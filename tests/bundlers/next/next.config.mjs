// Told by the environment, because the test builds it in several ways.
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

export default {
  // What is not deployed elsewhere need not be traced, which takes a minute.
  ...(process.env.TRACED === '0'
    ? { outputFileTracingExcludes: { '*': ['**/*'], 'next-server': ['**/*'] } }
    : { output: 'standalone' }),
  distDir: `.next/${process.env.BUILD}`,
  outputFileTracingRoot: root,
  turbopack: { root },
  serverExternalPackages: process.env.EXTERNAL ? ['latformer'] : [],
};

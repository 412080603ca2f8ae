// Rules of ESLint and, with type information for the TypeScript, of typescript-eslint; layout is Prettier's.
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import ts from 'typescript-eslint';

export default defineConfig(
  { ignores: ['build/', 'dist/', 'types/', '**/.next/', '.toolchain/', '**/node_modules/', 'tests/package/project/'] },
  { ignores: ['tests/bundlers/next/example/', 'tests/bundlers/node/built/'] },
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  {
    files: ['**/*.ts'],
    extends: [ts.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-empty-object-type': ['error', { allowObjectTypes: 'always' }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      // Methods without await are async so that what they throw is a rejection.
      '@typescript-eslint/require-await': 'off',
      // These two take what was looked at one line above for something else.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
    },
  },
  {
    rules: { eqeqeq: ['error', 'smart'], 'no-var': 'error', 'prefer-const': 'error' },
  },
);

import { defineConfig } from 'vite';

export default defineConfig({ root: 'page', base: './', logLevel: 'warn', build: { emptyOutDir: true } });

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  plugins: [react()],
  optimizeDeps: { exclude: ['latformer'] }, // for `vite`: its files are found beside it
  worker: { format: 'es' },
});

// Builds the phone into dist/phone, where the sandbox serves it from.
import { defineConfig } from 'vite';

// biome-ignore lint/style/noDefaultExport: Vite takes its configuration so.
export default defineConfig({
  base: '/',
  logLevel: 'warn',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/phone',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    assetsInlineLimit: 0,
    rollupOptions: { input: ['web/phone/index.html', 'web/phone/preview.html'] },
  },
});

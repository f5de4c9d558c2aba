import { defineConfig } from 'vite';

// The console asks its own server, wherever that puts it: paths are relative. `npm run dev` asks a running appliance.
export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false },
    // The server lets browsers keep what has a hash in its name; it knows one by its digits.
    rollupOptions: { output: { hashCharacters: 'hex' } } },
  server: { proxy: { '/api': process.env.HOSTSCOPE ?? 'http://127.0.0.1:8080' } },
});

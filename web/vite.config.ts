/// <reference types="vitest/config" />
import { createLogger, defineConfig } from 'vite';

// The codecs' emscripten glue asks for node's "fs" and "path" only where it runs in node, and the
// URL polyfill for "url" likewise: the browser never takes those branches.
const kNeverTaken =
  /Module "(fs|path|url)" has been externalized .* imported by ".*\/node_modules\/@(cornerstonejs\/codec-|oozcitak\/url\/)/;
const logger = createLogger();
const { warn } = logger;
logger.warn = (message, options) => {
  if (!kNeverTaken.test(message)) warn(message, options);
};

export default defineConfig({
  customLogger: logger,
  // The page may be served under a prefix by a reverse proxy.
  base: './',
  resolve: {
    // vtk.js asks for node's "events": without this the page dies with
    // "Class extends value undefined".
    alias: { events: new URL('node_modules/events/events.js', import.meta.url).pathname },
  },
  optimizeDeps: {
    // Its decoding worker is found relative to the module: pre-bundling would move it.
    exclude: ['@cornerstonejs/dicom-image-loader'],
    include: ['dicom-parser'],
  },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // Everything must come as a file, so that the Content Security Policy needs no data: scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 6000,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8042', '/dicom-web': 'http://127.0.0.1:8042' } },
  test: { include: ['test/**/*.test.ts'] },
});

import { fileURLToPath } from 'node:url'
import type { InlineConfig, Plugin } from 'vite'

/** Every browser we support reads woff2: KaTeX's other two formats would only make the download larger. */
const woff2Only: Plugin = {
  name: 'woff2-only',
  generateBundle(_options, bundle) {
    for (const [name, file] of Object.entries(bundle)) {
      if (/\.(?:woff|ttf)$/.test(name)) delete bundle[name]
      if (file.type !== 'asset' || !name.endsWith('.css')) continue
      file.source = String(file.source).replaceAll(/,\s*url\([^)]*\.(?:woff|ttf)"?\)\s*format\([^)]*\)/g, '')
    }
  },
}

const server = 'http://localhost:8000'

const config: InlineConfig = {
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  logLevel: 'error',
  plugins: [woff2Only],
  build: {
    target: 'baseline-widely-available',
    modulePreload: { polyfill: false },
    // Fonts as files: a page that shows no formula loads none.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
  },
  // `pnpm exec vite` in this folder, beside a running `npm start`, shows changes at once.
  server: { proxy: { '/api': server, '/demo': server, '/collab': { target: server, ws: true, changeOrigin: true } } },
}

export default config

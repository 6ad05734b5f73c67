// For tests only: cognito-local in a process of its own, for it takes its settings from the environment and the working
// folder. It wants AWS's old SDK for triggers that no test has: this stands in for 100 MB.
import { registerHooks } from 'node:module'
import { createLogger } from '@mdcreator/shared/log'

const standIn = 'file:///aws-sdk.cjs'
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'aws-sdk' || specifier === 'aws-sdk/package.json'
      ? { url: standIn, format: 'commonjs', shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) =>
    url === standIn
      ? {
          source: 'module.exports = { version: "2", Lambda: class {}, KMS: class {} }',
          format: 'commonjs',
          shortCircuit: true,
        }
      : next(url, context),
})
const { createDefaultServer } = await import('cognito-local/lib/server/defaults.js')
const server = await createDefaultServer(createLogger('silent') as never)
await server.start()
process.send?.('ready')
process.on('disconnect', () => process.exit())

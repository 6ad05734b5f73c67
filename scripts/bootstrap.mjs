// `npm start` and `npm test` on a machine with nothing but Node 18 or later: fetches what is missing, then runs the
// task. This first file is kept so plain that even older Nodes can read it and say what is wrong.
const version = process.versions.node
if (Number(version.split('.')[0]) < 18) {
  console.error(`Node ${version} is too old: install Node 24 from https://nodejs.org, then run the same command again`)
  process.exit(1)
}
void import('./bootstrap/main.mjs').then(({ main }) => main(process.argv.slice(2)))

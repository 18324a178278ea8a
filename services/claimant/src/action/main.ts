import { runAction } from './run-action.ts'

await runAction()
// An upload that is no longer needed would keep the step alive until its own timeouts. `post` deletes what it leaves.
process.stdout.write('', () => process.exit())

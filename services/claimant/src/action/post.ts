import { cleanUp } from './clean-up.ts'

await cleanUp().catch(() => undefined)
process.stdout.write('', () => process.exit(0))

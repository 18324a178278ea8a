import { runSetup } from './run-setup.ts'

await runSetup()

/**
 * The GitHub simulator: stands in for github.com on this machine. What it offers is described by its control API's
 * own document, `/_sim/openapi.json`.
 */
import { runService } from '@forkproof/infra/lifecycle'
import { compose } from './compose.ts'
import { readConfig } from './config.ts'

await runService('github-simulator', lifecycle => compose(readConfig(process.env), lifecycle))

import { runService } from '@forkproof/infra/lifecycle'
import { compose } from './compose.ts'
import { readConfig } from './config.ts'

await runService('orchestrator', lifecycle => compose(readConfig(process.env), lifecycle))

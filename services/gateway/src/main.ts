import { runService } from '@forkproof/infra/lifecycle'
import { composeGateway } from './compose.ts'
import { readConfig } from './config.ts'

await runService('gateway', lifecycle => composeGateway(readConfig(process.env), lifecycle))

import { runService } from '@forkproof/infra/lifecycle'
import { compose } from './compose.ts'
import { readConfig } from './config.ts'

await runService('builder-provisioner', lifecycle => compose(readConfig(process.env), lifecycle))

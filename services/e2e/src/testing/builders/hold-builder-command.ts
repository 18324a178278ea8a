import { ProcessDriver, type ProcessDriverOptions } from '@forkproof/builder-provisioner/drivers/process/process-driver'
import { someBuilderSpec } from '@forkproof/builder-provisioner/drivers/testing/driver-harness'
import { BuilderId } from '@forkproof/contracts/ids'

/**
 * Makes one builder as a provisioner does, says where its socket is, and holds it until it is killed.
 * Arguments: the driver's options as JSON, the builder's id.
 */
const [options = '{}', id] = process.argv.slice(2)
const parsed: ProcessDriverOptions = JSON.parse(options)
const driver = new ProcessDriver(parsed)
const builder = await driver.create(
  someBuilderSpec({ builderId: BuilderId.parse(id), endsAtMs: Date.now() + 300_000 }),
  AbortSignal.timeout(60_000),
)
process.stdout.write(`socket ${builder.endpoint.path}\n`)
await builder.ended

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterEach } from 'vitest'
import {
  type FakeGateway,
  type FakeGatewayBehaviour,
  fakeAccessToken,
  fakeProject,
  startFakeGateway,
} from '../../building/testing/fake-gateway.ts'
import { placeFakePrograms } from '../../clients/testing/fake-programs.ts'
import { bundleHarness, type StartedBundle } from '../../testing/bundle-harness.ts'

/**
 * The bundled command in steps of a fork's run that has the right to build, with fake build programs.
 * The first start of a test makes its fake gateway. Registers the hooks that clean up.
 */
export function cliHarness() {
  const harness = bundleHarness()
  let gateway: FakeGateway | undefined
  afterEach(async () => {
    await gateway?.close()
    gateway = undefined
  })

  async function start(
    args: readonly string[],
    behaviour: FakeGatewayBehaviour = {},
    changes: Record<string, string> = {},
  ): Promise<StartedBundle> {
    gateway ??= await startFakeGateway(behaviour)
    await placeFakePrograms(harness.directory, ['docker', 'buildx', 'buildctl', 'depot', 'tool'])
    return harness.start('cli.js', args, {
      ...(await harness.forkEnvironment()),
      PATH: [harness.directory, '/usr/bin', '/bin'].join(path.delimiter),
      // As an earlier step's Action leaves them.
      FORKPROOF_ISSUER: gateway.issuer,
      FORKPROOF_PROJECT: fakeProject,
      FORKPROOF_ACCESS_TOKEN: fakeAccessToken,
      ...changes,
    })
  }

  return {
    start,
    forkproof: async (...given: Parameters<typeof start>) => (await start(...given)).done,
    leftFolders: async () => (await readdir(harness.directory)).filter(name => name.startsWith('forkproof-')),
    get gateway() {
      return gateway
    },
    get directory() {
      return harness.directory
    },
  }
}

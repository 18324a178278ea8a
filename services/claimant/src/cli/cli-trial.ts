import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterEach } from 'vitest'
import {
  type FakeGateway,
  fakeAccessToken,
  fakeProject,
  type GatewayBehaviour,
  startFakeGateway,
} from '../building/fake-gateway.ts'
import { bundleTrial, type Started } from '../bundle-trial.ts'
import { placeStandIns } from '../clients/stand-in.ts'

/**
 * The bundled command in steps of a fork's run that has the right to build, with stand-ins for the build programs and one gateway per test,
 * which the first start makes. Registers the hooks that clean up. For tests only.
 */
export function cliTrial() {
  const trial = bundleTrial()
  let gateway: FakeGateway | undefined
  afterEach(async () => {
    await gateway?.close()
    gateway = undefined
  })

  async function start(
    args: readonly string[],
    behaviour: GatewayBehaviour = {},
    changes: Record<string, string> = {},
  ): Promise<Started> {
    gateway ??= await startFakeGateway(behaviour)
    await placeStandIns(trial.directory, ['docker', 'buildx', 'buildctl', 'depot', 'tool'])
    return trial.start('cli.js', args, {
      ...(await trial.forkEnvironment()),
      PATH: [trial.directory, '/usr/bin', '/bin'].join(path.delimiter),
      // As the Action of an earlier step leaves them.
      FORKPROOF_ISSUER: gateway.issuer,
      FORKPROOF_PROJECT: fakeProject,
      FORKPROOF_ACCESS_TOKEN: fakeAccessToken,
      ...changes,
    })
  }

  return {
    start,
    forkproof: async (...given: Parameters<typeof start>) => (await start(...given)).done,
    leftFolders: async () => (await readdir(trial.directory)).filter(name => name.startsWith('forkproof-')),
    get gateway() {
      return gateway
    },
    get directory() {
      return trial.directory
    },
  }
}

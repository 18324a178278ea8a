import { createClient } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import type { BuildId } from '@forkproof/contracts/ids'
import { onTestFinished } from 'vitest'
import { createDepotServer } from '../depot/depot-server.ts'
import { BuildService } from '../depot/generated-messages.ts'
import { type DepotBounds, depotLimits } from '../depot/limits.ts'
import { buildsHarness, projectId } from './builds-harness.ts'

type Options = Parameters<typeof buildsHarness>[0] & { bounds?: Partial<DepotBounds>; trustedProxies?: string[] }

/** The Depot-compatible API on a real port over in-memory builds, and its generated client. */
export async function depotHarness(options: Options = {}, httpVersion: '1.1' | '2' = '2') {
  const harness = await buildsHarness(options)
  const bounds = { ...depotLimits, ...options.bounds }
  const server = createDepotServer(harness.gateway, options.trustedProxies ?? [], bounds)
  const baseUrl = await server.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close())
  const client = createClient(BuildService, createConnectTransport({ baseUrl, httpVersion }))
  const as = (bearer: string | undefined) => ({
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    timeoutMs: 10_000,
  })
  const create = async () => {
    const made = await client.createBuild({ projectId }, as(harness.accessToken))
    return { ...made, buildId: made.buildId as BuildId, own: as(made.buildToken) }
  }
  return { ...harness, server, client, as, create, baseUrl }
}

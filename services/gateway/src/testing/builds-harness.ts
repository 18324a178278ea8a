import type { Admitted, AdmittedRun } from '@forkproof/contracts/access'
import type { NodeAnnouncement } from '@forkproof/contracts/events'
import { NodeId, ProjectId, RelationshipId, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { buckets } from '@forkproof/contracts/subjects'
import { Project, type TrustRule } from '@forkproof/contracts/trust'
import type { GatewayConfig } from '../config.ts'
import { type GatewayHarness, gatewayHarness } from './gateway-harness.ts'

export const projectId = ProjectId.parse(`prj_${'a'.repeat(16)}`)
export const relationshipId = RelationshipId.parse(`trl_${'a'.repeat(16)}`)
export const linuxOnly = { platforms: ['linux/amd64'] }

const run = {
  repository: RepositoryName.parse('octo-org/octo-repo'),
  repositoryId: '42',
  runId: RunId.parse('123'),
  attempt: RunAttempt.parse('1'),
}

/** A gateway with one project, one node and an access token of an admitted run. */
export async function buildsHarness(
  options: {
    grant?: object
    eventClass?: 'fork_pull_request' | 'trusted'
    origin?: AdmittedRun['origin']
    settings?: Partial<GatewayConfig>
  } = {},
) {
  const harness = await gatewayHarness(options.settings)
  const { eventClass = 'fork_pull_request', grant = {}, origin } = options
  await putProject(harness, { eventClass, repositoryId: run.repositoryId, grant } as TrustRule)
  announce(harness)
  const admitted = { projectId, relationshipId, run: { eventClass, ...run, ...(origin && { origin }) } }
  const full = { maxMinutes: 20, concurrency: 4, egress: 'none', platforms: ['linux/amd64'], cache: 'none' } as const
  const record: Admitted = { ...admitted, grant: { ...full, platforms: [...full.platforms] } }
  const issued = await harness.gateway.admission.issue(record)
  const accessToken = issued.accessToken.reveal()
  const ask = (method: 'GET' | 'POST' | 'DELETE', url: string, more: Asked = {}) =>
    harness.app.inject({
      method,
      url,
      headers: {
        ...(more.bearer !== undefined && { authorization: `Bearer ${more.bearer}` }),
        ...(more.body !== undefined && { 'content-type': 'application/json' }),
        ...more.headers,
      },
      ...(more.body !== undefined && { payload: JSON.stringify(more.body) }),
    })
  const post = (body: unknown = linuxOnly, bearer = accessToken) => ask('POST', '/v1/builds', { body, bearer })
  const started = async (body: unknown = linuxOnly) => {
    const answer = await post(body)
    const { buildId, buildToken } = answer.json()
    const order = harness.builds.started.find(one => one.buildId === buildId)
    if (!order) throw new Error(`no build was started: ${answer.body}`)
    return { buildId: order.buildId, buildToken: String(buildToken), order }
  }
  return {
    ...harness,
    admitted: record,
    accessToken,
    ask,
    post,
    started,
    announce: (more: Partial<NodeAnnouncement>) => announce(harness, more),
  }
}
export type BuildsHarness = Awaited<ReturnType<typeof buildsHarness>>

interface Asked {
  readonly bearer?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export async function putProject({ fakes }: Pick<GatewayHarness, 'fakes'>, rule: TrustRule): Promise<void> {
  const createdAt = '2026-01-01T00:00:00Z'
  const relationships = [{ id: relationshipId, rule, createdAt }]
  const project = Project.parse({ id: projectId, name: 'project', createdAt, relationships })
  fakes.bucket(buckets.projects).put(projectId, JSON.stringify(project))
}

export function announce(
  { fakes, clock }: Pick<GatewayHarness, 'fakes' | 'clock'>,
  more: Partial<NodeAnnouncement> = {},
): void {
  const node: NodeAnnouncement = {
    nodeId: NodeId.parse('node-1'),
    driver: 'memory',
    isolation: [],
    platforms: [{ platform: 'linux/amd64', emulated: false }],
    egress: ['none'],
    capacity: 4,
    running: 0,
    waiting: 0,
    warm: 1,
    missing: [],
    announcedAtMs: clock.now(),
    ...more,
  }
  fakes.bucket(buckets.nodes).put(node.nodeId, JSON.stringify(node))
}

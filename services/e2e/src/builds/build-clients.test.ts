import { join } from 'node:path'
import { bundleClaimant } from '@forkproof/claimant/bundle'
import { Lifecycle } from '@forkproof/infra/lifecycle'
import { claimantFolder } from '@forkproof/local/compose'
import { endedBuildsOf } from '@forkproof/local/demo/build-report'
import type { RunEvent } from '@forkproof/local/github/simulated-github'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { afterFile } from '../testing/after-file.ts'
import { createProject } from '../testing/build-requests.ts'
import { depotProgram, openSealedMachine, type SealedMachine } from '../testing/depot/sealed-machine.ts'
import { imageContext } from '../testing/remote-build.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'

const runMsMax = 100_000
const cli = join(claimantFolder, 'dist', 'cli.js')
const lifecycle = new Lifecycle()

let harness: SystemHarness
let machine: SealedMachine
let place: { repository: string; pullRequest: number; project: string }
beforeAll(async () => {
  await bundleClaimant()
  harness = await openSystemHarness({ builders: true })
  afterFile(() => lifecycle.shutdown())
  const names = { owner: 'octo-org', name: 'built', forkOwner: 'contributor' }
  const { repository, pullRequest } = await harness.github.createForkPullRequest(names)
  const project = await createProject(harness, [
    // One step of the command line can show its code in the live log only.
    { repository, eventClass: 'fork_pull_request', proofMethods: ['artifact', 'step-name', 'log'] },
    { repository, eventClass: 'trusted', grant: { cache: 'project' } },
  ])
  place = { repository, pullRequest, project }
  const portOf = (url: string) => Number(new URL(url).port)
  const { depot, githubApi, builders } = harness.system.addresses
  // The gateway also under its own port, because the answer to a claim names that port.
  const ports = [portOf(harness.issuer), portOf(githubApi), portOf(`http://${builders}`)]
  machine = await openSealedMachine(portOf(harness.issuer), { api: { port: portOf(depot) }, ports })
})

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
const forkproofBuild = (words: readonly string[]) => {
  const { depot } = harness.system.addresses
  const own = ['--issuer', harness.issuer, '--project', place.project, '--depot-url', depot]
  return [process.execPath, cli, 'build', ...own, '--', ...words].map(quoted).join(' ')
}

/** The shell line by which each client builds a folder. */
const clients = {
  buildctl: (context: string) => {
    const source = ['--frontend', 'dockerfile.v0', '--local', `context=${context}`, '--local', `dockerfile=${context}`]
    return forkproofBuild([inject('programs').buildctl, 'build', '--progress', 'plain', ...source])
  },
  buildx: (context: string) => forkproofBuild([inject('programs').buildx, 'build', '--progress', 'plain', context]),
  'depot with the token that forkproof hands it': (context: string) =>
    forkproofBuild([depotProgram, 'build', '--progress', 'plain', context]),
  'depot by itself': (context: string) => machine.command(`build --progress plain ${quoted(context)}`),
} as const
type ClientName = keyof typeof clients

/** Runs the client as the only step of a job: of the fork's pull request or of a push. */
async function job(kind: 'fork' | 'trusted', client: ClientName, context: string) {
  const env = {
    ...(client === 'depot by itself' && machine.env),
    DEPOT_PROJECT_ID: place.project,
    HOME: await temporaryFolder(),
  }
  const steps = [{ name: 'Build', run: clients[client](context), env }]
  const permissions = kind === 'fork' ? {} : { 'id-token': 'write' }
  const workflow = { name: 'ci', permissions, jobs: { build: { 'runs-on': 'ubuntu-latest', steps } } }
  const { repository, pullRequest } = place
  const of = kind === 'fork' ? { repository, pullRequest } : { repository, event: 'push' }
  const { runId, eventsUrl } = await harness.github.runWorkflow({ ...of, workflow })
  const events: RunEvent[] = []
  for await (const event of harness.github.follow(eventsUrl, AbortSignal.timeout(runMsMax))) events.push(event)
  const log = events.flatMap(({ type, line }) => (type === 'log' && line !== undefined ? [line] : [])).join('\n')
  const builds = await endedBuildsOf(runId, harness.system.addresses.temporal, lifecycle)
  return { log, conclusion: events.at(-1)?.conclusion, builds }
}

const context = async () => imageContext({ probe: inject('programs').probe, folder: await temporaryFolder() })
const names = Object.keys(clients) as ClientName[]

describe.each(['fork', 'trusted'] as const)('from a %s run, unmodified:', kind => {
  it.each(names)('%s builds on a leased builder, which leaves nothing', async client => {
    const done = await job(kind, client, await context())
    expect(done.log).toContain('Hello from an image that was built on a builder of its own.')
    expect(done.conclusion, done.log).toBe('success')
    expect(done.builds.map(({ outcome }) => outcome)).toEqual(['success'])
    const receipts = done.builds.flatMap(({ platforms }) =>
      platforms.map(one => (one.state === 'destroyed' ? one.receipt.leftovers : one.state)),
    )
    expect(receipts).toEqual([[]])
  })
})

describe('the project’s cache', () => {
  it('serves a second trusted run, and no fork’s run', async () => {
    const from = await context()
    expect((await job('trusted', 'buildctl', from)).log).not.toContain('CACHED')
    expect((await job('trusted', 'buildx', from)).log).toContain('CACHED')
    expect((await job('fork', 'buildx', from)).log).not.toContain('CACHED')
    expect((await job('trusted', 'depot by itself', from)).log).toContain('CACHED')
  })
})

describe('a job’s log', () => {
  it('shows neither tokens nor keys, whichever client builds', async () => {
    for (const client of names) {
      const { log } = await job('fork', client, await context())
      expect(log).not.toMatch(/eyJ[A-Za-z0-9_-]{10}|fp[abt]_[A-Za-z0-9_-]{10}|PRIVATE KEY/)
    }
  })
})

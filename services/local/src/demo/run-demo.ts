import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownPlatform } from '@forkproof/builder-provisioner/drivers/host-platforms'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { claimantFolder } from '../compose.ts'
import { SimulatedGithub } from '../github/simulated-github.ts'
import type { LocalSystem } from '../running/local-system.ts'
import { createDemoProject } from './build-project.ts'
import { endedBuildsOf } from './build-report.ts'
import { announcedNodes } from './builder-nodes.ts'
import { buildOf, type DemoReport, reportOf } from './demo-report.ts'
import { forkWorkflow } from './fork-workflow.ts'
import { type DemoRecord, narrate } from './narrator.ts'

const demoMsMax = 180_000

type Tell = (line: string) => void

/**
 * Runs a fork's pull request job that claims a token, has it verified, and builds an image.
 * Tells what happens line by line.
 */
export async function runDemo(system: LocalSystem, tell: Tell, lifecycle: Lifecycle): Promise<DemoReport> {
  const { signal } = lifecycle
  const github = new SimulatedGithub(system.addresses.githubApi)
  const until = AbortSignal.any([signal, AbortSignal.timeout(demoMsMax)])
  const startedAt = Date.now()
  await github.resetRequestCounts()
  const { repository, fork, pullRequest } = await createPullRequest(github)
  const platforms = await builtPlatforms(system, tell, until)
  const createProject = async () => {
    const id = await createDemoProject(system, await github.repositoryId(repository), platforms)
    tell(`The maintainer's project ${id} admits pull requests from forks of ${repository}.`)
    return id
  }
  const build = platforms.length === 0 ? undefined : { platforms, projectId: await createProject() }
  tell(`A contributor's fork ${fork} has pull request #${pullRequest} open at ${repository}. Its job starts:`)
  const workflow = forkWorkflow({ ...programs(system), ...(build && { build }) })
  const { runId, eventsUrl } = await github.runWorkflow({ repository, pullRequest, workflow })
  const unwatch = tellSightings(system, tell)
  let record: DemoRecord = {}
  try {
    for await (const event of github.follow(eventsUrl, until)) {
      const told = narrate(record, event)
      record = told.record
      for (const line of told.lines) tell(line)
    }
  } catch (error) {
    if (signal.aborted) throw error
    tell(`The demo broke off: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    unwatch()
  }
  const built = await buildOf(record, async () =>
    (await endedBuildsOf(runId, system.addresses.temporal, lifecycle)).at(0),
  )
  tellReceipts(built, tell)
  return reportOf({ record, startedAt, githubRequests: await countsOf(github), build: built })
}

const programs = ({ addresses, programs: { buildctl, probe, probeEmulated = probe } }: LocalSystem) => ({
  issuer: addresses.issuer,
  node: process.execPath,
  relyingParty: fileURLToPath(new URL('./relying-party-command.ts', import.meta.url)),
  cli: join(claimantFolder, 'dist', 'cli.js'),
  buildctl,
  probe: (platform: string) => (platform === ownPlatform(process.arch) ? probe : probeEmulated),
})

/** Every platform that a node announces; none means that the job ends after the token, and why is told. */
async function builtPlatforms(system: LocalSystem, tell: Tell, signal: AbortSignal): Promise<string[]> {
  const nodes = await announcedNodes(system, signal)
  for (const { platforms, missing } of nodes) {
    if (platforms.length > 0) continue
    tell('This machine cannot isolate a builder, so the job will end after its token. Missing:')
    for (const line of missing) tell(`  - ${line}`)
  }
  // All builders of one build stand at the same time.
  return nodes.flatMap(({ platforms, capacity }) => platforms.slice(0, capacity).map(({ platform }) => platform))
}

/** Zeros when the simulator cannot say any more: the report of a demo that broke off is still a report. */
const countsOf = (github: SimulatedGithub): Promise<DemoReport['githubRequests']> =>
  github.requestCounts().then(
    ({ rest }) => ({ counted: rest.counted, notModified: rest.notModified }),
    () => ({ counted: 0, notModified: 0 }),
  )

/** Each run of the demo has repositories of its own, so that a kept simulator does not mix them up. */
const createPullRequest = (github: SimulatedGithub) => {
  const tag = Date.now().toString(36)
  return github.createForkPullRequest({ owner: 'octo-org', name: `demo-${tag}`, forkOwner: `contributor-${tag}` })
}

function tellReceipts(build: DemoReport['build'], tell: Tell): void {
  if (!build) return
  const [builders, receipts, them] =
    build.platforms.length === 1
      ? ['builder', 'its receipt says', 'it']
      : [`${build.platforms.length} builders`, 'their receipts say', 'them']
  const left = build.leftovers === 0 ? 'nothing is left' : `${build.leftovers} traces are left`
  tell(`  ● ${builders} destroyed in ${build.teardownMs} ms; ${receipts} that ${left} of ${them}`)
}

/** The verifier logs each sighting; the demo tells it in place. */
function tellSightings(system: LocalSystem, tell: Tell): () => void {
  return system.part('verifier').onLine(line => {
    if (!line.includes('"code seen"')) return
    const { channel, elapsedMs } = JSON.parse(line)
    tell(
      `  ● seen by the verifier in channel ${channel}${elapsedMs === undefined ? '' : `, ${Math.round(elapsedMs)} ms after the run said so`}`,
    )
  })
}

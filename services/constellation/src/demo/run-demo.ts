import { fileURLToPath } from 'node:url'
import { SimulatedGithub } from '../github/simulated-github.ts'
import type { Constellation } from '../running/constellation.ts'
import { forkWorkflow } from './fork-workflow.ts'
import { type DemoRecord, narrate } from './narrator.ts'

const demoMsMax = 180_000
const audience = 'https://sts.example.dev'

/** The last line of `npm start -- --once --json`. */
export interface DemoReport {
  readonly verdict: 'proven' | 'failed'
  readonly channel: string | null
  readonly token: Record<string, unknown> | null
  readonly timings: {
    readonly claimMs: number | null
    readonly shownToTokenMs: number | null
    readonly totalMs: number
  }
  readonly githubRequests: { readonly counted: number; readonly notModified: number }
}

/** Runs a fork's pull request job that claims a token and has it verified. Tells what happens line by line. */
export async function runDemo(
  constellation: Constellation,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<DemoReport> {
  const github = new SimulatedGithub(constellation.addresses.githubApi)
  const until = AbortSignal.any([signal, AbortSignal.timeout(demoMsMax)])
  const startedAt = Date.now()
  await github.resetRequestCounts()
  const { repository, fork, pullRequest } = await ensurePullRequest(github)
  tell(`A contributor's fork ${fork} has pull request #${pullRequest} open at ${repository}. Its job starts:`)
  const relyingParty = fileURLToPath(new URL('./relying-party-command.ts', import.meta.url))
  const workflow = forkWorkflow({
    issuer: constellation.addresses.issuer,
    audience,
    node: process.execPath,
    relyingParty,
  })
  const { eventsUrl } = await github.runWorkflow({ repository, pullRequest, workflow })
  const unwatch = tellSightings(constellation, tell)
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
  return reportOf(record, startedAt, await countsOf(github))
}

/** Zeros when the simulator cannot say any more: the report of a demo that broke off is still a report. */
const countsOf = (github: SimulatedGithub): Promise<DemoReport['githubRequests']> =>
  github.requestCounts().then(
    ({ rest }) => ({ counted: rest.counted, notModified: rest.notModified }),
    () => ({ counted: 0, notModified: 0 }),
  )

/** Each run of the demo has repositories of its own, so that a kept simulator does not mix them up. */
const ensurePullRequest = (github: SimulatedGithub) => {
  const tag = Date.now().toString(36)
  return github.createForkPullRequest({ owner: 'octo-org', name: `demo-${tag}`, forkOwner: `contributor-${tag}` })
}

/** The verifier logs each sighting; the demo tells it in place. */
function tellSightings(constellation: Constellation, tell: (line: string) => void): () => void {
  return constellation.part('verifier').onLine(line => {
    if (!line.includes('"code seen"')) return
    const { channel, elapsedMs } = JSON.parse(line)
    tell(
      `  ● seen by the verifier in channel ${channel}${elapsedMs === undefined ? '' : `, ${Math.round(elapsedMs)} ms after the run said so`}`,
    )
  })
}

function reportOf(record: DemoRecord, startedAt: number, githubRequests: DemoReport['githubRequests']): DemoReport {
  const between = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? null : to - from
  const proven = record.conclusion === 'success' && record.claims !== undefined
  return {
    verdict: proven ? 'proven' : 'failed',
    channel: proven ? String(record.claims?.['proof_method']) : null,
    token: record.claims ?? null,
    timings: {
      claimMs: between(record.claimStepStartedAt, record.claimedAt),
      shownToTokenMs: between(record.shownAt, record.tokenAt),
      totalMs: Date.now() - startedAt,
    },
    githubRequests,
  }
}

import { join } from 'node:path'
import { challengeSentence } from '@forkproof/contracts/challenge'
import { ChallengeCode } from '@forkproof/contracts/ids'
import type { RunEvent } from '@forkproof/local/github/simulated-github'
import { verifyTokenWith } from '@forkproof/local/tools/verify-token'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { afterFile } from '../testing/after-file.ts'
import { FakeBuildService, recordedBuild, requestedProject } from '../testing/depot/fake-build-service.ts'
import { claimHost, openSealedMachine, type SealedMachine } from '../testing/depot/sealed-machine.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'

const runMsMax = 100_000
const audience = 'https://depot.dev'

let harness: SystemHarness
let builds: FakeBuildService
let machine: SealedMachine
beforeAll(async () => {
  // The exchange too goes to the name that the CLI knows, through TLS; the issuer stays its own.
  harness = await openSystemHarness({ extra: { gateway: { FORKPROOF_GATEWAY_PUBLIC_URL: `https://${claimHost}` } } })
  const socket = join(await temporaryFolder(), 'builds.sock')
  builds = await FakeBuildService.listen(socket)
  afterFile(() => builds.close())
  machine = await openSealedMachine(Number(new URL(harness.issuer).port), { api: { socket } })
})

/** Runs `depot build` as the only step of a fork's pull request job. Resolves with its log when the run is over. */
async function depotBuild() {
  const names = { owner: 'octo-org', name: 'built-by-depot', forkOwner: 'contributor' }
  const { repository, fork, pullRequest } = await harness.github.createForkPullRequest(names)
  const script = `printf 'FROM scratch\\n' > Dockerfile\n${machine.command('build --progress plain .')}`
  const step = { name: 'Build', run: script, env: machine.env }
  const workflow = { name: 'ci', permissions: {}, jobs: { build: { 'runs-on': 'ubuntu-latest', steps: [step] } } }
  const { runId, eventsUrl } = await harness.github.runWorkflow({ repository, pullRequest, workflow })
  const events: RunEvent[] = []
  for await (const event of harness.github.follow(eventsUrl, AbortSignal.timeout(runMsMax))) events.push(event)
  const lines = events.flatMap(({ type, line }) => (type === 'log' && line !== undefined ? [line] : []))
  return { repository, fork, runId, lines }
}

describe('the unmodified depot CLI in a fork’s pull request run', () => {
  let done: Awaited<ReturnType<typeof depotBuild>>
  beforeAll(async () => {
    done = await depotBuild()
  })

  it('claims from our gateway and shows our code in its log', () => {
    const codes = done.lines.filter(line => line.startsWith('Waiting for OIDC auth challenge '))
    expect(codes, done.lines.join('\n')).not.toEqual([])
    const code = ChallengeCode.parse(codes[0]?.split(' ').at(-1))
    expect(new Set(codes)).toEqual(new Set([challengeSentence(code)]))
  })

  it('presents to CreateBuild the token that our signer minted, and it holds for Go’s go-oidc', async () => {
    const creations = builds.calls.filter(({ method }) => method === 'CreateBuild')
    expect(creations).toHaveLength(1)
    expect(requestedProject(creations[0])).toBe(recordedBuild.projectId)
    const input = { issuer: harness.issuer, audience, token: creations[0]?.bearer ?? '' }
    const verified = await verifyTokenWith(inject('programs').verifyToken, input, AbortSignal.timeout(20_000))
    expect(verified).toMatchObject({
      verified: true,
      claims: {
        event_name: 'pull_request',
        repository: done.repository,
        head_repository: done.fork,
        run_id: String(done.runId),
        proof_method: 'log',
      },
    })
  })

  it('goes on with the build’s own token, as it does at Depot', () => {
    const later = builds.calls.filter(({ method }) => method !== 'CreateBuild')
    expect(later.map(({ method }) => method)).toContain('GetBuildKitConnection')
    expect(new Set(later.map(({ bearer }) => bearer))).toEqual(new Set([recordedBuild.buildToken]))
  })

  it('never has its token in the job’s log, which anybody can read', () => {
    expect(done.lines.join('\n')).not.toMatch(/eyJ[A-Za-z0-9_-]{10}/)
  })
})

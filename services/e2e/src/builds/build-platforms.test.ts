import { copyFile, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleClaimant } from '@forkproof/claimant/bundle'
import { Lifecycle } from '@forkproof/infra/lifecycle'
import { claimantFolder } from '@forkproof/local/compose'
import { endedBuildsOf } from '@forkproof/local/demo/build-report'
import { announcedNodes } from '@forkproof/local/demo/builder-nodes'
import type { RunEvent } from '@forkproof/local/github/simulated-github'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { afterFile } from '../testing/after-file.ts'
import {
  askGateway,
  buildState,
  createProject,
  finishBuild,
  forkRunWithToken,
  getAccessToken,
  hasEnded,
  isReady,
  postBuild,
} from '../testing/build-requests.ts'
import { EmulationHarness } from '../testing/builders/emulation-harness.ts'
import { depotProgram } from '../testing/depot/sealed-machine.ts'
import { openStartHarness, startMain } from '../testing/start-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { waitUntil } from '../testing/wait-until.ts'

const runMsMax = 100_000
/** The node checks its machine every half minute and announces a change within seconds. */
const noticedMsMax = 40_000
const amd64 = 'linux/amd64'
const arm64 = 'linux/arm64'
const both = [amd64, arm64].join(',')
const cli = join(claimantFolder, 'dist', 'cli.js')
const lifecycle = new Lifecycle()

let emulation: EmulationHarness
let builderSettings: Readonly<Record<string, string>>
let harness: SystemHarness
let place: { repository: string; pullRequest: number; project: string }
/** A project of the same repository that grants native builders only. */
let nativeProject: string
beforeAll(async () => {
  await bundleClaimant()
  emulation = await EmulationHarness.prepare()
  builderSettings = {
    FORKPROOF_PROVISIONER_PLATFORMS: both,
    FORKPROOF_PROVISIONER_BINFMT_FOLDER: emulation.folder,
  }
  const extra = { 'builder-provisioner': { ...builderSettings, FORKPROOF_PROVISIONER_CAPACITY: '4' } }
  harness = await openSystemHarness({ builders: true, extra })
  afterFile(() => lifecycle.shutdown())
  const names = { owner: 'octo-org', name: 'portable', forkOwner: 'contributor' }
  const { repository, pullRequest } = await harness.github.createForkPullRequest(names)
  // One step of the command line can show its code in the live log only.
  const proofMethods = ['artifact', 'step-name', 'log']
  const admitting = (platforms: string[]) =>
    createProject(harness, [{ repository, eventClass: 'fork_pull_request', proofMethods, grant: { platforms } }])
  place = { repository, pullRequest, project: await admitting([amd64, arm64]) }
  nativeProject = await admitting([amd64])
})

/** The platforms that the node announces, and which are emulated. */
const announced = async () => {
  const nodes = await announcedNodes(harness.system, AbortSignal.timeout(noticedMsMax))
  return nodes.flatMap(({ platforms }) => platforms)
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
const command = (...words: readonly string[]) => words.map(quoted).join(' ')
const forkproof = (verb: string, words: readonly string[], project = place.project) => {
  const own = ['--issuer', harness.issuer, '--project', project]
  return command(process.execPath, cli, verb, ...own, ...words)
}

/** A folder to build from, with the probe of each platform under the name by which BuildKit asks for it. */
async function context(): Promise<string> {
  const folder = await mkdtemp(join(await temporaryFolder(), 'context-'))
  const { probe, probeEmulated } = inject('programs')
  await copyFile(probe, join(folder, 'probe-amd64'))
  await copyFile(probeEmulated, join(folder, 'probe-arm64'))
  await writeFile(join(folder, 'stamp'), crypto.randomUUID())
  const copies = ['FROM scratch', 'ARG TARGETARCH', 'COPY probe-$TARGETARCH /probe', 'COPY stamp /']
  await writeFile(join(folder, 'Dockerfile'), [...copies, 'RUN ["/probe","whoami"]', ''].join('\n'))
  return folder
}

/** Executes the lines as the only step of a job of the fork's pull request. */
async function job(...lines: readonly string[]) {
  const { repository, pullRequest, project } = place
  const env = { DEPOT_PROJECT_ID: project, HOME: await temporaryFolder() }
  const steps = [{ name: 'Build', run: lines.join('\n'), env }]
  const workflow = { name: 'ci', permissions: {}, jobs: { build: { 'runs-on': 'ubuntu-latest', steps } } }
  const { runId, eventsUrl } = await harness.github.runWorkflow({ repository, pullRequest, workflow })
  const events: RunEvent[] = []
  for await (const event of harness.github.follow(eventsUrl, AbortSignal.timeout(runMsMax))) events.push(event)
  const log = events.flatMap(({ type, line }) => (type === 'log' && line !== undefined ? [line] : [])).join('\n')
  return { runId, log, conclusion: events.at(-1)?.conclusion }
}

/** The platforms of the run's builds, each with the leftovers of its builder. */
async function receiptsOf(runId: number) {
  const builds = await endedBuildsOf(runId, harness.system.addresses.temporal, lifecycle)
  const platforms = builds.flatMap(build => build.platforms)
  const left = platforms.map(one => [one.platform, one.state === 'destroyed' ? one.receipt.leftovers : one.state])
  return Object.fromEntries(left)
}

/** The access token of a fork's run whose project grants these platforms. */
async function admitted(platforms: readonly string[]): Promise<string> {
  const { repository, idToken } = await forkRunWithToken(harness)
  const project = await createProject(harness, [{ repository, eventClass: 'fork_pull_request', grant: { platforms } }])
  return getAccessToken(harness, idToken, project)
}

async function askFor(platforms: readonly string[], bearer: string) {
  const answer = await askGateway(`${harness.issuer}/v1/builds`, { method: 'POST', bearer, body: { platforms } })
  return { status: answer.status, problem: JSON.parse(answer.text) as unknown }
}

/** The architectures that RUN steps report: the probe's, which differs from the machine's under emulation. */
const ranOn = (log: string) => [...log.matchAll(/\{"architecture":"([a-z0-9]+)"/g)].map(match => match[1]).sort()
const buildx = (...words: readonly string[]) =>
  [inject('programs').buildx, 'build', '--progress', 'plain', ...words] as const
/** Prints the machine type in the ELF header of each image's program: 62 for amd64, 183 for arm64. */
const headers = 'for file in out/*/probe; do echo "$file is of machine $(od -An -tu2 -j18 -N2 "$file")"; done'

describe('a machine that emulates nothing', () => {
  it('announces its own platform alone, and a build for another one is refused, which names it', async () => {
    expect(await announced()).toEqual([{ platform: amd64, emulated: false }])
    const refused = await askFor([arm64], await admitted([amd64, arm64]))
    expect(refused).toMatchObject({ status: 409, problem: { code: 'platform_unavailable', detail: arm64 } })
    const { log, conclusion } = await job(forkproof('build', ['--', ...buildx('--platform', both, await context())]))
    expect(conclusion).toBe('failure')
    expect(log).toMatch(/No node here runs builders of that platform.*\n?.*linux\/arm64/)
  })
})

describe('an emulation that is switched on while builders run', () => {
  beforeAll(async () => {
    await emulation.switchOn()
    await waitUntil('it is announced', async () => (await announced()).length === 2, { msMax: noticedMsMax })
  })

  it('is announced as one', async () => {
    expect(await announced()).toEqual([
      { platform: amd64, emulated: false },
      { platform: arm64, emulated: true },
    ])
  })

  it('shows in the state of a build, for that platform alone', async () => {
    const build = await postBuild(harness, await admitted([amd64, arm64]), { platforms: [amd64, arm64] })
    const { platforms } = await buildState(harness, build, isReady)
    expect(Object.fromEntries(platforms.map(one => [one.platform, one.emulated]))).toEqual({
      [amd64]: false,
      [arm64]: true,
    })
    await finishBuild(harness, build)
    const ended = await buildState(harness, build, hasEnded)
    expect(ended.platforms.map(({ receipt }) => receipt?.leftovers)).toEqual([[], []])
  })

  const clients = {
    'docker buildx, on the builders that forkproof names to it': (from: string) => [
      `${forkproof('builder', ['--platform', both, '--print', 'buildx', '--buildx', inject('programs').buildx])} >named`,
      'set -a; . ./named; set +a',
      command(...buildx('--platform', both, '--output', 'type=local,dest=out', from)),
      command(process.execPath, cli, 'builder', '--end'),
      headers,
    ],
    'docker buildx, below forkproof build': (from: string) => [
      forkproof('build', ['--', ...buildx('--platform', both, '--output', 'type=local,dest=out', from)]),
      headers,
    ],
    depot: (from: string) => {
      const client = [depotProgram, 'build', '--progress', 'plain', '--platform', both, from]
      return [forkproof('build', ['--depot-url', harness.system.addresses.depot, '--', ...client])]
    },
  }
  it.each(Object.entries(clients))(
    'is built on by %s, unmodified: two platforms, two builders',
    async (name, lines) => {
      const { runId, log, conclusion } = await job(...lines(await context()))
      expect(conclusion, log).toBe('success')
      expect(ranOn(log)).toEqual(['amd64', 'arm64'])
      expect(await receiptsOf(runId)).toEqual({ [amd64]: [], [arm64]: [] })
      if (name === 'depot') return
      expect(log).toMatch(/out\/linux_amd64\/probe is of machine +62\n/)
      expect(log).toMatch(/out\/linux_arm64\/probe is of machine +183\n/)
      expect(log).toMatch(/The builder for linux\/arm64 is ready .* it is emulated, so slow/)
      expect(log).not.toMatch(/linux\/amd64 .* it is emulated/)
    },
  )

  it('is built on by buildctl, whose image is of that platform though nobody says so', async () => {
    const from = await context()
    const source = ['--frontend', 'dockerfile.v0', '--local', `context=${from}`, '--local', `dockerfile=${from}`]
    const client = [inject('programs').buildctl, 'build', '--progress', 'plain', ...source]
    const words = ['--platform', arm64, '--', ...client, '--output', 'type=oci,dest=image.tar']
    const { runId, log, conclusion } = await job(
      forkproof('build', words),
      'tar -xf image.tar; cat index.json; cat blobs/sha256/*',
    )
    expect(conclusion, log).toBe('success')
    expect(ranOn(log)[0]).toBe('arm64')
    expect(log).toContain('"platform":{"architecture":"arm64","os":"linux"}')
    expect(log).toContain('{"architecture":"arm64","config":')
    expect(await receiptsOf(runId)).toEqual({ [arm64]: [] })
  })

  it('is no reason to build for a platform that the relationship does not grant', async () => {
    const refused = await askFor([amd64, arm64], await admitted([amd64]))
    expect(refused).toMatchObject({ status: 403, problem: { code: 'platform_not_granted', detail: arm64 } })
    const words = ['--', ...buildx('--platform', both, await context())]
    const { log, conclusion } = await job(forkproof('build', words, nativeProject))
    expect(conclusion).toBe('failure')
    expect(log).toMatch(/The trust relationship does not grant that platform/)
  })

  it('is built for by the demo too', async () => {
    const { settings } = await openStartHarness()
    const demo = startMain(['--once', '--json'], { ...settings, ...builderSettings })
    const { code, stdout, stderr } = await demo.exited
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout).build).toMatchObject({ platforms: [amd64, arm64], leftovers: 0 })
    expect(demo.remains()).toEqual([])
  })

  it('is no longer announced when it is switched off, and builds for it are refused again', async () => {
    await emulation.switchOff()
    await waitUntil('it is announced no more', async () => (await announced()).length === 1, { msMax: noticedMsMax })
    expect(await askFor([arm64], await admitted([amd64, arm64]))).toMatchObject({ status: 409 })
  })
})

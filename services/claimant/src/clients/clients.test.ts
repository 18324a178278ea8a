import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AccessToken, BuildId, BuildToken, Issuer, ProjectId } from '@forkproof/contracts/ids'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LeasedBuilder } from '../building/builder-files.ts'
import { buildctlCommand } from './buildctl.ts'
import { builderVariables } from './builder-variables.ts'
import { checkBuildx, createBuildxBuilder } from './buildx.ts'
import { checkProgram } from './check-program.ts'
import { depotVariables } from './depot.ts'
import { platformsOf, recogniseClient } from './recognise-client.ts'
import { failProgramsOn, placeFakePrograms, programCalls } from './testing/fake-programs.ts'

const amd64: LeasedBuilder = {
  platform: 'linux/amd64',
  endpoint: 'tcp://builders.test:8443',
  serverName: 'b1.builders.test',
  caFile: '/f/ca.pem',
  certificateFile: '/f/cert.pem',
  keyFile: '/f/key.pem',
  emulated: false,
}
const arm64: LeasedBuilder = { ...amd64, platform: 'linux/arm64', serverName: 'b2.builders.test' }

describe('the command that a builder is for', () => {
  it.each([
    [['docker', 'buildx', 'build', '.'], { kind: 'buildx', buildx: ['docker', 'buildx'] }],
    [
      ['/usr/bin/docker', '--debug', 'buildx', 'bake'],
      { kind: 'buildx', buildx: ['/usr/bin/docker', '--debug', 'buildx'] },
    ],
    [['buildx', 'build', '.'], { kind: 'buildx', buildx: ['buildx'] }],
    [['./docker-buildx', 'build', '.'], { kind: 'buildx', buildx: ['./docker-buildx'] }],
    [['buildctl', 'build', '--progress', 'plain'], { kind: 'buildctl' }],
    [['depot', 'build', '.'], { kind: 'depot' }],
    [['sh', '-c', 'docker buildx build .'], { kind: 'other' }],
    [['make'], { kind: 'other' }],
  ])('is recognised: %j', (command, client) => {
    expect(recogniseClient(command)).toEqual(client)
  })

  it.each([
    [['docker', 'build', '.'], 'docker buildx'],
    [['docker', 'build', '-f', 'buildx', '.'], 'docker buildx'],
    [['docker', 'run', 'x'], 'docker buildx'],
    [['docker'], 'docker buildx'],
    [['docker', 'buildx', 'build', '--builder', 'mine'], '--builder'],
    [['buildx', 'build', '--builder=mine'], '--builder'],
    [['buildctl', '--addr', 'tcp://x:1', 'build'], '--addr'],
    [['buildctl', '--tlskey=x', 'build'], '--tlskey'],
  ])('is refused where it would build elsewhere: %j', (command, words) => {
    expect(recogniseClient(command)).toEqual({ problem: expect.stringContaining(words) })
  })

  it.each([
    [
      ['docker', 'buildx', 'build', '--platform', 'linux/amd64,linux/arm64'],
      ['linux/amd64', 'linux/arm64'],
    ],
    [['buildx', 'build', '--platform=linux/arm64', '.'], ['linux/arm64']],
    [['buildx', 'build', '--platform=linux/arm64', '--platform', 'linux/arm64'], ['linux/arm64']],
    [['buildx', 'build', '--platform', 'linux/s390x'], []],
    [['buildx', 'build', '--platform'], []],
    [['buildx', 'build'], []],
  ])('says what it builds for: %j', (command, platforms) => {
    expect(platformsOf(command)).toEqual(platforms)
  })
})

describe('what a client is told', () => {
  it('is put before the subcommand of buildctl', () => {
    expect(buildctlCommand(['buildctl', '--debug', 'build', '--output', 'x'], amd64).join(' ')).toBe(
      'buildctl --addr tcp://builders.test:8443 --tlsservername b1.builders.test --tlscacert /f/ca.pem ' +
        '--tlscert /f/cert.pem --tlskey /f/key.pem --debug build --output x',
    )
  })

  it.each([
    [['--debug', 'build', '--frontend', 'dockerfile.v0'], 'build --opt platform=linux/arm64 --frontend dockerfile.v0'],
    [['build', '--frontend=dockerfile.v0'], 'build --opt platform=linux/arm64 --frontend=dockerfile.v0'],
    [['build', '--frontend=dockerfile.v0', '--opt', 'platform=x'], 'build --frontend=dockerfile.v0 --opt platform=x'],
    [['build', '--frontend=dockerfile.v0', '--opt=platform=x'], 'build --frontend=dockerfile.v0 --opt=platform=x'],
    [['build', '--frontend', 'gateway.v0'], 'build --frontend gateway.v0'],
    [['build', '--output', 'x'], 'build --output x'],
    [['debug', 'workers'], 'debug workers'],
  ])('names the platform to buildctl where the builder is emulated and nothing else does: %j', (args, expected) => {
    const ending = (builder: LeasedBuilder) => buildctlCommand(['buildctl', ...args], builder).join(' ')
    expect(ending({ ...arm64, emulated: true })).toMatch(new RegExp(`${expected}$`))
    expect(ending(arm64)).toMatch(new RegExp(`/f/key.pem ${args.join(' ')}$`))
  })

  it('names the first builder, and each by its architecture, and holds no secret', () => {
    const build = {
      issuer: Issuer.parse('https://proof.example'),
      buildId: BuildId.parse('b'.repeat(43)),
      buildToken: BuildToken.parse(`fpb_${'t'.repeat(43)}`),
    }
    const variables = builderVariables({ build, expiresAt: '', builders: [amd64, arm64] })
    expect(variables).toMatchObject({
      BUILDKIT_HOST: 'tcp://builders.test:8443',
      FORKPROOF_BUILD_ID: 'b'.repeat(43),
      FORKPROOF_BUILDER_SERVER_NAME: 'b1.builders.test',
      FORKPROOF_BUILDER_SERVER_NAME_AMD64: 'b1.builders.test',
      FORKPROOF_BUILDER_SERVER_NAME_ARM64: 'b2.builders.test',
      FORKPROOF_BUILDER_KEY: '/f/key.pem',
    })
    expect(JSON.stringify(variables)).not.toContain('fpb_')
  })

  it('lets depot use our API and report to nobody, unless its user says otherwise', () => {
    const accessToken = AccessToken.parse(`fpa_${'A'.repeat(46)}`)
    const access = { accessToken, projectId: ProjectId.parse(`prj_${'a'.repeat(16)}`), apiUrl: 'https://proof.example' }
    const variables = depotVariables(access, { DEPOT_DISABLE_OTEL: '0', DEPOT_TOKEN: 'other' })
    expect(variables).toEqual({
      DEPOT_TOKEN: accessToken,
      DEPOT_PROJECT_ID: access.projectId,
      DEPOT_API_URL: access.apiUrl,
      DEPOT_ERROR_TELEMETRY: '0',
      DEPOT_NO_UPDATE_NOTIFIER: '1',
    })
  })
})

describe('a program', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'forkproof-clients-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const env = () => ({ PATH: `${folder}:/usr/bin:/bin` })

  it('that is buildx gets a builder with one node per platform, also where all are at one address', async () => {
    await placeFakePrograms(folder, ['buildx'])
    const config = path.join(folder, 'config')
    const odd = { ...amd64, caFile: '/f,"g"/ca.pem' }
    const variables = await createBuildxBuilder(['buildx'], [odd, arm64], config, { ...env(), BUILDX_BUILDER: 'mine' })
    expect(variables).toEqual({ BUILDX_CONFIG: config, BUILDX_BUILDER: 'forkproof' })
    const [first, second] = await programCalls(folder)
    expect(first?.args).toEqual([
      ...['create', '--name', 'forkproof', '--node', 'forkproof-amd64', '--driver', 'remote', '--driver-opt'],
      '"cacert=/f,""g""/ca.pem",cert=/f/cert.pem,key=/f/key.pem,servername=b1.builders.test',
      ...['--platform', 'linux/amd64', 'tcp://builders.test:8443'],
    ])
    expect(first?.env).toEqual({ BUILDX_CONFIG: config })
    expect(second?.args.slice(0, 2)).toEqual(['create', '--append'])
    expect(second?.args.at(-1)).toBe('tcp://builders.test:08443')
  })

  it('that is buildx and fails is not used, and cannot command the runner', async () => {
    await placeFakePrograms(folder, ['buildx'])
    await failProgramsOn(folder, 'create')
    await expect(createBuildxBuilder(['buildx'], [amd64], path.join(folder, 'config'), env())).rejects.toMatchObject({
      kind: 'cannot',
      code: 'buildx_unusable',
      detail: expect.not.stringMatching(/::|\n/),
    })
  })

  it.each([
    ['is missing', async () => undefined],
    [
      'knows no version',
      async () => {
        await placeFakePrograms(folder, ['docker'])
        await failProgramsOn(folder, 'version')
      },
    ],
  ])('that should be buildx and %s is told before anything is leased', async (_, prepare) => {
    await prepare()
    await expect(checkBuildx(['docker', 'buildx'], { PATH: folder })).rejects.toMatchObject({ code: 'buildx_unusable' })
  })

  it.each([
    ['found', 'tool', 0o755],
    ['not executable', 'tool', 0o644],
    ['missing', 'other', 0o755],
    ['missing', './tool', 0o755],
  ])('is %s by its name %s with mode %i', async (outcome, name, mode) => {
    const file = path.join(folder, 'tool')
    await writeFile(file, '#!/bin/sh\n')
    await chmod(file, mode)
    expect(await checkProgram(name, { PATH: folder })).toBe(outcome)
    expect(await checkProgram(file, {})).toBe(mode === 0o755 ? 'found' : 'not executable')
  })
})

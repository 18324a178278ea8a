import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import {
  type FakeIssuer,
  type FakeIssuerBehaviour,
  jsonReply,
  startFakeIssuer,
} from '../claiming/testing/fake-issuer.ts'
import type { StartedBundle } from '../testing/bundle-harness.ts'
import { actionHarness } from './testing/action-harness.ts'

const actionFolder = fileURLToPath(new URL('../../', import.meta.url))
const { bundle, startMain, runnerFile } = actionHarness()
let fake: FakeIssuer | undefined
let main: StartedBundle | undefined

afterEach(() => fake?.close())

/** The Action's main step, which only gets a token. */
async function runAction(behaviour: FakeIssuerBehaviour, changes: Record<string, string> = {}) {
  fake = await startFakeIssuer(behaviour)
  main = await startMain({
    INPUT_ISSUER: fake.issuer,
    'INPUT_JOB-ID': '99',
    'INPUT_SEND-JOB-ID': 'false',
    ...changes,
  })
  return main.done
}

describe('the bundled Action', () => {
  it('masks the token before anything else and hands it to later steps', async () => {
    const { exit, out } = await runAction({})
    expect(exit).toBe(0)
    const [env, output] = [await runnerFile('env'), await runnerFile('output')]
    const token = /::add-mask::(eyJ\S+)/.exec(out)?.[1] ?? 'no token'
    expect(out.split(token)).toHaveLength(2)
    expect(env).toContain(`FORKPROOF_ID_TOKEN<<`)
    expect(env).toContain(token)
    expect(output).toContain(token)
    expect(output).toMatch(/claim-id/)
  })

  it('tells what happens in plain words and shows the code as a line of its own', async () => {
    const { out } = await runAction({})
    expect(out).toMatch(
      /^This is run 4711, attempt 1, of a pull request from contributor\/widgets to acme\/widgets\.$/m,
    )
    expect(out).toMatch(/^Waiting for OIDC auth challenge forkproof-[0-9a-f]{64}$/m)
    expect(out).toMatch(/^Token received after \d+ ms \(the code was seen in channel log\)/m)
    expect(out).not.toMatch(/add-mask::forkproof-/)
  })

  it('goes on with the log when there is no artifact service, and remembers the artifact for the post step', async () => {
    const warning = '::warning::The code could not be uploaded as an artifact.'
    const { exit } = await runAction({
      exchange: async claim => {
        await expect.poll(() => main?.printed(), { timeout: 20_000 }).toContain(warning)
        return claim.seal()
      },
    })
    expect(exit).toBe(0)
    expect(await runnerFile('state')).toMatch(/artifact<<\S+\nforkproof-[0-9a-f]{64}\n/)
  })

  it('asks for the artifact and the log, and sends the job only when told to', async () => {
    const jobs: unknown[] = []
    const remember: FakeIssuerBehaviour = {
      claim: claim => {
        jobs.push(claim.request.jobID, claim.request.channels)
        return jsonReply(200, claim.answer)
      },
    }
    await runAction(remember)
    await fake?.close()
    await runAction(remember, { 'INPUT_SEND-JOB-ID': 'true' })
    expect(jobs).toEqual([undefined, ['artifact', 'log'], '99', ['artifact', 'log']])
  })

  it.each([
    ['a refusal', { exchange: () => jsonReply(403, { code: 'not_a_fork' }) }, {}, 'not_a_fork'],
    ['the wrong event', {}, { GITHUB_EVENT_NAME: 'push' }, 'id-token: write'],
    ['an issuer in the clear', {}, { INPUT_ISSUER: 'http://proof.example' }, 'issuer: '],
    ['a flag that is none', {}, { 'INPUT_SEND-JOB-ID': 'yes' }, 'send-job-id: '],
  ])('fails the step and says why: %s', async (_, behaviour, changes, words) => {
    const { exit, out } = await runAction(behaviour, changes)
    expect(exit).toBe(1)
    expect(out).toMatch(/^::error::/m)
    expect(out).toContain(words)
    expect(await runnerFile('env')).toBe('')
  })

  it.each([
    ['nothing to clean up', {}],
    ['state that is not a code', { STATE_artifact: '../../x' }],
    ['an artifact but no artifact service', { STATE_artifact: `forkproof-${'0'.repeat(64)}` }],
  ])('has a post step that ends well with %s', async (_, variables) => {
    expect(await bundle.start('post.js', [], variables).done).toMatchObject({ exit: 0, err: '' })
  })

  it('comes with the command line in one file', async () => {
    expect(await bundle.start('cli.js', ['--version'], {}).done).toMatchObject({ exit: 0, out: '0.1.0\n' })
  })

  it('holds everything it needs and leaves no half-written file', async () => {
    const names = await readdir(bundle.bundleFolder)
    expect(names.filter(name => !name.startsWith('chunk-')).sort()).toEqual([
      'cli.js',
      'main.js',
      'package.json',
      'post.js',
      'setup',
    ])
    for (const name of [...names.filter(one => one !== 'setup'), 'setup/setup.js']) {
      const text = await readFile(path.join(bundle.bundleFolder, name), 'utf8')
      // Where it was built is nobody's business, and would make every build another one.
      expect(text.includes(actionFolder)).toBe(false)
      const imports = text.matchAll(/^import .*? from "([^"]+)";?$/gm)
      for (const [, from] of imports) expect(from).toMatch(/^(node:|\.\/chunk-|[a-z_]+(\/[a-z]+)?$)/)
    }
  })
})

describe('action.yml', () => {
  const Manifest = z.object({
    inputs: z.record(z.string(), z.object({ default: z.string().optional(), required: z.boolean() })),
    outputs: z.record(z.string(), z.object({ description: z.string() })),
    runs: z.object({ using: z.string(), main: z.string(), post: z.string() }),
  })
  const read = async () => Manifest.parse(parse(await readFile(path.join(actionFolder, 'action.yml'), 'utf8')))

  it('declares exactly the inputs and outputs that the code uses', async () => {
    const code = await Promise.all(
      ['config.ts', 'run-action.ts', 'prepare-builder.ts', 'clean-up.ts'].map(name =>
        readFile(path.join(actionFolder, 'src/action', name), 'utf8'),
      ),
    )
    const source = code.join('\n')
    const manifest = await read()
    const outputs = [...source.matchAll(/setOutput\('([^']+)'/g)].map(match => match[1])
    expect(outputs.sort()).toEqual(Object.keys(manifest.outputs).sort())
    const names = /const names = \{(.*?)\}/s.exec(source)?.[1] ?? ''
    const inputs = [...names.matchAll(/'([^']+)'/g), ...source.matchAll(/getInput\('([^']+)'/g)].map(match => match[1])
    expect(inputs.sort()).toEqual(Object.keys(manifest.inputs).sort())
  })

  it('runs the files that the bundle makes', async () => {
    const { runs } = await read()
    expect(runs).toEqual({ using: 'node24', main: 'dist/main.js', post: 'dist/post.js' })
  })

  it('takes the job’s id from the only place that knows it', async () => {
    expect((await read()).inputs['job-id']?.default).toBe(['$', '{{ job.check_run_id }}'].join(''))
  })
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RecordedJob, runRecordedJob, runtimeToken } from './testing/job-runner-harness.ts'
import type { StepDefinition } from './workflow-definition.ts'

const braces = (expression: string) => `\${{ ${expression} }}`
let root: string
let actionsRoot: Record<string, string>
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'forkproof-actions-'))
  actionsRoot = {}
})
afterEach(() => rm(root, { recursive: true, force: true }))

/** Puts an action on the machine under the name a workflow uses. */
async function action(uses: string, files: Record<string, string>): Promise<string> {
  const directory = path.join(root, uses.replaceAll(/[^a-z0-9]/gi, '_'))
  await mkdir(directory, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), text)
  actionsRoot[uses] = directory
  return directory
}

const run = (...steps: StepDefinition[]): Promise<RecordedJob> => runRecordedJob({ steps, runner: { actionsRoot } })
const core = pathToFileURL(path.resolve(import.meta.dirname, '../../../../node_modules/@actions/core/lib/core.js')).href

const stages = {
  'action.yml': [
    'name: Claim',
    'inputs:',
    `  job-id: {default: '${braces('job.check_run_id')}'}`,
    `  token: {default: '${braces('github.token')}'}`,
    '  audience: {required: true}',
    'runs: {using: node24, pre: pre.mjs, main: main.mjs, post: post.mjs}',
  ].join('\n'),
  'pre.mjs': `import * as core from '${core}'; core.saveState('nonce', 'n1'); core.exportVariable('CODE', 'fp-9'); core.info('in pre')`,
  'main.mjs': `import * as core from '${core}'
core.info('job ' + core.getInput('job-id') + ' for ' + core.getInput('audience') + ' state ' + core.getState('nonce'))
core.setSecret('made-secret'); core.info('made-secret'); core.setOutput('code', 'fp-1'); core.saveState('later', 'x y')
core.info('runtime ' + (process.env.ACTIONS_RUNTIME_TOKEN ?? '').length + ' ' + process.env.ACTIONS_RESULTS_URL)
core.info('oidc ' + process.env.ACTIONS_ID_TOKEN_REQUEST_URL); core.info('cwd ' + process.cwd())
core.info(process.env.GITHUB_ACTION_REPOSITORY + ' ' + process.env.GITHUB_ACTION_REF + ' ' + process.env.GITHUB_ACTION)`,
  'post.mjs': `import * as core from '${core}'; core.info('post state ' + core.getState('nonce') + '/' + core.getState('later'))`,
}

describe('a JavaScript action', () => {
  it('runs pre, main and post with inputs, state and the runtime of an action', async () => {
    await action('forkproof/claim@v1', stages)
    const job = await run(
      { run: 'echo first' },
      { id: 'claim', uses: 'forkproof/claim@v1', with: { audience: 'aud-1' } },
      { name: `proof ${braces('steps.claim.outputs.code')} ${braces('env.CODE')}`, run: 'true' },
    )
    expect(job.steps).toEqual([
      '1 Set up job success',
      '2 Pre Run forkproof/claim@v1 success',
      '3 Run echo first success',
      '4 Run forkproof/claim@v1 success',
      '5 proof fp-1 fp-9 success',
      '6 Post Run forkproof/claim@v1 success',
      '7 Complete job success',
    ])
    const main = job.linesOf(4)
    expect(main).toContain('job 51234567890 for aud-1 state n1')
    expect(main).toContain(`runtime ${runtimeToken.length} http://127.0.0.1:8090/`)
    expect(main).toContain('oidc undefined')
    expect(main).toContain('forkproof/claim v1 claim')
    expect(main.slice(0, 8)).toEqual([
      '##[group]Run forkproof/claim@v1',
      'with:',
      '  audience: aud-1',
      '  job-id: 51234567890',
      '  token: ***',
      'env:',
      '  CODE: fp-9',
      '##[endgroup]',
    ])
    expect(main.join()).not.toContain('made-secret')
    expect(job.linesOf(6)).toEqual(['Post job cleanup.', 'post state n1/x y'])
  })

  it('can have one stage fail; its post still runs', async () => {
    await action('a/fails@v1', { ...stages, 'main.mjs': 'process.exitCode = 1' })
    const job = await run({ uses: 'a/fails@v1', with: { audience: 'a' } }, { run: 'echo no' })
    expect(job.steps.slice(1, -1).map(step => step.split(' ').at(-1))).toEqual([
      'success',
      'failure',
      'skipped',
      'success',
    ])
    expect(job.conclusion).toBe('failure')
  })

  it('is told in its post how the job stands by then', async () => {
    await action('a/tells@v1', {
      'action.yml': `inputs: {status: {default: '${braces('job.status')}'}}\nruns: {using: node24, main: m.mjs, post: m.mjs}`,
      'm.mjs': 'console.log("status " + process.env.INPUT_STATUS)',
    })
    const job = await run({ uses: 'a/tells@v1' }, { run: 'exit 1' })
    expect(job.linesOf(2)).toContain('status success')
    expect(job.linesOf(4)).toContain('status failure')
  })

  it('has its posts run last in, first out', async () => {
    const manifest = 'runs: {using: node20, main: m.mjs, post: m.mjs}'
    for (const name of ['a/one@v1', 'a/two@v1']) await action(name, { 'action.yml': manifest, 'm.mjs': '' })
    const job = await run({ uses: 'a/one@v1' }, { uses: 'a/two@v1' })
    expect(job.steps.slice(3, 5)).toEqual(['4 Post Run a/two@v1 success', '5 Post Run a/one@v1 success'])
  })

  it('whose main was skipped has no post', async () => {
    await action('a/skip@v1', { 'action.yml': 'runs: {using: node24, main: m.mjs, post: m.mjs}', 'm.mjs': '' })
    const job = await run({ uses: 'a/skip@v1', if: 'false' })
    expect(job.steps.slice(1)).toEqual(['2 Run a/skip@v1 skipped', '3 Complete job success'])
  })

  it('asks its own conditions before pre and post', async () => {
    const yml = `runs: {using: node24, pre: m.mjs, pre-if: 'false', main: m.mjs, post: m.mjs, post-if: failure()}`
    await action('a/if@v1', { 'action.yml': yml, 'm.mjs': '' })
    const job = await run({ uses: 'a/if@v1' })
    expect(job.steps.slice(1, 4).map(step => step.split(' ').at(-1))).toEqual(['skipped', 'success', 'skipped'])
  })

  it('still cleans up after the job was cancelled', async () => {
    await action('a/long@v1', { ...stages, 'main.mjs': `console.log('go'); setTimeout(() => {}, 60_000)` })
    const controller = new AbortController()
    const onLine = (line: string) => (line === 'go' ? controller.abort() : undefined)
    const steps = [{ uses: 'a/long@v1', with: { audience: 'a' } }]
    const job = await runRecordedJob({ steps, runner: { actionsRoot }, signal: controller.signal, onLine })
    expect(job.steps.slice(1, 4).map(step => step.split(' ').at(-1))).toEqual(['success', 'cancelled', 'success'])
    expect(job.linesOf(4)).toContain('post state n1/')
    expect(job.conclusion).toBe('cancelled')
  })

  it('of the repository itself is found when its step runs, and gets no pre', async () => {
    await action('./.github/claim', stages)
    const job = await run({ uses: './.github/claim', with: { audience: 'a' } })
    expect(job.steps[1]).toBe('2 Run ./.github/claim success')
    expect(job.linesOf(2).join()).toContain('`pre` execution is not supported for local action')
    expect(job.steps[2]).toBe('3 Post Run ./.github/claim success')
  })

  it('made by an earlier step in the workspace works', async () => {
    const job = await run(
      {
        run: `mkdir -p mine; echo 'runs: {using: node24, main: m.js}' > mine/action.yml; echo 'console.log("made here")' > mine/m.js`,
      },
      { uses: './mine' },
    )
    expect(job.linesOf(3)).toContain('made here')
  })

  it('by its directory has pre and post like a published one', async () => {
    const directory = await action('x', stages)
    const job = await run({ uses: `file:${directory}`, with: { audience: 'a' } })
    expect(job.steps.map(step => step.split(' ')[1])).toEqual(['Set', 'Pre', 'Run', 'Post', 'Complete'])
  })

  it.each([
    ['a missing local directory', './missing', {}, "##[error]Can't find 'action.yml'"],
    [
      'a container',
      'a/docker@v1',
      { 'action.yml': 'runs: {using: docker, image: x}' },
      '##[error]Docker actions are not supported',
    ],
    [
      'a main outside of it',
      'a/out@v1',
      { 'action.yml': 'runs: {using: node24, main: ../../x.js}' },
      '##[error]`main` is not within',
    ],
    [
      'a bad default',
      'a/bad@v1',
      { 'action.yml': `inputs: {a: {default: '${braces('nope')}'}}\nruns: {using: node24, main: m}` },
      '##[error]The template',
    ],
  ])('fails clearly with %s', async (_case, uses, files, line) => {
    if (Object.keys(files).length > 0) await action(uses, files)
    const job = await run({ uses })
    expect(job.conclusion).toBe('failure')
    expect(job.log.some(shown => shown.startsWith(line))).toBe(true)
  })

  it('is warned about inputs it does not know', async () => {
    await action('a/in@v1', { 'action.yml': 'runs: {using: node24, main: m.mjs}', 'm.mjs': '' })
    const job = await run({ uses: 'a/in@v1', with: { tpyo: 1 } })
    expect(job.linesOf(2)[0]).toContain("##[warning]Unexpected input(s) 'tpyo'")
  })
})

describe('a composite action', () => {
  const yml = [
    'inputs: {who: {default: nobody}}',
    `outputs: {greeting: {value: '${braces('steps.say.outputs.text')}'}}`,
    'runs:',
    '  using: composite',
    '  steps:',
    `    - {id: say, shell: bash, run: 'echo "hello ${braces('inputs.who')}"; echo text=hi-${braces('inputs.who')} >> $GITHUB_OUTPUT; echo SEEN=1 >> $GITHUB_ENV'}`,
    `    - {name: 'hidden ${braces('steps.say.outputs.text')}', shell: bash, run: 'echo inner $SEEN $OUTER; ls $GITHUB_ACTION_PATH'}`,
    '    - {uses: a/inner@v1}',
  ].join('\n')

  it('runs its steps inside the step that uses it, with no record of their own', async () => {
    await action('a/inner@v1', {
      'action.yml': 'runs: {using: node24, main: m.mjs, post: m.mjs}',
      'm.mjs': `console.log('inner js')`,
    })
    await action('a/hello@v1', { 'action.yml': yml })
    const job = await run(
      { id: 'hello', uses: 'a/hello@v1', with: { who: 'you' }, env: { OUTER: 'o' } },
      { run: `echo "got ${braces('steps.hello.outputs.greeting')} ${braces('steps.say.outputs.text')}"` },
    )
    expect(job.steps.slice(1, -1).map(step => step.slice(2))).toEqual([
      'Run a/hello@v1 success',
      `Run echo "got hi-you " success`,
      'Post Run a/hello@v1 success',
    ])
    expect(job.linesOf(2)).toEqual(expect.arrayContaining(['hello you', 'inner 1 o', 'action.yml', 'inner js']))
    expect(job.linesOf(3)).toContain('got hi-you ')
    expect(job.linesOf(4)).toContain('inner js')
    expect(job.events.join('\n')).not.toContain('hidden')
  })

  it('fails when one of its steps does, skipping the rest but for always()', async () => {
    const steps = [
      `{shell: bash, run: exit 4}`,
      `{shell: bash, run: echo no-more}`,
      `{if: always(), shell: bash, run: echo tidied}`,
    ]
    await action('a/fails@v1', { 'action.yml': `runs: {using: composite, steps: [${steps.join(', ')}]}` })
    const job = await run({ uses: 'a/fails@v1' })
    expect(job.conclusion).toBe('failure')
    expect(job.linesOf(2)).toContain('##[error]Process completed with exit code 4.')
    expect(job.linesOf(2)).toContain('tidied')
    expect(job.linesOf(2)).not.toContain('no-more')
  })

  it('that uses itself is stopped', async () => {
    await action('a/loop@v1', { 'action.yml': 'runs: {using: composite, steps: [{uses: a/loop@v1}]}' })
    const job = await run({ uses: 'a/loop@v1' })
    expect(job.conclusion).toBe('failure')
    expect(job.log).toContain('##[error]Composite actions are nested too deeply.')
  })

  it('does not give its script steps the runtime token', async () => {
    await action('a/env@v1', {
      'action.yml': 'runs: {using: composite, steps: [{shell: bash, run: "env | grep -c ^ACTIONS_ || true"}]}',
    })
    expect((await run({ uses: 'a/env@v1' })).linesOf(2).at(-1)).toBe('0')
  })
})

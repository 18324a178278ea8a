import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ExpressionScope } from '../expression/evaluate-expression.ts'
import { toExpressionValue } from '../expression/expression-values.ts'
import { evaluateInputs, inputVariables } from './action-inputs.ts'
import { readActionManifest } from './action-manifest.ts'
import { resolveAction } from './resolve-action.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'forkproof-action-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const writeManifest = (text: string, name = 'action.yml') => writeFile(path.join(directory, name), text)
const nodeManifest = 'runs:\n  using: node24\n  main: index.js\n'

describe('the manifest of an action', () => {
  it('may be called action.yaml', async () => {
    await writeManifest(nodeManifest, 'action.yaml')
    expect((await readActionManifest(directory)).runs).toEqual({ using: 'node24', main: 'index.js' })
  })

  it.each([
    ['is missing', undefined, "Can't find 'action.yml'"],
    ['is no YAML', 'a: [', 'not valid YAML'],
    ['says nothing', '', 'not valid'],
    ['has no runs', 'name: x', 'not valid'],
    ['runs a container', 'runs:\n  using: docker\n  image: Dockerfile\n', 'Docker actions are not supported'],
    ['needs a runtime that is gone', 'runs:\n  using: node12\n  main: a.js\n', 'not valid'],
    ['has no main', 'runs:\n  using: node24\n', 'not valid'],
    [
      'has a composite step with both run and uses',
      'runs:\n  using: composite\n  steps: [{run: a, uses: b}]\n',
      'not valid',
    ],
    ['has inputs of a wrong shape', `${nodeManifest}inputs: [a]\n`, 'not valid'],
    ['expands without end', `a: &a [x,x]\nb: &b [*a,*a]\n${'c: [*b]\n'.repeat(2)}`, 'not valid'],
  ])('is refused when it %s', async (_case, text, message) => {
    if (text !== undefined) await writeManifest(text)
    await expect(readActionManifest(directory)).rejects.toThrow(message)
  })

  it('is refused unread when it is huge', async () => {
    await writeManifest(nodeManifest)
    await truncate(path.join(directory, 'action.yml'), 1_000_000_000)
    await expect(readActionManifest(directory)).rejects.toThrow('longer than allowed')
  })
})

describe('finding an action', () => {
  beforeEach(() => writeManifest(nodeManifest))

  it('knows a published one by its whole name', async () => {
    const action = await resolveAction('acme/tools/claim@v1', { 'acme/tools/claim@v1': directory }, '/nowhere')
    expect(action).toMatchObject({ directory, local: false, repository: 'acme/tools', ref: 'v1' })
  })

  it('finds a local one in the workspace', async () => {
    await mkdir(path.join(directory, 'sub'))
    await writeFile(path.join(directory, 'sub', 'action.yml'), nodeManifest)
    expect(await resolveAction('./sub', {}, directory)).toMatchObject({
      directory: path.join(directory, 'sub'),
      local: true,
    })
  })

  it('takes a directory of the machine as a path or as an address', async () => {
    expect((await resolveAction(`file:${directory}`, {}, '/nowhere')).directory).toBe(directory)
    expect((await resolveAction(pathToFileURL(directory).href, {}, '/nowhere')).directory).toBe(directory)
  })

  it.each([
    ['another version', 'acme/tools@v2', 'Unable to resolve action'],
    ['a member of every object', 'constructor', 'Unable to resolve action'],
    ['a container', 'docker://alpine', 'Docker actions are not supported'],
    ['a relative file', 'file:sub', 'not absolute'],
    ['a file of another machine', 'file://other-machine/sub', 'not a file on this machine'],
    ['a missing local directory', './missing', "Can't find 'action.yml'"],
  ])('refuses %s', async (_case, uses, message) => {
    await expect(resolveAction(uses, { 'acme/tools@v1': directory }, directory)).rejects.toThrow(message)
  })
})

describe('inputs', () => {
  const scope: ExpressionScope = { status: 'success', contexts: { job: toExpressionValue({ check_run_id: 42 }) } }
  const expression = (text: string) => `\${{ ${text} }}`
  async function inputsFor(given: Record<string, string | number | boolean>) {
    await writeManifest(
      `inputs:\n  job-id: {default: '${expression('job.check_run_id')}'}\n  Mode: {default: fast}\n  flag: {default: true}\n` +
        `  old: {deprecationMessage: use mode}\n  none:\n${nodeManifest}`,
    )
    return evaluateInputs({ uses: 'x', with: given }, await readActionManifest(directory), scope)
  }

  it('take their defaults from expressions', async () => {
    expect((await inputsFor({})).values).toEqual({ 'job-id': '42', Mode: 'fast', flag: 'true', old: '', none: '' })
  })

  it('given under another case replace the default', async () => {
    expect((await inputsFor({ mode: expression('job.check_run_id') })).values).toMatchObject({ mode: '42' })
    expect((await inputsFor({ mode: 'x' })).values).not.toHaveProperty('Mode')
  })

  it('that are unknown or deprecated are warned about', async () => {
    expect((await inputsFor({ tpyo: 1, old: 'x' })).warnings).toEqual([
      "Input 'old' has been deprecated with message: use mode",
      "Unexpected input(s) 'tpyo', valid inputs are ['job-id', 'Mode', 'flag', 'old', 'none']",
    ])
  })

  it('become variables with dashes kept and spaces replaced', () => {
    expect(inputVariables({ 'job-id': '1', 'two words': '2' })).toEqual({ 'INPUT_JOB-ID': '1', INPUT_TWO_WORDS: '2' })
  })
})

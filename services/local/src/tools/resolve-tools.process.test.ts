import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { groupIsRunning } from '../processes/process-identity.ts'
import { Watchdog } from '../processes/watchdog.ts'
import { buildTool } from './go-build.ts'
import { toolCacheFolder } from './locate-tool.ts'
import { Progress } from './progress.ts'
import { resolveTool, resolveTools } from './resolve-tools.ts'
import { type GoTool, natsServerTool } from './tool-catalogue.ts'
import { ToolMissingError } from './tool-missing-error.ts'

let folder = ''
let watchdog: Watchdog
let tool: GoTool
const notes: string[] = []
const path = (...parts: string[]) => join(folder, ...parts)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkproof-tools-'))
  watchdog = await Watchdog.start()
  await mkdir(path('module'))
  await mkdir(path('bin'))
  notes.length = 0
  tool = { ...natsServerTool, moduleFolder: path('module') }
})
afterEach(async () => {
  await watchdog.close()
  await rm(folder, { recursive: true, force: true })
})

async function program(file: string, script: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
  return file
}
const says = (version: string) => `echo "nats-server: v${version}"`
const cachedPath = () => path('cache', 'forkproof', 'tools', 'nats-server', tool.version, 'nats-server')
const environment = () => ({ PATH: `${path('bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: path('cache') })
const progress = new Progress({ line: text => notes.push(text) })
const resolve = ({ explicitPath, ...more }: { explicitPath?: string; signal?: AbortSignal } = {}) =>
  resolveTool({ tool, explicitPath }, { environment: environment(), progress, watchdog, ...more })
/** Stands in for the compiler: does `script`, then writes a program to the place after -o. */
const fakeGo = (script: string) =>
  program(
    path('bin', 'go'),
    `echo built >> ${path('builds')}; ${script}; while [ "$1" != -o ]; do shift; done; printf '#!/bin/sh\\n' > "$2"; chmod +x "$2"`,
  )

test('the setting wins over everything', async () => {
  await program(path('bin', 'nats-server'), says('2.14.0'))
  const explicitPath = await program(path('mine'), says('2.12.9'))
  expect(await resolve({ explicitPath })).toEqual({
    name: 'nats-server',
    path: explicitPath,
    version: '2.12.9',
    source: 'setting',
  })
})

test.each([
  ['an absent file', undefined, 'is not an executable file'],
  ['a program that fails', 'exit 1', 'does not answer --version'],
  ['a program without a version', 'echo hello', 'says no version that can be read'],
  ['an old program', says('2.11.9'), 'is too old (2.11.9); needed: nats-server 2.12.0 or newer'],
])('a setting that names %s is refused, though PATH has a good one', async (_, script, why) => {
  await program(path('bin', 'nats-server'), says('2.14.0'))
  if (script !== undefined) await program(path('mine'), script)
  await expect(resolve({ explicitPath: path('mine') })).rejects.toThrow(
    `FORKPROOF_NATS_SERVER_PATH: ${path('mine')} ${why}`,
  )
})

test('a recent program on PATH comes before the cache', async () => {
  await program(cachedPath(), says('2.12.4'))
  const onPath = await program(path('bin', 'nats-server'), says('2.14.1'))
  expect(await resolve()).toMatchObject({ path: onPath, source: 'search path', version: '2.14.1' })
})

test('an old program on PATH is passed over for the cache', async () => {
  await program(cachedPath(), says('2.12.4'))
  await program(path('bin', 'nats-server'), says('2.9.10'))
  expect(await resolve()).toMatchObject({ path: cachedPath(), source: 'cache' })
})

test('relative entries of PATH are not searched', async () => {
  await program(path('bin', 'nats-server'), says('2.14.1'))
  const cwd = process.cwd()
  process.chdir(folder)
  try {
    const relative = { PATH: 'bin:.', XDG_CACHE_HOME: path('cache') }
    const failure = resolveTool({ tool }, { progress, watchdog, environment: relative })
    await expect(failure).rejects.toThrow('there is no nats-server on PATH')
  } finally {
    process.chdir(cwd)
  }
})

test('without Go the error lists what was tried and every way out', async () => {
  await program(path('bin', 'nats-server'), says('2.9.10'))
  const failure = await resolve().catch((err: unknown) => err)
  expect(failure).toBeInstanceOf(ToolMissingError)
  const { message } = failure as Error
  for (const part of [
    'FORKPROOF_NATS_SERVER_PATH is not set',
    'is too old (2.9.10)',
    `${cachedPath()} does not exist`,
    'there is no go on PATH',
    '1. set FORKPROOF_NATS_SERVER_PATH=',
    '2. install nats-server 2.12.0 or newer',
    '3. install Go',
    '4. copy a program',
  ]) {
    expect(message).toContain(part)
  }
})

test('what is missing is built once and found in the cache afterwards', async () => {
  await fakeGo(':')
  expect(await resolve()).toMatchObject({ path: cachedPath(), source: 'built' })
  expect(await resolve()).toMatchObject({ path: cachedPath(), source: 'cache' })
  expect(await readdir(dirname(dirname(cachedPath())))).toEqual([tool.version])
})

test('of several, those that are there keep their places among those that are made', async () => {
  await fakeGo(':')
  const tools = ['first', 'second', 'third'].map(name => ({ ...tool, name }))
  const explicitPath = await program(path('mine'), says('2.12.9'))
  const requests = tools.map((one, index) => (index === 1 ? { tool: one, explicitPath } : { tool: one }))
  const resolved = await resolveTools(requests, { environment: environment(), progress, watchdog })
  expect(resolved.map(({ name, source }) => `${name} ${source}`)).toEqual([
    'first built',
    'second setting',
    'third built',
  ])
})

test('two builds at once are one build', async () => {
  await fakeGo('sleep 0.3')
  const results = await Promise.all([resolve(), resolve(), resolve()])
  expect(results.map(result => result.source).sort()).toEqual(['built', 'cache', 'cache'])
  expect(await readFile(path('builds'), 'utf8')).toBe('built\n')
  expect(notes).toContain(`waiting for process ${process.pid}, which is making nats-server`)
})

test('a build that fails tells the compiler’s last words and leaves nothing', async () => {
  await fakeGo('echo "no space left" >&2; exit 2')
  await expect(resolve()).rejects.toThrow(/making it with go failed: go build ended with code 2\s+no space left/)
  expect(await readdir(dirname(cachedPath()))).toEqual([])
})

test('a build that leaves no program is a failure', async () => {
  await program(path('bin', 'go'), 'exit 0')
  await expect(resolve()).rejects.toThrow('left no program')
})

test('a build that takes too long is ended with all its processes', async () => {
  const go = await program(path('bin', 'go'), `echo $$ > ${path('pid')}; sleep 1000 & wait`)
  const options = { go, target: path('target'), environment: environment(), watchdog, msMax: 300 }
  await expect(buildTool(tool, options)).rejects.toThrow('longer than 0 s')
  expect(groupIsRunning(Number(await readFile(path('pid'), 'utf8')))).toBe(false)
  expect(await readdir(path('target'))).toEqual([])
})

test('an interrupted build ends at once, is no missing tool, and leaves neither process nor lock', async () => {
  await program(path('bin', 'go'), `echo $$ > ${path('pid')}; sleep 1000 & wait`)
  const abort = new AbortController()
  const failure = resolve({ signal: abort.signal })
  failure.catch(() => {})
  await expect.poll(() => readFile(path('pid'), 'utf8').catch(() => '')).toMatch(/\d+\n/)
  abort.abort(new Error('interrupted'))
  await expect(failure).rejects.toThrow('interrupted')
  expect(groupIsRunning(Number(await readFile(path('pid'), 'utf8')))).toBe(false)
  expect(await readdir(dirname(dirname(cachedPath())))).toEqual([tool.version])
})

test('a draft of a build that was killed is swept by the next one', async () => {
  await program(join(dirname(cachedPath()), '.building-abc', 'nats-server'), says('2.12.4'))
  await fakeGo(':')
  await resolve()
  expect(await readdir(dirname(cachedPath()))).toEqual(['nats-server'])
})

test.each([
  [{ XDG_CACHE_HOME: '/c', HOME: '/h' }, '/c/forkproof/tools'],
  [{ XDG_CACHE_HOME: 'relative', HOME: '/h' }, '/h/.cache/forkproof/tools'],
  [{ XDG_CACHE_HOME: '', HOME: '/h' }, '/h/.cache/forkproof/tools'],
])('the cache folder for %j is %s', (variables, expected) => {
  expect(toolCacheFolder(variables)).toBe(expected)
})

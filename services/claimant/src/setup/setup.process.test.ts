import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { bundleClaimant } from '../bundle.ts'
import { cliFileName, sha256Of } from './release-file.ts'

const run = promisify(execFile)
const version = '7.8.9'
const cliText = "process.stdout.write('released ' + process.argv.slice(2).join(' '))\n"
const digest = sha256Of(Buffer.from(cliText))
const sums = `${digest}  ${cliFileName}\n`

type Answer = { status?: number; body?: string | Buffer; location?: string }
let published: string
let folder: string
let server: Server
let asked: string[]
/** What the release's server answers instead, by the file's name. */
let answers: Record<string, (attempt: number) => Answer>

beforeAll(async () => {
  published = await mkdtemp(path.join(tmpdir(), 'forkproof-published-'))
  await bundleClaimant({ outDir: path.join(published, 'dist'), setupDir: path.join(published, 'setup/dist') })
})
afterAll(() => rm(published, { recursive: true, force: true }))

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'forkproof setup '))
  asked = []
  answers = {}
  const files: Record<string, string> = { [cliFileName]: cliText, SHA256SUMS: sums }
  server = createServer((request, response) => {
    const name = path.posix.basename(request.url ?? '')
    asked.push(name)
    const usual: Answer = files[name] === undefined ? { status: 404 } : { body: files[name] }
    const answer = answers[name]?.(asked.filter(one => one === name).length) ?? usual
    response.writeHead(answer.status ?? 200, answer.location ? { location: answer.location } : {}).end(answer.body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

const address = () => {
  const found = server.address()
  return `http://127.0.0.1:${typeof found === 'object' ? found?.port : ''}`
}

/** The action's step in a job, as the runner starts it. */
async function setUp(inputs: Record<string, string> = {}, variables: Record<string, string> = {}) {
  const files = { GITHUB_PATH: path.join(folder, 'path'), GITHUB_OUTPUT: path.join(folder, 'output') }
  for (const file of Object.values(files)) await writeFile(file, '')
  const temporary = path.join(folder, 'temp')
  await mkdir(temporary, { recursive: true })
  const env = {
    ...files,
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: 'X64',
    RUNNER_TEMP: temporary,
    RUNNER_TOOL_CACHE: path.join(folder, 'cache'),
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    ...variables,
  }
  const child = spawn(process.execPath, [path.join(published, 'setup/dist/setup.js')], { env })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const [exit] = await once(child, 'close')
  return { exit, out, onPath: (await readFile(files.GITHUB_PATH, 'utf8')).trim() }
}
const release = () => ({ version, 'download-url': `${address()}/v${version}` })

/** What `forkproof` prints in a later step that has no Node and no bash on its PATH. */
async function laterStep(onPath: string, ...args: string[]): Promise<string> {
  const empty = path.join(folder, 'empty')
  await mkdir(empty, { recursive: true })
  return (await run('forkproof', args, { env: { PATH: [onPath, empty].join(path.delimiter) } })).stdout
}

describe('the setup action', () => {
  it('puts the command line that it came with on the PATH, and asks nobody', async () => {
    const { exit, out, onPath } = await setUp({}, { GITHUB_SERVER_URL: 'http://github.acme.example' })
    expect(exit, out).toBe(0)
    expect(await laterStep(onPath, '--version')).toBe('0.1.0\n')
    expect(asked).toEqual([])
  })

  it('puts another release on the PATH, checked and cached', async () => {
    const first = await setUp(release())
    expect(first).toMatchObject({ exit: 0, out: expect.stringContaining(`forkproof ${version} is on the PATH`) })
    expect(await laterStep(first.onPath, 'a b', '$c')).toBe('released a b $c')
    expect(asked).toEqual(['SHA256SUMS', cliFileName])
    const cached = path.join(folder, 'cache/forkproof', version)
    expect(await readdir(cached)).toEqual(['X64', 'X64.complete'])
    const second = await setUp(release())
    expect(second).toMatchObject({ exit: 0, out: expect.stringContaining('was in the tool cache') })
    expect(asked).toEqual(['SHA256SUMS', cliFileName, 'SHA256SUMS'])
  })

  it('does not trust what another job left in the tool cache', async () => {
    const cached = path.join(folder, 'cache/forkproof', version, 'X64')
    await mkdir(cached, { recursive: true })
    await writeFile(path.join(cached, cliFileName), 'process.stdout.write("evil")')
    await writeFile(`${cached}.complete`, '')
    expect(await laterStep((await setUp(release())).onPath)).toBe('released ')
    expect(await readFile(path.join(cached, cliFileName), 'utf8')).toBe(cliText)
  })

  it('needs no list of checksums where the workflow names the file’s own', async () => {
    expect(await setUp({ ...release(), sha256: digest.toUpperCase() })).toMatchObject({ exit: 0 })
    expect(asked).toEqual([cliFileName])
  })

  it('goes on without a tool cache', async () => {
    expect(await setUp(release(), { RUNNER_TOOL_CACHE: '' })).toMatchObject({ exit: 0 })
    await writeFile(path.join(folder, 'file'), '')
    expect(await setUp(release(), { RUNNER_TOOL_CACHE: path.join(folder, 'file/cache') })).toMatchObject({ exit: 0 })
  })

  it('tries again when the server fails, and follows its redirects', async () => {
    answers['SHA256SUMS'] = attempt => (attempt === 1 ? { status: 503 } : { body: sums })
    answers[cliFileName] = attempt =>
      attempt === 1 ? { status: 302, location: `/storage/${cliFileName}` } : { body: cliText }
    expect(await setUp(release())).toMatchObject({ exit: 0, out: expect.stringContaining('503; trying again') })
  })

  it('has a file for PowerShell and cmd on a runner of Windows', async () => {
    const { onPath } = await setUp({}, { RUNNER_OS: 'Windows' })
    expect((await readdir(onPath)).sort()).toEqual(['forkproof', cliFileName, 'forkproof.cmd'].sort())
  })

  const failures: [string, string, () => void, Record<string, string>][] = [
    ['checksum_mismatch', 'another file', () => (answers[cliFileName] = () => ({ body: `${cliText} ` })), {}],
    ['checksum_mismatch', 'another digest', () => undefined, { sha256: 'f'.repeat(64) }],
    ['checksum_missing', 'no digest', () => (answers['SHA256SUMS'] = () => ({ body: 'x' })), {}],
    ['release_not_found', 'no release', () => (answers['SHA256SUMS'] = () => ({ status: 404 })), {}],
    ['release_not_found', 'a forbidden file', () => (answers[cliFileName] = () => ({ status: 403 })), {}],
    ['file_too_large', 'an endless list', () => (answers['SHA256SUMS'] = () => ({ body: Buffer.alloc(70_000) })), {}],
  ]
  it.each(failures)('fails with %s, and installs nothing, where there is %s', async (code, _, prepare, inputs) => {
    prepare()
    const { exit, out, onPath } = await setUp({ ...release(), ...inputs })
    expect({ exit, onPath }).toEqual({ exit: 1, onPath: '' })
    expect(out).toMatch(new RegExp(`::error::.*\\(${code}\\)`))
    expect(await readdir(path.join(folder, 'temp'))).toEqual([])
  })

  it.each([
    ['version', { version: 'latest' }, {}],
    ['version', { version: '../../x' }, {}],
    ['sha256', { version, sha256: 'abc' }, {}],
    ['sha256, download-url', { sha256: digest }, {}],
    ['download-url', { version, 'download-url': 'http://files.example' }, {}],
    ['RUNNER_OS, RUNNER_ARCH', {}, { RUNNER_OS: 'Plan9' }],
    ['RUNNER_OS, RUNNER_ARCH', {}, { RUNNER_ARCH: '../x' }],
  ])('says that %s is wrong: %j', async (name, inputs, variables) => {
    const { exit, out } = await setUp(inputs, variables)
    expect(exit).toBe(1)
    expect(out).toContain(`${name}: `)
    expect(asked).toEqual([])
  })

  it('declares exactly the inputs and outputs that its code uses', async () => {
    const here = (name: string) => readFile(fileURLToPath(new URL(name, import.meta.url)), 'utf8')
    const source = `${await here('./config.ts')}${await here('./run-setup.ts')}`
    const manifest = parse(await here('../../setup/action.yml'))
    const named = (call: string) => [...source.matchAll(new RegExp(`${call}\\('([^']+)'`, 'g'))].map(([, name]) => name)
    expect(named('getInput').sort()).toEqual(Object.keys(manifest.inputs).sort())
    expect(named('setOutput').sort()).toEqual(Object.keys(manifest.outputs).sort())
    expect(manifest.runs).toEqual({ using: 'node24', main: 'dist/setup.js' })
  })
})

import { once } from 'node:events'
import { connect } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createForkRun,
  exchangeClaim,
  type HttpAnswer,
  makeSealKey,
  postClaim,
  problemCode,
  showAsArtifact,
} from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
let of: Awaited<ReturnType<typeof createForkRun>>
beforeAll(async () => {
  harness = await openSystemHarness({ extra: { gateway: { FORKPROOF_GATEWAY_CLAIMS_PER_ADDRESS_MINUTE: '10000' } } })
  of = await createForkRun(harness.github)
})

const json = { 'content-type': 'application/json' }
/** A claim that would be served, so that a refusal is due to what the test changes. */
const good = () => ({ eventName: 'pull_request', repo: of.repository, runID: String(of.run.id) })
const body = (change: Record<string, unknown>) => JSON.stringify({ ...good(), ...change })

async function send(path: string, text: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) {
  const signal = AbortSignal.timeout(40_000)
  const response = await fetch(`${harness.issuer}${path}`, { method: 'POST', headers, body: text, signal })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** What old and new clients rely on in a refusal. */
function expectProblem(answer: HttpAnswer, expected: { status: number; code: string }): void {
  expect({ status: answer.status, code: problemCode(answer) }).toEqual(expected)
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json(;|$)/)
  expect(JSON.parse(answer.text).error).toEqual(expect.any(String))
}

const malformed = { status: 400, code: 'invalid_request' }

const texts: readonly (readonly [string, () => string])[] = [
  ['nothing', () => ''],
  ['half an object', () => body({}).slice(0, -1)],
  ['two objects', () => `${body({})}${body({})}`],
  ['a comma too many', () => body({}).replace('}', ',}')],
  ['a comment', () => `/* */${body({})}`],
  ['single quotes', () => body({}).replaceAll('"', "'")],
  ['NaN', () => body({}).replace('"pull_request"', 'NaN')],
  ['a byte order mark', () => `\ufeff${body({})}`],
  ['a list', () => `[${body({})}]`],
  ['a text', () => JSON.stringify(body({}))],
  ['null', () => 'null'],
  ['a member twice', () => body({}).replace('{', '{"repo":"octo-org/other",')],
  ['a member twice, once in escapes', () => body({}).replace('{', '{"\\u0072epo":"octo-org/other",')],
  ['a member twice further in', () => body({ sealTo: 1 }).replace('"sealTo":1', '"sealTo":{"kty":"OKP","kty":"EC"}')],
  ['a prototype', () => body({}).replace('{', '{"__proto__":{"ownKey":true},')],
  ['four thousand open brackets', () => '['.repeat(4_000)],
  ['form fields', () => 'eventName=pull_request&repo=a/b&runID=1'],
]

const members: readonly (readonly [string, Record<string, unknown>])[] = [
  ['no repository', { repo: undefined }],
  ['no run', { runID: undefined }],
  ['no event', { eventName: undefined }],
  ['a run that is a number', { runID: 4711 }],
  ['a run beyond 2^53', { runID: '9007199254740993' }],
  ['a run of twenty digits', { runID: '18446744073709551616' }],
  ['a negative run', { runID: '-1' }],
  ['run nought', { runID: '0' }],
  ['a run with a leading zero', { runID: '04711' }],
  ['a hexadecimal run', { runID: '0x1267' }],
  ['a run with an exponent', { runID: '1e3' }],
  ['a fractional run', { runID: '1.0' }],
  ['a run with a space', { runID: ' 4711' }],
  ['a run with a line break', { runID: '4711\n' }],
  ['a run in full-width digits', { runID: '４７１１' }],
  ['a run in Arabic digits', { runID: '٤٧١١' }],
  ['a run with a path', { runID: '4711/attempts/1' }],
  ['a run with a query', { runID: '4711?per_page=1' }],
  ['runs in a list', { runID: ['4711'] }],
  ['a repository in a list', { repo: ['octo-org/octo-repo'] }],
  ['a repository that is an object', { repo: { toString: 'octo-org/octo-repo' } }],
  ['a repository without owner', { repo: 'octo-repo' }],
  ['a repository with three parts', { repo: 'octo-org/octo-repo/actions' }],
  ['a repository that goes up', { repo: 'octo-org/../octo-repo' }],
  ['a name that goes up', { repo: 'octo-org/..' }],
  ['a name that stays', { repo: 'octo-org/.' }],
  ['an owner that goes up', { repo: '../octo-repo' }],
  ['an encoded slash', { repo: 'octo-org%2focto-repo' }],
  ['an encoded way up', { repo: 'octo-org/%2e%2e' }],
  ['a backslash', { repo: 'octo-org\\octo-repo' }],
  ['a query in the name', { repo: 'octo-org/octo-repo?x' }],
  ['a fragment in the name', { repo: 'octo-org/octo-repo#x' }],
  ['another host in front', { repo: 'evil.example.com/octo-org/octo-repo' }],
  ['a scheme in front', { repo: 'https://github.com/octo-org' }],
  ['a line break in the name', { repo: 'octo-org/octo-repo\n' }],
  ['a NUL in the name', { repo: 'octo-org/octo\u0000repo' }],
  ['a space in the name', { repo: 'octo-org/octo repo' }],
  ['a Cyrillic o', { repo: '\u043ecto-org/octo-repo' }],
  ['a division slash', { repo: 'octo-org\u2215octo-repo' }],
  ['a Kelvin sign', { repo: 'octo-org/\u212aernel' }],
  ['a soft hyphen', { repo: 'octo\u00ad-org/octo-repo' }],
  ['right-to-left text', { repo: 'octo-org/\u202eoper-otco' }],
  ['a name of 101 letters', { repo: `octo-org/${'a'.repeat(101)}` }],
  ['an owner of 41 letters', { repo: `${'a'.repeat(41)}/octo-repo` }],
  ['attempt nought', { attempt: '0' }],
  ['an attempt that is a number', { attempt: 1 }],
  ['an attempt of five digits', { attempt: '10000' }],
  ['a job that is a word', { jobID: 'build' }],
  ['a job beyond 2^53', { jobID: '9007199254740993' }],
  ['an audience with a quote', { aud: 'https://sts.example.dev"' }],
  ['an audience with a space', { aud: 'https://sts.example.dev https://other.example.dev' }],
  ['an audience that looks like another', { aud: 'https://sts.ex\u0430mple.dev' }],
  ['two audiences', { aud: ['https://sts.example.dev', 'https://other.example.dev'] }],
  ['an empty audience', { aud: '' }],
  ['an audience of 256 letters', { aud: 'a'.repeat(256) }],
  ['a channel that is none', { channels: ['annotation'] }],
  ['no channel', { channels: [] }],
  ['an event of 65 letters', { eventName: 'p'.repeat(65) }],
]

const others: readonly (readonly [string, { status: number; code: string }, Record<string, unknown>])[] = [
  ['a push', { status: 403, code: 'event_not_pull_request' }, { eventName: 'push' }],
  ['pull_request_target', { status: 403, code: 'event_not_pull_request' }, { eventName: 'pull_request_target' }],
  ['a schedule', { status: 403, code: 'event_not_pull_request' }, { eventName: 'schedule' }],
  ['workflow_dispatch', { status: 403, code: 'event_not_pull_request' }, { eventName: 'workflow_dispatch' }],
  ['an event in other letter case', { status: 403, code: 'event_not_pull_request' }, { eventName: 'Pull_Request' }],
  ['an audience that everybody has', { status: 400, code: 'invalid_audience' }, { aud: 'sigstore' }],
  ['the same in capitals', { status: 400, code: 'invalid_audience' }, { aud: 'STS.amazonaws.com' }],
  ['a key that is a text', { status: 400, code: 'invalid_seal_key' }, { sealTo: 'key' }],
  ['a key of another kind', { status: 400, code: 'invalid_seal_key' }, { sealTo: { kty: 'EC', crv: 'P-256', x: 'x' } }],
  ['a short key', { status: 400, code: 'invalid_seal_key' }, { sealTo: { kty: 'OKP', crv: 'X25519', x: 'AAAA' } }],
]

const workflows = async (): Promise<number> => (await harness.temporal.workflow.count(`WorkflowType = 'claim'`)).count

describe('a claim’s body', () => {
  it.each(texts)('that is %s is refused', async (_what, text) => {
    expectProblem(await send('/claim', text()), malformed)
  })

  it.each(members)('with %s is refused', async (_what, change) => {
    expectProblem(await send('/claim', body(change)), malformed)
  })

  it.each(others)('with %s is refused', async (_what, expected, change) => {
    expectProblem(await send('/claim', body(change)), expected)
  })

  it('of three megabytes is refused', async () => {
    expectProblem(await send('/claim', body({ padding: 'x'.repeat(3 << 20) })), { status: 413, code: 'body_too_large' })
  })

  it('of broken UTF-8 is refused, not repaired', async () => {
    const bytes = Uint8Array.from(Buffer.from(body({ repo: 'octo-org/octo~repo' })))
    bytes[bytes.indexOf('~'.charCodeAt(0))] = 0xff
    expectProblem(await send('/claim', bytes), malformed)
  })

  it.each<[string, Record<string, string>]>([
    ['text/plain', { 'content-type': 'text/plain' }],
    ['form fields', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['JSON of another kind', { 'content-type': 'application/jsonp' }],
  ])('that calls itself %s is refused', async (_what, headers) => {
    expectProblem(await send('/claim', body({}), headers), { status: 415, code: 'unsupported_media_type' })
  })
})

describe('an address', () => {
  it.each<[string, { status: number; code: string }]>([
    ['/claim/', { status: 404, code: 'not_found' }],
    ['/claim/../claims', { status: 404, code: 'not_found' }],
    ['/CLAIM', { status: 404, code: 'not_found' }],
    ['/exchange', { status: 404, code: 'not_found' }],
    ['/exchange/', { status: 404, code: 'claim_not_found' }],
    ['/exchange/..%2fclaim', { status: 404, code: 'claim_not_found' }],
    ['/exchange/%00', { status: 404, code: 'claim_not_found' }],
    ['/exchange/%ff', malformed],
    [`/exchange/${'a'.repeat(2_000)}`, { status: 404, code: 'not_found' }],
    ['/claims/x/shown', { status: 404, code: 'claim_not_found' }],
    ['/claims/*/shown', { status: 404, code: 'claim_not_found' }],
    ['/healthz', { status: 405, code: 'method_not_allowed' }],
  ])('%s is refused', async (path, expected) => {
    expectProblem(await send(path, '', {}), expected)
  })

  it.each([
    'GET / HTTP/1.1\r\n\r\n',
    'POST /claim HTTP/9.9\r\nHost: x\r\n\r\n',
    'nonsense\r\n\r\n',
    'POST /claim HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /claim HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}   ',
    'POST /claim HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  ])('asked for by broken HTTP is answered 400 and the connection closed: %j', async bytes => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(harness.issuer).port) })
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
    })
    socket.on('error', () => undefined)
    socket.write(bytes)
    await once(socket, 'close', { signal: AbortSignal.timeout(20_000) })
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('all of it together', () => {
  it('has started no workflow, while a good claim is proven, and one for an unknown repository is refused', async () => {
    const unknown = await postClaim(
      harness.issuer,
      { ...of, repository: 'octo-org/no-such-repository' },
      { channels: ['artifact'] },
    )
    expectProblem(await exchangeClaim(unknown.exchangeURL), { status: 404, code: 'run_not_found' })
    const { sealTo } = await makeSealKey()
    const answer = await postClaim(harness.issuer, of, { sealTo, channels: ['artifact'], unknownMember: 'is ignored' })
    await showAsArtifact(harness.github, harness.issuer, of.run, answer)
    expect(await exchangeClaim(answer.exchangeURL)).toMatchObject({ status: 200 })
    // Visibility lags, but not behind a later workflow by more than the wait.
    await expect.poll(workflows, { timeout: 10_000 }).toBe(2)
  })
})

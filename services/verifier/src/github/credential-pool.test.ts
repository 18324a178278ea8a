import { RepositoryName } from '@forkproof/contracts/ids'
import { describe, expect, test } from 'vitest'
import { rawRun } from '../testing/fake-github-answers.ts'
import { type SeenRequest, sendJson } from '../testing/fake-http-server.ts'
import { type AnswerRequest, signal, startReaderHarness } from '../testing/reader-harness.ts'

const oneOfEachKind = ['classic-one', 'classic-two', 'github_pat_one', 'github_pat_two', 'app:secret']
const kindOf = ({ headers }: Pick<SeenRequest, 'headers'>) => {
  const text = String(headers.authorization ?? 'anonymous')
  if (text.startsWith('Basic')) return 'oauth-app'
  return text.includes('github_pat_') ? 'fine-grained-token' : text.includes('classic') ? 'classic-token' : text
}
const refusing =
  (message: string, kinds: readonly string[] | 'all', status = 403): AnswerRequest =>
  (request, response) =>
    kinds === 'all' || kinds.includes(kindOf(request))
      ? sendJson(response, status, { message })
      : sendJson(response, 200, rawRun())

const addressList = 'the `acme` organization has an IP allow list enabled, and your IP address is not permitted'
const lifetime =
  "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 90 days."
const classic = '`acme` forbids access via a personal access token (classic).'

describe('a policy that refuses is final:', () => {
  test.each<[string, string, readonly string[] | 'all', number, number]>([
    ['an IP allow list, also for anonymous readers', addressList, 'all', 403, 2],
    ['a repository that was taken down', 'Repository access blocked', 'all', 451, 1],
    ['a repository that GitHub blocks', 'Repository access blocked', 'all', 403, 1],
    ['the life of tokens, of every kind', lifetime, 'all', 403, 4],
    ['a refusal of unknown wording', 'Forbidden', 'all', 403, 4],
  ])('%s', async (_, message, kinds, status, requests) => {
    const { reader, seen } = await startReaderHarness(refusing(message, kinds, status), { tokens: oneOfEachKind })
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'forbidden', isFinal: true })
    expect(seen).toHaveLength(requests)
    // No kind is asked twice.
    expect(new Set(seen.map(kindOf)).size).toBe(requests)
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
    expect(seen).toHaveLength(requests)
  })
  test('for ten minutes, and for each spelling of the name', async () => {
    const { readerOf, seen, clock } = await startReaderHarness(refusing(addressList, 'all'))
    await expect(readerOf(RepositoryName.parse('Acme/Thing')).run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(readerOf(RepositoryName.parse('acme/thing')).run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
    expect(seen).toHaveLength(2)
    clock.advance(600_000)
    await expect(readerOf(RepositoryName.parse('acme/thing')).run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
    expect(seen).toHaveLength(4)
  })
  test('but not for another repository, nor for a build after a minute', async () => {
    const { readerOf, seen, clock } = await startReaderHarness(refusing('Repository access blocked', 'all'))
    const name = RepositoryName.parse('acme/thing')
    await expect(readerOf(name).run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(readerOf(RepositoryName.parse('acme/other')).run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
    expect(seen).toHaveLength(2)
    clock.advance(59_999)
    await expect(readerOf(name, 'build').run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
    expect(seen).toHaveLength(2)
    clock.advance(1)
    await expect(readerOf(name, 'build').run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
    expect(seen).toHaveLength(3)
  })
  test('and a closed log closes nothing else', async () => {
    const { reader } = await startReaderHarness(({ url }, response) =>
      url.endsWith('/logs')
        ? sendJson(response, 403, { message: 'Must have admin rights to Repository.' })
        : sendJson(response, 200, rawRun()),
    )
    expect(await reader.jobLog(5, signal)).toEqual({ text: undefined, counted: 1 })
    expect(await reader.run(signal)).toMatchObject({ kind: 'found' })
  })
})

describe('a kind that the policy lets pass takes over, and is asked first from then on:', () => {
  test.each<[string, string, readonly string[], string[], string]>([
    [
      'anonymous, where an address list refuses credentials',
      addressList,
      ['classic-token'],
      ['classic-one'],
      'anonymous',
    ],
    [
      'a fine-grained token, where classic ones are refused',
      classic,
      ['classic-token'],
      ['classic-one', 'classic-two', 'github_pat_one'],
      'fine-grained-token',
    ],
    ['anonymous, where tokens live too long', lifetime, ['fine-grained-token'], ['github_pat_one'], 'anonymous'],
  ])('%s', async (_, message, refused, tokens, helper) => {
    const { reader, seen } = await startReaderHarness(refusing(message, refused), { tokens })
    for (let index = 0; index < 3; index++) expect(await reader.run(signal)).toMatchObject({ kind: 'found' })
    const kinds = seen.map(kindOf)
    expect(kinds.filter(kind => refused.includes(kind)).length).toBeLessThanOrEqual(1)
    expect(kinds.at(-1)).toBe(helper)
  })
  test('nobody is asked anonymously without such a policy', async () => {
    const { reader, seen } = await startReaderHarness((_, response) =>
      sendJson(response, 429, { message: 'rate limit' }, { 'retry-after': '30' }),
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited' })
    expect(seen.map(kindOf)).not.toContain('anonymous')
  })
  test('an anonymous limit that is used up is waited for, and no other credential is asked', async () => {
    const { reader, seen, clock } = await startReaderHarness((request, response) => {
      if (kindOf(request) !== 'anonymous') sendJson(response, 403, { message: addressList })
      else sendJson(response, 403, { message: 'API rate limit exceeded for 192.0.2.1.' }, { 'retry-after': '600' })
    })
    const limited = { kind: 'limited', retryAtMs: clock.now() + 600_000 }
    await expect(reader.run(signal)).rejects.toMatchObject(limited)
    await expect(reader.run(signal)).rejects.toMatchObject(limited)
    expect(seen).toHaveLength(2)
  })
})

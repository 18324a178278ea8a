import { Audience, ClaimId, KeyId, TokenId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { FakeStream } from '../testing/fake-stream.ts'
import { chain, entryText, firstPrev, type Issuance, readEntry } from './issuance-entry.ts'
import { createIssuanceLog } from './issuance-log.ts'
import { lastSequence, readLog } from './read-log.ts'
import { type Expectations, verifyChain } from './verify-chain.ts'

const issuance = (number: number, changes: Partial<Issuance> = {}): Issuance => ({
  tokenId: TokenId.parse(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`),
  claimId: ClaimId.parse(String(number).padStart(43, 'c')),
  sub: 'repo_id:456789:fork_pull_request',
  aud: Audience.parse('https://sts.example'),
  kid: KeyId.parse('k'.repeat(43)),
  iat: 1_790_000_000 + number,
  exp: 1_790_000_300 + number,
  attestationSha256: 'a'.repeat(64),
  claimsSha256: 'b'.repeat(64),
  ...changes,
})

async function filled(count: number): Promise<FakeStream> {
  const stream = new FakeStream()
  const log = createIssuanceLog(stream)
  for (let number = 1; number <= count; number++) await log.append(issuance(number))
  return stream
}

const verify = async (stream: FakeStream, expected?: Expectations) =>
  verifyChain(readLog(stream, 1, await lastSequence(stream)), expected)
const hashAt = (stream: FakeStream, sequence: number) => readEntry(stream.texts[sequence - 1] ?? '').hash

describe('the issuance log', () => {
  it('is a chain from its first entry', async () => {
    const stream = await filled(200)
    expect(await verify(stream)).toEqual({ verdict: 'intact', count: 200, head: hashAt(stream, 200) })
    expect(readEntry(stream.texts[0] ?? '')).toMatchObject({ v: 1, seq: 1, prev: firstPrev })
  })

  it('is intact when it is empty', async () => {
    expect(await verify(new FakeStream())).toEqual({ verdict: 'intact', count: 0, head: firstPrev })
  })

  it('keeps the chain whole when several replicas append at once', async () => {
    const stream = new FakeStream()
    const logs = [createIssuanceLog(stream), createIssuanceLog(stream), createIssuanceLog(stream)]
    const work = Array.from({ length: 60 }, (_, index) => logs[index % 3]?.append(issuance(index)))
    await Promise.all(work)
    expect(await verify(stream)).toMatchObject({ verdict: 'intact', count: 60 })
  })

  it('holds a token id once, however often it is appended', async () => {
    const stream = await filled(3)
    const log = createIssuanceLog(stream)
    await Promise.all([
      log.append(issuance(2)),
      log.append(issuance(2)),
      log.append(issuance(4)),
      log.append(issuance(4)),
    ])
    await createIssuanceLog(stream).append(issuance(1))
    expect(await verify(stream)).toMatchObject({ verdict: 'intact', count: 4 })
  })

  it('goes on after an answer was lost', async () => {
    const stream = await filled(1)
    const log = createIssuanceLog(stream)
    stream.afterAppend = () => {
      throw new Error('answer lost')
    }
    await expect(log.append(issuance(2))).rejects.toThrow('answer lost')
    stream.afterAppend = () => undefined
    await log.append(issuance(2))
    await log.append(issuance(3))
    expect(await verify(stream)).toMatchObject({ verdict: 'intact', count: 3 })
  })

  it('fails one caller without failing the next', async () => {
    const stream = await filled(1)
    const log = createIssuanceLog(stream)
    let first = true
    stream.beforeAppend = () => {
      if (!first) return
      first = false
      throw new Error('down')
    }
    const [failed, stored] = await Promise.allSettled([log.append(issuance(2)), log.append(issuance(3))])
    expect([failed.status, stored.status]).toEqual(['rejected', 'fulfilled'])
    expect(await verify(stream)).toMatchObject({ count: 2 })
  })

  it('refuses to go on from a damaged end', async () => {
    const stream = await filled(2)
    stream.texts[1] = (stream.texts[1] ?? '').replace('sts.example', 'bank.exampl')
    await expect(createIssuanceLog(stream).append(issuance(3))).rejects.toThrow('hash of the entry is wrong')
    expect(stream.texts).toHaveLength(2)
  })

  it('gives up when others are always faster', async () => {
    const stream = new FakeStream()
    stream.append = async () => undefined
    await expect(createIssuanceLog(stream).append(issuance(1))).rejects.toThrow('busy')
  })

  it('bounds how many wait', async () => {
    const stream = new FakeStream()
    const log = createIssuanceLog(stream)
    const all = await Promise.allSettled(Array.from({ length: 1_001 }, (_, index) => log.append(issuance(index))))
    expect(all.filter(one => one.status === 'rejected')).toHaveLength(1)
  })
})

type Damage = (texts: string[], hash: (sequence: number) => string) => string[]

describe('verification names the first bad entry', () => {
  const rechained = (seq: number, prev: string, changes: Partial<Issuance> = {}, number = seq) =>
    entryText(chain(issuance(number, changes), seq, prev))

  it.each<[string, Damage, number, string]>([
    [
      'changed',
      texts => texts.with(4, (texts[4] ?? '').replace('"aud":"https://sts', '"aud":"https://xts')),
      5,
      'hash',
    ],
    ['changed, with a new hash', (texts, hash) => texts.with(4, rechained(5, hash(4), { iat: 1 })), 6, 'follow'],
    ['removed', texts => texts.toSpliced(4, 1), 5, 'number 6'],
    [
      'removed, and the rest renumbered',
      (texts, hash) => texts.toSpliced(4, 6, rechained(5, hash(5), {}, 6)),
      5,
      'follow',
    ],
    ['swapped', texts => texts.toSpliced(4, 2, texts[5] ?? '', texts[4] ?? ''), 5, 'number 6'],
    ['doubled', texts => texts.toSpliced(5, 0, texts[4] ?? ''), 6, 'number 5'],
    [
      'doubled under a new number',
      (texts, hash) => texts.toSpliced(10, 0, rechained(11, hash(10), {}, 5)),
      11,
      'token id',
    ],
    [
      'a second token for one claim',
      (texts, hash) => texts.concat(rechained(11, hash(10), { claimId: issuance(3).claimId })),
      11,
      'claim was served before',
    ],
    ['inserted', (texts, hash) => texts.toSpliced(4, 0, rechained(5, hash(4), {}, 99)), 6, 'number 5'],
    ['not canonical', texts => texts.with(4, `${texts[4]} `), 5, 'canonical'],
    ['with an extra member', texts => texts.with(4, (texts[4] ?? '').replace('{', '{"note":"x",')), 5, 'form'],
    ['with a member twice', texts => texts.with(4, (texts[4] ?? '').replace('{', '{"aud":"x",')), 5, 'canonical'],
    ['not JSON', texts => texts.with(4, 'x'), 5, 'form'],
    ['huge', texts => texts.with(4, 'x'.repeat(5_000)), 5, 'too large'],
    ['empty', texts => texts.with(0, ''), 1, 'form'],
  ])('%s', async (_name, damage, sequence, problem) => {
    const stream = await filled(10)
    const intact = await filled(10)
    stream.texts.splice(0, 10, ...damage(stream.texts, at => hashAt(intact, at)))
    expect(await verify(stream)).toEqual({ verdict: 'broken', sequence, problem: expect.stringContaining(problem) })
  })

  it('missing from the stream', async () => {
    const stream = await filled(10)
    const read = stream.read.bind(stream)
    stream.read = async (name, which) => ('sequence' in which && which.sequence === 7 ? undefined : read(name, which))
    expect(await verify(stream)).toEqual({ verdict: 'broken', sequence: 7, problem: 'an entry is missing' })
  })
})

describe('what was noted earlier', () => {
  it('is found again in a log that only grew', async () => {
    const stream = await filled(10)
    const contains = { seq: 4, hash: hashAt(stream, 4) }
    expect(await verify(stream, { contains, head: hashAt(stream, 10) })).toMatchObject({ verdict: 'intact' })
  })

  it('reveals that the end was cut off', async () => {
    const stream = await filled(10)
    const noted = { seq: 9, hash: hashAt(stream, 9) }
    const head = hashAt(stream, 10)
    stream.texts.length = 8
    expect(await verify(stream)).toMatchObject({ verdict: 'intact' })
    expect(await verify(stream, { contains: noted })).toMatchObject({ verdict: 'broken', sequence: 9 })
    expect(await verify(stream, { head })).toMatchObject({ verdict: 'broken', sequence: 8 })
  })

  it('reveals that the whole log was written anew', async () => {
    const stream = await filled(10)
    const noted = { seq: 4, hash: hashAt(stream, 4) }
    const rewritten = new FakeStream()
    const log = createIssuanceLog(rewritten)
    for (let number = 1; number <= 10; number++) await log.append(issuance(number, { aud: Audience.parse('x') }))
    expect(await verify(rewritten)).toMatchObject({ verdict: 'intact' })
    expect(await verify(rewritten, { contains: noted })).toMatchObject({ verdict: 'broken', sequence: 4 })
  })
})

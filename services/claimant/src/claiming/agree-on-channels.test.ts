import type { Channel } from '@forkproof/contracts/channels'
import { describe, expect, it } from 'vitest'
import type { ClientPlace } from './client-channels.ts'
import { tryClaim } from './testing/claim-harness.ts'
import { type FakeReply, jsonReply } from './testing/fake-issuer.ts'

const reads = (forkproof_channels: unknown) => () => jsonReply(200, { issuer: 'x', forkproof_channels })
const noArtifacts = { prepare: () => undefined, upload: () => Promise.resolve(), remove: () => Promise.resolve() }

/** What the claim asked for, where the issuer reads what its discovery document says. */
async function askedFor(discovery: () => FakeReply | 'drop', channels: Channel[], place: ClientPlace = 'action') {
  let asked: readonly Channel[] | undefined
  const { outcome, code, log } = await tryClaim(
    {
      discovery,
      claim: claim => {
        asked = claim.request.channels
        return jsonReply(200, claim.answer)
      },
    },
    { channels, place, artifacts: noArtifacts },
  )
  return { asked, outcome, code, log }
}

describe('the channels of a claim', () => {
  it('are those of the client that the issuer reads, in the client’s order', async () => {
    const { asked } = await askedFor(reads(['step-name', 'artifact']), ['artifact', 'log'])
    expect(asked).toEqual(['artifact'])
    expect((await askedFor(reads(['log', 'step-name', 'artifact']), ['artifact', 'log'])).asked).toEqual([
      'artifact',
      'log',
    ])
  })

  it('leave out what only a later release knows', async () => {
    expect((await askedFor(reads(['telepathy', 'artifact']), ['artifact', 'log'])).asked).toEqual(['artifact'])
  })

  const documents: [string, () => FakeReply | 'drop'][] = [
    ['of an older release', () => jsonReply(200, { issuer: 'x' })],
    ['that is missing', () => jsonReply(404, {})],
    ['that is no JSON', () => ({ status: 200, body: '<html>' })],
    ['with a word instead of a list', reads('artifact')],
    ['with numbers in the list', reads([1])],
    ['that redirects', () => ({ status: 302, headers: { location: '/x' } })],
    ['that is endless', () => ({ status: 200, body: ' '.repeat(70_000) })],
    ['that breaks off', () => 'drop'],
  ]
  it.each(documents)('are all of the client’s with a discovery document %s', async (_, discovery) => {
    const { asked, code } = await askedFor(discovery, ['artifact', 'log'])
    expect(asked).toEqual(['artifact', 'log'])
    expect(code).toBe('token')
  })
})

describe('a run that no channel can prove', () => {
  it.each<[ClientPlace, Channel[], string[], RegExp]>([
    ['one step', ['log'], ['artifact', 'step-name'], /^Use the Action.*, or use the two-step form.*\.$/],
    ['one step', ['log'], ['artifact'], /^Use the Action.*after it\.$/],
    ['one step', ['log'], ['step-name'], /^Use the two-step form/],
    ['one step', ['log'], ['telepathy'], /^Ask the operator/],
    ['one step', ['log'], [], /^Ask the operator/],
    ['action', ['log'], ['artifact', 'step-name'], /^Use the two-step form/],
    ['action', ['log'], ['artifact'], /^Ask the operator/],
    ['two steps', ['log'], ['step-name'], /^Leave --channels out\.$/],
    ['two steps', ['step-name', 'log'], ['artifact'], /^Use the Action/],
  ])('in %s with %j, where the issuer reads %j, is refused before anything is claimed', async (...row) => {
    const [place, channels, read, advice] = row
    const { outcome, log } = await askedFor(reads(read), channels, place)
    expect(outcome).toMatchObject({ kind: 'cannot', code: 'no_channel', advice: expect.stringMatching(advice) })
    expect(outcome).toHaveProperty('detail', expect.stringContaining(`This step can show: ${channels.join(', ')}.`))
    expect(log.asked).toEqual([])
  })
})

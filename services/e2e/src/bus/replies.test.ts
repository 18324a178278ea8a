import { randomUUID } from 'node:crypto'
import type { BusUser } from '@forkproof/deployment/bus-permissions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BusHarness, openBusHarness } from '../testing/bus-harness.ts'

let harness: BusHarness
const wireOf = (user: BusUser) => harness.wireOf(user)
beforeAll(async () => {
  harness = await openBusHarness()
}, 600_000)
afterAll(() => harness.close())

const lastOf = (subject: string) => JSON.stringify({ last_by_subj: subject })
const streamOf = {
  'forkproof.issuance.token': 'ISSUANCE',
  '$KV.jwks.current': 'KV_jwks',
  '$KV.signing-keys.k1': 'KV_signing-keys',
  '$KV.minted.victim': 'KV_minted',
  'forkproof.claim.forged': 'CLAIMS',
} as const
type Target = keyof typeof streamOf

/**
 * Asks the question with the target as its reply subject, and tells whether anything was written there.
 * Afterwards a marker is appended on the condition that the last message is still the one from before. Answers and
 * marker reach the stream in order, so a refused marker means a stored answer.
 */
async function answerIsStored(user: BusUser, question: string, text: string, target: Target): Promise<boolean> {
  const before = await harness.lastSequence(streamOf[target])
  await wireOf(user).publish(question, text, target)
  await harness.lastSequence(streamOf[target])
  const markers = target === 'forkproof.claim.forged' ? await harness.busOf('orchestrator') : harness.signer
  const marker = { subject: target, text: 'marker', messageId: randomUUID(), lastSequence: before }
  return (await markers.append(marker)) === undefined
}

describe('an answer cannot be sent where the asker may not publish', () => {
  const questions: readonly (readonly [BusUser, string, string])[] = [
    ['gateway', '$JS.API.STREAM.MSG.GET.KV_jwks', lastOf('$KV.jwks.current')],
    ['gateway', '$JS.API.INFO', ''],
    ['gateway', 'nudge.shown.abc', ''],
    ['gateway', 'run-hint.74', ''],
    ['orchestrator', 'forkproof.claim.proven.v1', '{}'],
    ['admin', '$JS.API.STREAM.INFO.KV_jwks', ''],
    ['signer', '$JS.API.INFO', ''],
    ['provisioner', '$JS.API.INFO', ''],
    ['provisioner', '$JS.API.CONSUMER.INFO.BUILDER_COMMANDS.releases-node-1', ''],
    ['provisioner', '$JS.API.CONSUMER.MSG.NEXT.BUILDER_COMMANDS.releases-node-1', '{"batch":1,"no_wait":true}'],
    ['orchestrator', '$JS.API.CONSUMER.MSG.NEXT.BUILDERS.build-signals', '{"batch":1,"no_wait":true}'],
    ['gateway', '$JS.API.STREAM.INFO.KV_projects', ''],
  ]
  const own = (user: BusUser, target: string) =>
    user === 'signer' ? target !== 'forkproof.claim.forged' : user === 'orchestrator' && target.includes('claim')
  const attacks = questions.flatMap(([user, question, text]) =>
    (Object.keys(streamOf) as Target[])
      .filter(target => !own(user, target))
      .map(target => ({ user, question, text, target })),
  )

  test.each(attacks)('$user asks $question for an answer to $target', async ({ user, question, text, target }) => {
    expect(await answerIsStored(user, question, text, target)).toBe(false)
  })

  test('while the one answer that the signer may have stored is seen by this test', async () => {
    expect(await answerIsStored('signer', '$JS.API.INFO', '', 'forkproof.issuance.token')).toBe(true)
  })

  test('nor into the inbox of another', async () => {
    await wireOf('signer').subscribe('_INBOX_signer.victim')
    await wireOf('gateway').publish('$JS.API.INFO', '', '_INBOX_signer.victim')
    await wireOf('gateway').request('$JS.API.INFO')
    await wireOf('signer').request('$JS.API.INFO')
    expect(wireOf('signer').messages.filter(message => message.subject === '_INBOX_signer.victim')).toEqual([])
  })
})

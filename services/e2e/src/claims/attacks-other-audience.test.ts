import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import { attestationType } from '@forkproof/contracts/facts'
import { beforeAll, describe, expect, it } from 'vitest'
import { createForkRun, postJson, problemCode } from '../testing/claim-requests.ts'
import { type IntruderHarness, openIntruderHarness } from '../testing/intruder-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

/*
 * A stolen gateway can start a claim for any audience, and a run that works with it shows the code for that one. So
 * verifier and code agree, and only the signer's own list is left.
 */

const listed = 'https://sts.example.dev'

let harness: SystemHarness
let intruder: IntruderHarness
let verifierKey: KeyObject
beforeAll(async () => {
  harness = await openSystemHarness({ extra: { signer: { FORKPROOF_SIGNER_AUDIENCES: listed } } })
  intruder = await openIntruderHarness(harness)
  verifierKey = createPrivateKey(harness.system.keys.attestationPrivateKey)
})

const specFor = async (audience: string): Promise<ClaimSpec> =>
  intruder.specFor(await createForkRun(harness.github), { audience })
/** The run shows the code that the intruder's claim wants. */
async function runTogether(audience: string) {
  const of = await createForkRun(harness.github)
  const spec = await intruder.specFor(of, { audience })
  await harness.github.send('POST', `/_sim/runs/${of.run.id}/artifacts`, { name: spec.challengeCode })
  return intruder.run(spec)
}
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** As if the verifier itself were in on it. */
async function mintDirectly(audience: string) {
  const spec = await specFor(audience)
  const shown = await specFor(listed)
  const { attestation } = await proofOf(shown)
  const payload = JSON.parse(Buffer.from(attestation.split('.')[1] ?? '', 'base64url').toString('utf8'))
  const input = `${encoded({ alg: 'EdDSA', typ: attestationType })}.${encoded({ ...payload, claimId: spec.claimId, audience: spec.audience })}`
  const signed = `${input}.${sign(null, Buffer.from(input), verifierKey).toString('base64url')}`
  const { claimId, sealKey } = spec
  return intruder.mint({ order: { claimId, audience: spec.audience, sealKey }, attestation: signed })
}
async function proofOf(spec: ClaimSpec) {
  await harness.github.send('POST', `/_sim/runs/${spec.runId}/artifacts`, { name: spec.challengeCode })
  await intruder.run(spec)
  return intruder.proofOf(spec.claimId)
}

const others = [
  'https://bank.example.dev',
  'https://sts.example.dev/',
  'https://STS.example.dev',
  'https://sts.example.dev.evil.example',
  'sts.example.dev',
  'sts.amazonaws.com',
]

describe.concurrent('a stolen gateway together with a fork’s run', () => {
  it('gets a token for a listed audience, so that the refusals below mean something', async () => {
    expect(await runTogether(listed)).toMatchObject({ verdict: 'proven' })
    expect(await mintDirectly(listed)).toMatchObject({ outcome: 'minted' })
  })

  it('gets one for the issuer itself, whose tokens only its own exchange takes', async () => {
    expect(await runTogether(harness.issuer)).toMatchObject({ verdict: 'proven' })
  })

  it.each(others)('gets none for %s', async audience => {
    expect(await runTogether(audience)).toEqual({ verdict: 'refused', reason: 'audience_not_signed' })
  })

  it('gets none either when the verifier has signed for it', async () => {
    expect(await mintDirectly('https://bank.example.dev')).toEqual({
      outcome: 'refused',
      reason: 'audience_not_signed',
    })
  })
})

describe('an honest gateway', () => {
  it.each(['sts.amazonaws.com', 'STS.amazonaws.com', 'sigstore', 'https://fulcio.sigstore.dev'])(
    'refuses %s before anything is started',
    async aud => {
      const of = await createForkRun(harness.github)
      const body = {
        eventName: 'pull_request',
        repo: of.repository,
        runID: String(of.run.id),
        aud,
        channels: ['artifact'],
      }
      expect(problemCode(await postJson(`${harness.issuer}/claim`, body))).toBe('invalid_audience')
    },
  )
})

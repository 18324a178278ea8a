import type { ForkproofEvent } from '@forkproof/contracts/events'
import { ClaimId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { createEventActivities } from './publish-event.ts'

const refused: ForkproofEvent = {
  specversion: '1.0',
  id: 'claim-x:refused',
  source: 'forkproof/orchestrator',
  type: 'forkproof.claim.refused.v1',
  subject: ClaimId.parse('A'.repeat(43)),
  time: '2026-11-25T10:00:00.000Z',
  datacontenttype: 'application/json',
  data: { repository: 'octo/repo', runId: '7', reason: 'not_a_fork' },
}

const recordingBus = () => {
  const stored: { subject: string; text: string; messageId: string }[] = []
  const store = async (subject: string, text: string, messageId: string) => {
    stored.push({ subject, text, messageId })
  }
  return { stored, store }
}

describe('publishEvent', () => {
  it('stores the event under its type with its own id as message id', async () => {
    const bus = recordingBus()
    await createEventActivities(bus).publishEvent(refused)
    const [stored] = bus.stored
    expect(stored).toMatchObject({ subject: 'forkproof.claim.refused.v1', messageId: 'claim-x:refused' })
    expect(JSON.parse(stored?.text ?? '')).toEqual(refused)
  })

  it.each([
    ['an unknown type', { ...refused, type: 'forkproof.claim.lost.v1' }],
    ['a member that is not in the schema', { ...refused, token: 'eyJ' }],
    ['a member of data that is not in the schema', { ...refused, data: { ...refused.data, token: 'eyJ' } }],
    ['an unknown reason', { ...refused, data: { ...refused.data, reason: 'because' } }],
    ['no id', { ...refused, id: '' }],
  ])('refuses %s and stores nothing', async (_name, event) => {
    const bus = recordingBus()
    await expect(createEventActivities(bus).publishEvent(event as ForkproofEvent)).rejects.toThrow()
    expect(bus.stored).toEqual([])
  })
})

import { Ticket } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { claimIdOf, newTicket, openWithTicket, seal, ticketSealKey } from './seal.ts'
import { Secret } from './secret.ts'

describe('a ticket', () => {
  it('opens what was sealed to its key', async () => {
    const ticket = newTicket()
    const sealed = await seal(new Secret('the token'), ticketSealKey(ticket))
    expect((await openWithTicket(sealed, ticket)).reveal()).toBe('the token')
  })

  it('always derives the same key and claim id', async () => {
    const ticket = new Secret(Ticket.parse(`fpt_${'A'.repeat(43)}`))
    expect(ticketSealKey(ticket)).toEqual(ticketSealKey(ticket))
    // Fixed: a change of the derivation would orphan every claim in flight during an upgrade.
    expect(await claimIdOf(ticketSealKey(ticket))).toMatchInlineSnapshot(
      `"d6zp5UUaDuvyRLc4E-puynlD-NgBBSlhYbEZxVjcubQ"`,
    )
  })

  it('does not open what was sealed to another', async () => {
    const sealed = await seal(new Secret('the token'), ticketSealKey(newTicket()))
    await expect(openWithTicket(sealed, newTicket())).rejects.toThrow()
  })

  it('does not open what was changed on the way', async () => {
    const ticket = newTicket()
    const parts = (await seal(new Secret('the token'), ticketSealKey(ticket))).split('.')
    parts[3] = Buffer.from('not what was sealed').toString('base64url')
    await expect(openWithTicket(parts.join('.'), ticket)).rejects.toThrow()
  })

  it('appears nowhere in the key or the sealed text', async () => {
    const ticket = newTicket()
    const key = ticketSealKey(ticket)
    const sealed = await seal(new Secret('the token'), key)
    expect(JSON.stringify([key, sealed, ticket])).not.toContain(ticket.reveal().slice(4))
    expect(Object.keys(key).sort()).toEqual(['crv', 'kty', 'x'])
  })
})

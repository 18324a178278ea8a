import { ForkproofEvent } from '@forkproof/contracts/events'
import { strict } from '@forkproof/contracts/strict'
import type { Bus } from '@forkproof/infra/bus'
import type { EventActivities } from '@forkproof/workflows/claims/ports'

const writtenEvent = strict(ForkproofEvent)

/** Stores an event under its own id, so that a repeat after a crash is dropped by the stream. */
export const createEventActivities = (bus: Pick<Bus, 'store'>): EventActivities => ({
  publishEvent: async event => {
    const valid = writtenEvent.parse(event)
    await bus.store(valid.type, JSON.stringify(valid), valid.id)
  },
})

import { BuilderCommand } from '@forkproof/contracts/events'
import { strict } from '@forkproof/contracts/strict'
import { subjects } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'
import type { CommandActivities } from '@forkproof/workflows/builds/ports'
import { ApplicationFailure } from '@temporalio/client'

const writtenCommand = strict(BuilderCommand)

/**
 * Stores a command under its own id, so that a repeat after a crash is dropped by the stream. One that is malformed is
 * never tried again.
 */
export const createCommandActivities = (bus: Pick<Bus, 'store'>): CommandActivities => ({
  publishCommand: async command => {
    const parsed = writtenCommand.safeParse(command)
    // Its text would land in the history, and what is wrong may quote what a client sent.
    if (!parsed.success) throw ApplicationFailure.nonRetryable('the command is malformed', 'invalid_command')
    await bus.store(subjectOf(parsed.data), JSON.stringify(parsed.data), parsed.data.id)
  },
})

function subjectOf(command: BuilderCommand): string {
  if (command.type === 'forkproof.builder.released.v1') return subjects.builderRelease(command.data.nodeId)
  return subjects.builderRequest(command.data.platform, command.data.builderClass)
}

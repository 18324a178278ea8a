import type { Channel, RunStepChannel } from '@forkproof/contracts/channels'

/*
 * The channels that each client can show a code in, the best first, when its user names none. They are the clients'
 * choice, not facts of a channel, so they are not in the table of channels. `job-log` is in none of them: it is
 * readable when the job has ended, and the token is wanted within the job.
 */

/** Where the client runs, which decides what it can show. */
export type ClientPlace = 'action' | 'one step' | 'two steps'

/** With the runtime token, the Action uploads an artifact. The log may be read earlier, so both are asked for. */
export const channelsOfAction: readonly Channel[] = ['artifact', 'log']

/** Where artifacts cannot be used, only the log is left to the Action, which is a single step. */
export const channelsWithoutArtifacts: readonly Channel[] = ['log']

/** A code cannot name a step that runs already, so one step of the command line has only the log. */
export const channelsInOneStep: readonly RunStepChannel[] = ['log']

/** The second step can bear the code in its name. */
export const channelsInTwoSteps: readonly RunStepChannel[] = ['step-name', 'log']

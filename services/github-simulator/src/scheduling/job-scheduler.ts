import type { BehaviourSettings } from '../behaviour/behaviour-settings.ts'

/** What GitHub shows of a job that waits: for an approval, for its concurrency group, for a runner. */
export type HeldStatus = 'waiting' | 'pending' | 'queued'

interface JobDemand {
  repositoryId: number
  environment: string | undefined
  concurrencyGroup: string | undefined
}

interface HeldJob {
  demand: JobDemand
  shown: HeldStatus
  show: (status: HeldStatus) => void
  settle: (place: JobPlace | undefined) => void
}

interface JobPlace {
  release(): void
}

/**
 * Whose turn it is, over all runs, in the order of arrival. An environment that needs approval comes first, then the
 * concurrency group, then a free runner.
 *
 * A group has one job that runs and one that is pending; a newcomer takes the pending one's place, which is cancelled.
 * Source: documented, `actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency`.
 */
export class JobScheduler {
  readonly #behaviour: BehaviourSettings
  readonly #jobsMax: number
  readonly #running = new Set<JobDemand>()
  #held: HeldJob[] = []

  /** @param jobsMax jobs that run at the same time, over all repositories */
  constructor(behaviour: BehaviourSettings, jobsMax: number) {
    this.#behaviour = behaviour
    this.#jobsMax = jobsMax
    behaviour.onChange(() => this.#admitWhoMay())
  }

  /**
   * The job's place once it may run; `undefined` if it was cancelled or another took its turn.
   * @param show told each time that the job is held back for another reason than before; it begins as `queued`
   */
  admit(demand: JobDemand, show: (status: HeldStatus) => void, signal: AbortSignal): Promise<JobPlace | undefined> {
    if (signal.aborted) return Promise.resolve(undefined)
    return new Promise(resolve => {
      const held: HeldJob = { demand, shown: 'queued', show, settle: resolve }
      const giveUp = () => this.#dismiss(held)
      signal.addEventListener('abort', giveUp, { once: true })
      held.settle = place => {
        signal.removeEventListener('abort', giveUp)
        resolve(place)
      }
      this.#held.push(held)
      this.#admitWhoMay()
      this.#displaceOlder(held)
    })
  }

  #admitWhoMay(): void {
    for (const held of [...this.#held]) {
      const reason = this.#reasonToHold(held)
      if (reason === undefined) this.#start(held)
      else if (reason !== held.shown) {
        held.shown = reason
        held.show(reason)
      }
    }
  }

  #reasonToHold(held: HeldJob): HeldStatus | undefined {
    const { demand } = held
    const { gatedEnvironments, runnersMax } = this.#behaviour.read(demand.repositoryId)
    if (demand.environment !== undefined && gatedEnvironments.includes(demand.environment)) return 'waiting'
    const group = groupOf(demand)
    const running = [...this.#running]
    if (group !== undefined && running.some(other => groupOf(other) === group)) return 'pending'
    const ofRepository = running.filter(other => other.repositoryId === demand.repositoryId).length
    const hasRunner = running.length < this.#jobsMax && ofRepository < (runnersMax ?? this.#jobsMax)
    return hasRunner ? undefined : 'queued'
  }

  #start(held: HeldJob): void {
    this.#held = this.#held.filter(other => other !== held)
    this.#running.add(held.demand)
    const release = () => {
      this.#running.delete(held.demand)
      this.#admitWhoMay()
    }
    held.settle({ release })
  }

  #displaceOlder(newcomer: HeldJob): void {
    if (newcomer.shown !== 'pending') return
    const group = groupOf(newcomer.demand)
    const older = this.#held.filter(
      held => held !== newcomer && held.shown === 'pending' && groupOf(held.demand) === group,
    )
    for (const held of older) this.#dismiss(held)
  }

  #dismiss(held: HeldJob): void {
    if (!this.#held.includes(held)) return
    this.#held = this.#held.filter(other => other !== held)
    held.settle(undefined)
  }
}

/** Group names are compared without regard to case, and within one repository. */
function groupOf({ repositoryId, concurrencyGroup }: JobDemand): string | undefined {
  return concurrencyGroup === undefined ? undefined : `${repositoryId} ${concurrencyGroup.toLowerCase()}`
}

import { mulberry32 } from '@forkproof/infra/mulberry32'
import { neutralBehaviour, type SimulatedBehaviour } from './simulated-behaviour.ts'

/** How the simulator behaves now: one set of values for all repositories, and what single repositories have instead. */
export class BehaviourSettings {
  #general: SimulatedBehaviour = neutralBehaviour
  readonly #overrides = new Map<number, Partial<SimulatedBehaviour>>()
  #random = mulberry32(neutralBehaviour.errorRate.seed)
  readonly #listeners: (() => void)[] = []

  /** For what waits until the behaviour is another. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** @param repositoryId absent where a request concerns no (known) repository */
  read(repositoryId?: number): SimulatedBehaviour {
    const override = repositoryId === undefined ? undefined : this.#overrides.get(repositoryId)
    return override === undefined ? this.#general : { ...this.#general, ...override }
  }

  override(repositoryId: number): Partial<SimulatedBehaviour> {
    return this.#overrides.get(repositoryId) ?? {}
  }

  /** Replaces the general values. The random numbers of the error rates start again from the seed. */
  set(behaviour: SimulatedBehaviour): void {
    this.#general = behaviour
    this.#random = mulberry32(behaviour.errorRate.seed)
    this.#announce()
  }

  setOverride(repositoryId: number, behaviour: Partial<SimulatedBehaviour>): void {
    this.#overrides.set(repositoryId, behaviour)
    this.#announce()
  }

  /** True in a `share` (0 to 1) of the calls, the same ones for the same seed. A share of 0 takes no random number. */
  chance(share: number): boolean {
    return share > 0 && this.#random() < share
  }

  reset(): void {
    this.#overrides.clear()
    this.set(neutralBehaviour)
  }

  #announce(): void {
    for (const listener of this.#listeners) listener()
  }
}

import { BuilderClass, Egress, type Platform } from '@forkproof/contracts/builder'
import type { Clock } from '@forkproof/infra/clock'
import { withDeadline } from '@forkproof/infra/deadline'
import type { Logger } from '@forkproof/infra/log'
import type { Driver } from '../drivers/driver.ts'
import type { MissingPart } from '../host/missing-part.ts'
import type { Unavailable } from '../reconcile/snapshot.ts'

const askMsMax = 10_000

export interface ServedPlatform {
  readonly platform: Platform
  readonly emulated: boolean
}

/** What this machine can do, as the driver sees it now. */
export class SupportedBuilders {
  platforms: readonly ServedPlatform[] = []
  unavailable: readonly Unavailable[] = []
  /** Every part that some kind of builder lacks, each once, with how to get it. */
  missing: readonly string[] = []
  readonly #parts: SupportedBuildersDeps
  #told = false

  constructor(parts: SupportedBuildersDeps) {
    this.#parts = parts
  }

  /** Asks the driver again. A driver that does not answer leaves what was known. */
  async refresh(): Promise<void> {
    const { driver, clock, log, allowed } = this.#parts
    try {
      const platforms = await withDeadline({ clock, ms: askMsMax }, signal => driver.platforms(signal))
      const needs = Egress.options.flatMap(egress =>
        BuilderClass.options.map(builderClass => ({ egress, builderClass })),
      )
      const lacks = await Promise.all(
        needs.map(async need => {
          const missing = await withDeadline({ clock, ms: askMsMax }, signal => driver.missing(need, signal))
          return missing.length === 0 ? [] : [{ ...need, missing }]
        }),
      )
      const before = this.unavailable.length
      this.unavailable = lacks.flat().map(unavailableOf)
      this.missing = [...new Set(lacks.flat().flatMap(lack => lack.missing.map(sentenceOf)))]
      if (this.unavailable.length !== before) {
        for (const lack of this.unavailable)
          log.warn(
            { egress: lack.egress, kind: lack.builderClass, missing: lack.detail },
            'this machine cannot make such builders',
          )
      }
      this.platforms = this.#checkable(platforms.filter(({ platform }) => !allowed || allowed.includes(platform)))
    } catch (err) {
      log.warn({ err }, 'the driver cannot say what this machine can do')
    }
  }

  /** Platforms of which some kind of builder can be made. */
  get served(): readonly ServedPlatform[] {
    return this.unavailable.length === Egress.options.length * BuilderClass.options.length ? [] : this.platforms
  }

  /** A builder that cannot be seen to run its platform's programs is not offered. */
  #checkable(platforms: readonly ServedPlatform[]): readonly ServedPlatform[] {
    const { checksEmulated, log } = this.#parts
    const left = checksEmulated ? [] : platforms.filter(({ emulated }) => emulated).map(({ platform }) => platform)
    if (left.length > 0 && !this.#told) {
      const missing = 'a probe of that platform: go build it and set FORKPROOF_PROVISIONER_PROBE_EMULATED_PATH'
      log.warn({ platform: left.join(','), missing }, 'this machine emulates a platform that it does not serve')
    }
    this.#told = left.length > 0
    return platforms.filter(({ platform }) => !left.includes(platform))
  }

  isEmulated = (platform: Platform): boolean => this.platforms.some(one => one.platform === platform && one.emulated)

  can = (egress: Egress, builderClass: BuilderClass): boolean =>
    !this.unavailable.some(lack => lack.egress === egress && lack.builderClass === builderClass)

  /** Egress that every kind of builder here can be given. */
  get egress(): readonly Egress[] {
    return Egress.options.filter(egress => BuilderClass.options.every(builderClass => this.can(egress, builderClass)))
  }
}

export interface SupportedBuildersDeps {
  readonly driver: Driver
  /** The operator's choice; all that the driver knows when absent. */
  readonly allowed?: readonly Platform[] | undefined
  /** Whether the readiness check has a program of the platform that is emulated here. */
  readonly checksEmulated: boolean
  readonly clock: Clock
  readonly log: Logger
}

const sentenceOf = ({ what, howToGet }: MissingPart): string => `${what}: ${howToGet}`

function unavailableOf(lack: {
  egress: Egress
  builderClass: BuilderClass
  missing: readonly MissingPart[]
}): Unavailable {
  const detail = lack.missing.map(sentenceOf).join('; ')
  const reason = lack.egress === 'none' ? 'isolation_missing' : 'egress_unavailable'
  return { egress: lack.egress, builderClass: lack.builderClass, reason, detail }
}

import { BuilderClass, Egress, type Platform } from '@forkproof/contracts/builder'
import type { Clock } from '@forkproof/infra/clock'
import { withDeadline } from '@forkproof/infra/deadline'
import type { Logger } from '@forkproof/infra/log'
import type { Driver } from '../drivers/driver.ts'
import type { MissingPart } from '../host/missing-part.ts'
import type { Unavailable } from '../reconcile/snapshot.ts'

const askMsMax = 10_000

interface ServedPlatform {
  readonly platform: Platform
  readonly emulated: boolean
}

interface SupportedBuildersOptions {
  /** The operator's choice; all that the driver knows when absent. */
  readonly allowed?: readonly Platform[] | undefined
  /** Whether the readiness check can try programs of a platform that is emulated here. */
  readonly checksEmulated: boolean
}

interface SupportedBuildersDeps {
  readonly driver: Driver
  readonly clock: Clock
  readonly log: Logger
}

/** Which builders this machine can make, as its driver sees it now. */
export class SupportedBuilders {
  readonly #options: SupportedBuildersOptions
  readonly #deps: SupportedBuildersDeps
  #platforms: readonly ServedPlatform[] = []
  #unavailable: readonly Unavailable[] = []
  #missing: readonly string[] = []
  #isProbeMissing = false

  constructor(options: SupportedBuildersOptions, deps: SupportedBuildersDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** What cannot be made, and why. */
  get unavailable(): readonly Unavailable[] {
    return this.#unavailable
  }

  /** Every part that some kind of builder lacks, each once, with how to get it. */
  get missing(): readonly string[] {
    return this.#missing
  }

  /** Asks the driver again. A driver that does not answer leaves what was known. */
  async refresh(): Promise<void> {
    const { driver, clock, log } = this.#deps
    const { allowed } = this.#options
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
      this.#noteLacks(lacks.flat())
      this.#platforms = this.#checkable(platforms.filter(({ platform }) => !allowed || allowed.includes(platform)))
    } catch (err) {
      log.warn({ err }, 'the driver cannot say what this machine can do')
    }
  }

  #noteLacks(lacks: readonly Lack[]): void {
    const before = this.#unavailable.length
    this.#unavailable = lacks.map(unavailableOf)
    this.#missing = [...new Set(lacks.flatMap(lack => lack.missing.map(sentenceOf)))]
    if (this.#unavailable.length === before) return
    for (const { egress, builderClass, detail } of this.#unavailable) {
      this.#deps.log.warn({ egress, kind: builderClass, missing: detail }, 'this machine cannot make such builders')
    }
  }

  /** Platforms of which some kind of builder can be made. */
  get served(): readonly ServedPlatform[] {
    const isNonePossible = this.#unavailable.length === Egress.options.length * BuilderClass.options.length
    return isNonePossible ? [] : this.#platforms
  }

  /** Platforms of which warm builders can be made: none that is emulated, since those are slow to make. */
  warmPlatforms(egress: Egress): readonly Platform[] {
    if (!this.#can(egress, 'ephemeral')) return []
    return this.#platforms.filter(({ emulated }) => !emulated).map(({ platform }) => platform)
  }

  /** Without the platforms whose programs the readiness check cannot try. */
  #checkable(platforms: readonly ServedPlatform[]): readonly ServedPlatform[] {
    if (this.#options.checksEmulated) return platforms
    const left = platforms.filter(({ emulated }) => emulated).map(({ platform }) => platform)
    if (left.length > 0 && !this.#isProbeMissing) {
      const missing = 'a probe of that platform: go build it and set FORKPROOF_PROVISIONER_PROBE_EMULATED_PATH'
      this.#deps.log.warn(
        { platform: left.join(','), missing },
        'this machine emulates a platform that it does not serve',
      )
    }
    this.#isProbeMissing = left.length > 0
    return platforms.filter(({ emulated }) => !emulated)
  }

  isEmulated = (platform: Platform): boolean => this.#platforms.some(one => one.platform === platform && one.emulated)

  #can(egress: Egress, builderClass: BuilderClass): boolean {
    return !this.#unavailable.some(lack => lack.egress === egress && lack.builderClass === builderClass)
  }

  /** Egress that every kind of builder here can be given. */
  get egress(): readonly Egress[] {
    return Egress.options.filter(egress => BuilderClass.options.every(builderClass => this.#can(egress, builderClass)))
  }
}

interface Lack {
  readonly egress: Egress
  readonly builderClass: BuilderClass
  readonly missing: readonly MissingPart[]
}

const sentenceOf = ({ what, howToGet }: MissingPart): string => `${what}: ${howToGet}`

const unavailableOf = ({ egress, builderClass, missing }: Lack): Unavailable => ({
  egress,
  builderClass,
  reason: egress === 'none' ? 'isolation_missing' : 'egress_unavailable',
  detail: missing.map(sentenceOf).join('; '),
})

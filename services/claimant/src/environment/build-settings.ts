import { Platform } from '@forkproof/contracts/builder'
import { ProjectId } from '@forkproof/contracts/ids'
import { buildingLimits } from '../building/limits.ts'
import { type ClaimSettings, type RawClaimSettings, readSettings } from './claim-settings.ts'

interface RawBuildSettings extends RawClaimSettings {
  readonly project: string | undefined
  /** Each entry is one platform or several with commas between. */
  readonly platforms: readonly string[]
  readonly waitSeconds?: string | undefined
  readonly maxMinutes?: string | undefined
}

export interface BuildSettings extends ClaimSettings {
  readonly projectId: ProjectId
  /** Never empty. */
  readonly platforms: readonly Platform[]
  /** How long a builder may take. */
  readonly waitMs: number
  readonly maxMinutes?: number
}

/** The platform that a grant has unless it says otherwise. */
const platformDefault: Platform = 'linux/amd64'

/**
 * Reports all problems at once, named as in `names`.
 * @param implied platforms for when none is named
 */
export function readBuildSettings(
  raw: RawBuildSettings,
  names: Readonly<Record<keyof RawBuildSettings, string>>,
  implied: readonly Platform[] = [],
): { settings: BuildSettings } | { problems: string[] } {
  const { waitSecondsMin, waitSecondsDefault, waitSecondsMax, minutesMax } = buildingLimits
  const read = readSettings(raw, names)
  const project = ProjectId.safeParse(raw.project?.trim())
  const platforms = readPlatforms(raw.platforms, implied)
  const wait = readNumber(raw.waitSeconds ?? String(waitSecondsDefault), waitSecondsMin, waitSecondsMax)
  const minutes = raw.maxMinutes === undefined ? undefined : readNumber(raw.maxMinutes, 1, minutesMax)
  if ('problems' in read || !project.success || !platforms || wait === false || minutes === false) {
    return {
      problems: [
        ...('problems' in read ? read.problems : []),
        ...(project.success ? [] : [`${names.project}: must be a project’s id, prj_ and 16 characters`]),
        ...(platforms ? [] : [`${names.platforms}: must be of ${Platform.options.join(', ')}`]),
        ...(wait === false ? [`${names.waitSeconds}: must be from ${waitSecondsMin} to ${waitSecondsMax}`] : []),
        ...(minutes === false ? [`${names.maxMinutes}: must be from 1 to ${minutesMax}`] : []),
      ],
    }
  }
  return {
    settings: {
      ...read.settings,
      projectId: project.data,
      platforms,
      waitMs: wait * 1_000,
      ...(minutes === undefined ? {} : { maxMinutes: minutes }),
    },
  }
}

function readPlatforms(given: readonly string[], implied: readonly Platform[]): readonly Platform[] | undefined {
  const named = new Set(given.flatMap(list => list.split(',')).map(name => name.trim()))
  named.delete('')
  if (named.size === 0) return implied.length > 0 ? implied : [platformDefault]
  return Platform.array()
    .max(Platform.options.length)
    .safeParse([...named]).data
}

function readNumber(given: string, min: number, max: number): number | false {
  const number = /^[0-9]{1,4}$/.test(given) ? Number(given) : Number.NaN
  return number >= min && number <= max && number
}

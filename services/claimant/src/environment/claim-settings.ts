import { Audience, Issuer, JobId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { claimantLimits } from '../claiming/limits.ts'

/** The settings as people write them. An empty string counts as absent: an Action's input is never undefined. */
export interface RawClaimSettings {
  readonly issuer: string | undefined
  readonly audience: string | undefined
  readonly jobId: string | undefined
  readonly timeoutSeconds: string | undefined
}

export interface ClaimSettings {
  readonly issuer: Issuer
  /** The issuer itself unless given. The claimant must know it to check the code. */
  readonly audience: Audience
  readonly jobId?: JobId
  readonly timeoutMs: number
}

const { timeoutSecondsMin, timeoutSecondsMax, timeoutSecondsDefault } = claimantLimits
const emptyIsAbsent = (value: string | undefined) =>
  value === undefined || value.trim() === '' ? undefined : value.trim()

const Schema = z.object({
  // People paste addresses with a slash at the end. Nothing else is corrected.
  issuer: z.preprocess(value => (typeof value === 'string' ? value.replace(/\/$/, '') : ''), Issuer),
  audience: Audience.optional(),
  jobId: JobId.optional(),
  timeoutSeconds: z
    .string()
    .regex(/^[0-9]{1,4}$/, 'must be a whole number of seconds')
    .default(String(timeoutSecondsDefault))
    .transform(Number)
    .pipe(z.int().min(timeoutSecondsMin).max(timeoutSecondsMax)),
})

/** Reports all problems at once, one line per value, named as in `names`. */
export function readSettings(
  raw: RawClaimSettings,
  names: Readonly<Record<keyof RawClaimSettings, string>>,
): { settings: ClaimSettings } | { problems: string[] } {
  const given = {
    issuer: emptyIsAbsent(raw.issuer),
    audience: emptyIsAbsent(raw.audience),
    jobId: emptyIsAbsent(raw.jobId),
    timeoutSeconds: emptyIsAbsent(raw.timeoutSeconds),
  }
  const parsed = Schema.safeParse(given)
  if (!parsed.success) {
    const nameOf = (path: PropertyKey | undefined) => (isName(path, names) ? names[path] : 'input')
    const byName = Map.groupBy(parsed.error.issues, issue => nameOf(issue.path[0]))
    return { problems: [...byName].map(([name, issues]) => `${name}: ${issues[0]?.message ?? 'invalid'}`) }
  }
  const { issuer, audience, jobId, timeoutSeconds } = parsed.data
  return {
    settings: {
      issuer,
      audience: audience ?? Audience.parse(issuer),
      ...(jobId === undefined ? {} : { jobId }),
      timeoutMs: timeoutSeconds * 1_000,
    },
  }
}

const isName = (path: PropertyKey | undefined, names: object): path is keyof RawClaimSettings =>
  path !== undefined && Object.hasOwn(names, path)

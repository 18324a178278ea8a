const hasCode = (error: unknown, codes: ReadonlySet<string>): boolean =>
  error instanceof Error && 'code' in error && codes.has(String(error.code))

/** No file or folder of that name. */
const absentCodes: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR'])
/** Also what the kernel says of a process, device or cgroup that ends while its files are read. */
const vanishedCodes: ReadonlySet<string> = new Set([...absentCodes, 'ESRCH', 'ENODEV', 'ENXIO'])

/** For `catch` on a file of ours: `value` where it is not there. Any other error goes on. */
export const ifAbsent =
  <T>(value: T) =>
  (error: unknown): T => {
    if (hasCode(error, absentCodes)) return value
    throw error
  }

/**
 * For `catch` on what belongs to a process, device or cgroup: `value` where that is gone. Any other error goes on:
 * a search for leftovers must not take "could not look" for "is not there".
 */
export const ifVanished =
  <T>(value: T) =>
  (error: unknown): T => {
    if (hasCode(error, vanishedCodes)) return value
    throw error
  }

/** What the kernel says of a file, process, device or cgroup that is not there, or not any more. */
const goneCodes = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'ENODEV', 'ENXIO'])

/**
 * For `catch`: that it is gone is an answer, everything else stays an error. Whoever looks for what is left must not take "could not look" for
 * "is not there".
 */
export const ifVanished =
  <T>(value: T) =>
  (error: unknown): T => {
    if (error instanceof Error && 'code' in error && goneCodes.has(String(error.code))) return value
    throw error
  }

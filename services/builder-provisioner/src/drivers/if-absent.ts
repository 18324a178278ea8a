/** For a `catch`: the value where there is no such file or folder; any other error goes on. */
export const ifAbsent =
  <T>(value: T) =>
  (error: unknown): T => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return value
    throw error
  }

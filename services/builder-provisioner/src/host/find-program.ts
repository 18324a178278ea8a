import { access, constants } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { systemPath } from './run-program.ts'

/**
 * Where the program is: an absolute path itself, a name in the system's folders.
 * Undefined when it is not there or cannot be run.
 */
export async function findProgram(program: string): Promise<string | undefined> {
  const candidates = isAbsolute(program) ? [program] : systemPath.split(':').map(folder => join(folder, program))
  for (const candidate of candidates) {
    if (
      await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      )
    ) {
      return candidate
    }
  }
  return undefined
}

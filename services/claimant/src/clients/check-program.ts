import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'
import type { EnvironmentVariables } from '../environment/run-environment.ts'

/** Whether this program can be run. Searched as a shell does: a name with a slash is a path. */
export async function checkProgram(
  name: string,
  env: EnvironmentVariables,
): Promise<'found' | 'missing' | 'not executable'> {
  const places = name.includes('/') || name.includes(path.sep) ? [''] : (env['PATH'] ?? '').split(path.delimiter)
  // Windows adds one of several endings, so there only the start itself can tell.
  if (process.platform === 'win32') return 'found'
  let outcome: 'missing' | 'not executable' = 'missing'
  for (const place of places) {
    const file = place === '' ? name : path.join(place, name)
    const isFile = await stat(file).then(
      found => found.isFile(),
      () => false,
    )
    if (!isFile) continue
    if (await mayRun(file)) return 'found'
    outcome = 'not executable'
  }
  return outcome
}

const mayRun = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  )

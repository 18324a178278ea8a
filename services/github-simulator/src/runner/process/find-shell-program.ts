import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import path from 'node:path'

/** The absolute path of a program by a PATH value; undefined when it is not there or may not be executed. */
export async function findShellProgram(name: string, searchPath: string): Promise<string | undefined> {
  if (path.isAbsolute(name)) return (await isExecutable(name)) ? name : undefined
  for (const directory of searchPath.split(path.delimiter)) {
    const candidate = path.join(directory, name)
    if (path.isAbsolute(directory) && (await isExecutable(candidate))) return candidate
  }
  return undefined
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

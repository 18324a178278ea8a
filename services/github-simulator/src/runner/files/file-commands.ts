import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileCommandBytesMax, stepSummaryBytesMax } from '../runner-limits.ts'
import { FileCommandError, parseKeyValueFile } from './key-value-file.ts'

const kinds = {
  output: 'set_output_',
  env: 'set_env_',
  path: 'add_path_',
  state: 'save_state_',
  step_summary: 'step_summary_',
}
type FileCommandKind = keyof typeof kinds

/** Where one process may write its commands, by the name in the `github` context. */
export type FileCommandPaths = Readonly<Record<FileCommandKind, string>>

/** What a process asked for through its files. `problems` are lines for the log; any of them fails the step. */
export interface FileCommandResults {
  outputs: [name: string, value: string][]
  environment: [name: string, value: string][]
  state: [name: string, value: string][]
  paths: string[]
  problems: string[]
}

/** Creates empty command files. Each process has its own, so a child left behind cannot write to a later step's. */
export async function createFileCommands(tempDirectory: string): Promise<FileCommandPaths> {
  const directory = path.join(tempDirectory, '_runner_file_commands')
  await mkdir(directory, { recursive: true })
  const suffix = randomUUID()
  const paths = Object.fromEntries(
    Object.entries(kinds).map(([kind, prefix]) => [kind, path.join(directory, prefix + suffix)]),
  ) as Record<FileCommandKind, string>
  for (const file of Object.values(paths)) await (await open(file, 'wx')).close()
  return paths
}

/** Reads and removes the command files of a process that has ended. */
export async function collectFileCommands(paths: FileCommandPaths): Promise<FileCommandResults> {
  const problems: string[] = []
  const guarded = async <T>(kind: FileCommandKind, parse: (text: string) => T[]): Promise<T[]> => {
    const bytesMax = kind === 'step_summary' ? stepSummaryBytesMax : fileCommandBytesMax
    try {
      return parse(await readRegularFile(paths[kind], bytesMax))
    } catch (error) {
      problems.push(`Unable to process file command '${kind}' successfully.`)
      problems.push(error instanceof FileCommandError ? error.message : 'The file cannot be read.')
      return []
    }
  }
  const results = {
    outputs: await guarded('output', parseKeyValueFile),
    environment: await guarded('env', parseKeyValueFile),
    state: await guarded('state', parseKeyValueFile),
    paths: await guarded('path', text => text.split(/\r?\n/).filter(line => line !== '')),
  }
  await guarded('step_summary', () => [])
  for (const file of Object.values(paths)) await rm(file, { force: true, recursive: true })
  return { ...results, problems }
}

/** The step may have replaced the file. Links are not followed, pipes are refused; a deleted file reads as empty. */
async function readRegularFile(file: string, bytesMax: number): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    },
  )
  if (!handle) return ''
  try {
    const status = await handle.stat()
    if (!status.isFile()) throw new FileCommandError('It is not a regular file.')
    if (status.size > bytesMax) throw new FileCommandError(`It is ${status.size} bytes long; ${bytesMax} are allowed.`)
    const buffer = Buffer.alloc(status.size)
    const { bytesRead } = await handle.read(buffer, 0, status.size, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Where one job lives. Everything is below `root` and goes with it. */
export interface JobDirectories {
  root: string
  /** The parent of the workspace, as RUNNER_WORKSPACE. */
  pipeline: string
  workspace: string
  temp: string
  toolCache: string
  /** Holds the runner's own Node as `node`, so that scripts find it under that name. */
  bin: string
  home: string
  eventFile: string
}

/** Makes the directories of a job, named like GitHub's, and writes the event. */
export async function createJobDirectories(options: {
  workRoot: string
  jobId: number
  repositoryName: string
  event: unknown
  nodePath: string
}): Promise<JobDirectories> {
  await mkdir(options.workRoot, { recursive: true })
  const root = await mkdtemp(path.join(options.workRoot, `job-${options.jobId}-`))
  const pipeline = path.join(root, safeName(options.repositoryName))
  const temp = path.join(root, '_temp')
  const directories = {
    root,
    pipeline,
    workspace: path.join(pipeline, safeName(options.repositoryName)),
    temp,
    toolCache: path.join(root, '_tool'),
    bin: path.join(root, '_tool', 'bin'),
    home: path.join(root, '_home'),
    eventFile: path.join(temp, '_github_workflow', 'event.json'),
  }
  const made = [directories.workspace, path.dirname(directories.eventFile), directories.bin, directories.home]
  for (const directory of made) await mkdir(directory, { recursive: true })
  await symlink(options.nodePath, path.join(directories.bin, 'node'))
  await writeFile(directories.eventFile, JSON.stringify(options.event ?? {}))
  return directories
}

/** Removes a job's directories, also those it made unreadable or read-only (Go's module cache is). */
export async function removeJobDirectories(directories: JobDirectories): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3, retryDelay: 50 }
  try {
    await rm(directories.root, options)
  } catch {
    await makeWritable(directories.root)
    await rm(directories.root, options)
  }
}

/** Links are not followed: `readdir` tells a link from a directory. */
async function makeWritable(directory: string): Promise<void> {
  await chmod(directory, 0o700)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(path.join(directory, entry.name))
  }
}

/** The name comes from the control API; it must not lead out of the job's directory. */
function safeName(name: string): string {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name) ? name : 'repository'
}

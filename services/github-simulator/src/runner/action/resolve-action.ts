import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ActionError, type ActionManifest, readActionManifest } from './action-manifest.ts'

/** Directories of actions on this machine, by what a workflow writes after `uses:`. */
export type ActionsRoot = Readonly<Record<string, string>>

export interface ResolvedAction {
  directory: string
  manifest: ActionManifest
  /** A local action (`./path`) gets no `pre` step: the repository is not there yet when those run. */
  local: boolean
  /** `owner/name` and ref of a published action; both absent for others. */
  repository?: string
  ref?: string
}

/** True for what only exists once earlier steps have filled the workspace. */
export function isLocalAction(uses: string): boolean {
  return uses.startsWith('./') || uses.startsWith('../')
}

/** Finds an action: mapped name, `./path` in the workspace, or `file:/absolute/directory`. Throws ActionError. */
export async function resolveAction(
  uses: string,
  actionsRoot: ActionsRoot,
  workspace: string,
): Promise<ResolvedAction> {
  if (uses.startsWith('docker://')) throw new ActionError('Docker actions are not supported by this runner.')
  const mapped = Object.hasOwn(actionsRoot, uses) ? actionsRoot[uses] : undefined
  if (isLocalAction(uses)) {
    const directory = mapped ?? path.resolve(workspace, uses)
    return { directory, manifest: await readActionManifest(directory), local: true }
  }
  if (uses.startsWith('file:')) {
    const directory = fileDirectory(uses)
    return { directory, manifest: await readActionManifest(directory), local: false }
  }
  if (mapped === undefined) {
    throw new ActionError(`Unable to resolve action \`${uses}\`, unable to find it among the actions of this runner`)
  }
  const [name = '', ref = ''] = uses.split('@', 2)
  const repository = name.split('/').slice(0, 2).join('/')
  return { directory: mapped, manifest: await readActionManifest(mapped), local: false, repository, ref }
}

function fileDirectory(uses: string): string {
  const rest = uses.slice('file:'.length)
  const directory = rest.startsWith('//') ? safeFileUrl(uses) : rest
  if (!path.isAbsolute(directory)) throw new ActionError(`The path of \`${uses}\` is not absolute.`)
  return directory
}

function safeFileUrl(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw new ActionError(`\`${url}\` is not a file on this machine.`)
  }
}

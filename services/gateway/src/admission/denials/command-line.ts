import { ProjectId } from '@forkproof/contracts/ids'
import { DenialKey } from '@forkproof/contracts/trust'

export const trustUsage = `usage: npm run trust -- <what>
  deny <project> <key> <reason>   refuse these runs and end their builds
  allow <project> <key>           refuse them no more
  list <project>                  show what is denied
keys: head_repository:<id>, author:<id>, pull_request:<base repository's id>:<number>
`

/** One request to the gateway's API. */
interface TrustCommand {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: { readonly reason: string }
}

/** `undefined` for anything that is not exactly a command. */
export function parseTrustCommand([word, project, key, ...reason]: readonly string[]): TrustCommand | undefined {
  const id = ProjectId.safeParse(project)
  if (!id.success) return undefined
  const path = `/v1/projects/${id.data}/denials`
  if (word === 'list') return key === undefined ? { method: 'GET', path } : undefined
  const denied = DenialKey.safeParse(key)
  if (!denied.success) return undefined
  const one = `${path}/${denied.data}`
  if (word === 'allow' && reason.length === 0) return { method: 'DELETE', path: one }
  if (word === 'deny' && reason.length > 0) return { method: 'PUT', path: one, body: { reason: reason.join(' ') } }
  return undefined
}

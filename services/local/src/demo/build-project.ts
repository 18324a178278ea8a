import { z } from 'zod'
import type { LocalSystem } from '../running/local-system.ts'

const requestMsMax = 20_000
const CreatedProject = z.object({ id: z.string() })

/**
 * What a maintainer does once: a project that admits pull requests from forks of one repository.
 * It is made over the public API, with the operator's token.
 */
export async function createDemoProject(
  { addresses, operatorToken }: LocalSystem,
  repositoryId: string,
  platforms: readonly string[],
): Promise<string> {
  const send = async (path: string, body: unknown, revision?: string): Promise<Response> => {
    const response = await fetch(`${addresses.issuer}${path}`, {
      method: 'POST',
      signal: AbortSignal.timeout(requestMsMax),
      headers: {
        authorization: `Bearer ${operatorToken.reveal()}`,
        'content-type': 'application/json',
        ...(revision !== undefined && { 'if-match': revision }),
      },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`)
    return response
  }
  const created = await send('/v1/projects', { name: 'demo' })
  const { id } = CreatedProject.parse(await created.json())
  // A single step of the command line can show its code in the live log only, and here nobody else prints into it.
  const proofMethods = ['artifact', 'step-name', 'log']
  const rule = { eventClass: 'fork_pull_request', repositoryId, proofMethods, grant: { platforms } }
  await send(`/v1/projects/${id}/relationships`, rule, created.headers.get('etag') ?? '')
  return id
}

import { AppError } from '@forkproof/contracts/errors'
import { Denial, DenialKey } from '@forkproof/contracts/trust'
import { z } from 'zod'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { operatorOnly } from '../operator-only.ts'
import { operatorProblems, operatorSecurity, parseProjectId } from './projects.ts'

const OfProject = z.object({ id: z.string() })
const One = z.object({ id: z.string(), key: z.string() })
const Reasoned = z.strictObject({ reason: Denial.shape.reason, by: Denial.shape.by })
const All = z.object({ denials: z.array(Denial) })
const Denied = z.object({
  denial: Denial,
  endedBuilds: z.int().meta({ description: 'running builds that were told to end' }),
})

function denialKeyOf(text: string): DenialKey {
  const parsed = DenialKey.safeParse(text)
  if (!parsed.success) throw new AppError('invalid_request', { detail: `key: ${parsed.error.issues[0]?.message}` })
  return parsed.data
}

/**
 * The kill switch. No `If-Match`: it must work at once and twice, whatever else changes the project at the same time.
 */
export function denialRoutes(app: GatewayApp, deps: RouteDeps): void {
  const { projects, denials } = deps
  const onRequest = operatorOnly(deps)
  const shared = { tags: ['trust'], security: operatorSecurity }
  app.get('/v1/projects/:id/denials', {
    schema: { ...shared, params: OfProject, summary: 'What is denied', response: { 200: All, ...operatorProblems } },
    onRequest,
    handler: async request => ({ denials: (await projects.get(parseProjectId(request.params.id))).project.denials }),
  })
  const url = '/v1/projects/:id/denials/:key'
  app.put(url, {
    schema: {
      ...shared,
      params: One,
      summary: 'Deny a fork, an author or a pull request, and end its builds',
      body: Reasoned,
      response: { 200: Denied, ...operatorProblems },
    },
    onRequest,
    handler: async ({ params, body }) =>
      denials.deny(parseProjectId(params.id), { key: denialKeyOf(params.key), ...body }),
  })
  app.delete(url, {
    schema: { ...shared, params: One, summary: 'Deny it no more', response: { 204: z.null(), ...operatorProblems } },
    onRequest,
    handler: async ({ params }, reply) => {
      await denials.allow(parseProjectId(params.id), denialKeyOf(params.key))
      return reply.code(204).send(null)
    },
  })
}

import { AppError } from '@forkproof/contracts/errors'
import { ProjectId } from '@forkproof/contracts/ids'
import { Project } from '@forkproof/contracts/trust'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { StoredProject } from '../../admission/projects/project-store.ts'
import { renamed } from '../../admission/projects/relationship-changes.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { operatorOnly } from '../operator-only.ts'
import { problemResponse } from '../problem-document.ts'
import { expectedRevision, revisionTag } from '../revision.ts'

export const operatorSecurity = [{ operatorToken: [] }]
export const operatorProblems = { '4xx': problemResponse('refused; see code'), '5xx': problemResponse('try again') }
const Params = z.object({ id: z.string() })
const Named = z.strictObject({ name: Project.shape.name })
const Summary = Project.omit({ relationships: true }).extend({ relationshipCount: z.int() })
const Summaries = z.object({ projects: z.array(Summary) })
const RevisionAnswer = z.object({
  revision: z.int(),
  at: z.iso.datetime(),
  deleted: z.boolean(),
  project: Project.optional().meta({ description: 'what it was; absent when it was deleted then' }),
})
const History = z.object({ revisions: z.array(RevisionAnswer) })

/** @throws AppError project_not_found for what cannot be a project's id either */
export function parseProjectId(text: string): ProjectId {
  const parsed = ProjectId.safeParse(text)
  if (!parsed.success) throw new AppError('project_not_found')
  return parsed.data
}

const answer = (reply: FastifyReply, { project, revision }: StoredProject) => {
  reply.header('etag', revisionTag(revision))
  return project
}

/** Projects, for the operator. A project's revision is its ETag, and every change names the one that it changes. */
export function projectRoutes(app: GatewayApp, deps: RouteDeps): void {
  const { projects } = deps
  const onRequest = operatorOnly(deps)
  const shared = { tags: ['projects'], security: operatorSecurity }
  app.post('/v1/projects', {
    schema: { ...shared, summary: 'Create a project', body: Named, response: { 201: Project, ...operatorProblems } },
    onRequest,
    handler: async (request, reply) => {
      const created = await projects.create(request.body.name)
      return reply.code(201).header('location', `/v1/projects/${created.project.id}`).send(answer(reply, created))
    },
  })
  app.get('/v1/projects', {
    schema: { ...shared, summary: 'All projects', response: { 200: Summaries, ...operatorProblems } },
    onRequest,
    handler: async () => {
      const summaries = (await projects.list()).map(({ project: { relationships, ...rest } }) => ({
        ...rest,
        relationshipCount: relationships.length,
      }))
      return { projects: summaries }
    },
  })
  app.get('/v1/projects/:id', {
    schema: { ...shared, summary: 'One project', params: Params, response: { 200: Project, ...operatorProblems } },
    onRequest,
    handler: async (request, reply) => answer(reply, await projects.get(parseProjectId(request.params.id))),
  })
  projectChangeRoutes(app, deps)
}

function projectChangeRoutes(app: GatewayApp, deps: RouteDeps): void {
  const { projects } = deps
  const onRequest = operatorOnly(deps)
  const shared = { tags: ['projects'], security: operatorSecurity, params: Params }
  app.patch('/v1/projects/:id', {
    schema: { ...shared, summary: 'Rename a project', body: Named, response: { 200: Project, ...operatorProblems } },
    onRequest,
    handler: async (request, reply) => {
      const revision = expectedRevision(request.headers['if-match'])
      const id = parseProjectId(request.params.id)
      return answer(reply, await projects.change(id, revision, renamed(request.body.name)))
    },
  })
  app.delete('/v1/projects/:id', {
    schema: {
      ...shared,
      summary: 'Delete a project; its history stays',
      response: { 204: z.null(), ...operatorProblems },
    },
    onRequest,
    handler: async (request, reply) => {
      await projects.remove(parseProjectId(request.params.id), expectedRevision(request.headers['if-match']))
      return reply.code(204).send(null)
    },
  })
  app.get('/v1/projects/:id/history', {
    schema: { ...shared, summary: 'What a project was, oldest first', response: { 200: History, ...operatorProblems } },
    onRequest,
    handler: async request => {
      const revisions = await projects.history(parseProjectId(request.params.id))
      return { revisions: revisions.map(({ atMs, ...rest }) => ({ ...rest, at: new Date(atMs).toISOString() })) }
    },
  })
}

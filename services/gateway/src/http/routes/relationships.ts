import { AppError } from '@forkproof/contracts/errors'
import { RelationshipId } from '@forkproof/contracts/ids'
import { TrustRelationship, TrustRule } from '@forkproof/contracts/trust'
import { z } from 'zod'
import { newRelationshipId } from '../../admission/projects/random-name.ts'
import {
  relationshipOf,
  withoutRelationship,
  withRelationship,
  withRule,
} from '../../admission/projects/relationship-changes.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { operatorOnly } from '../operator-only.ts'
import { expectedRevision, revisionTag } from '../revision.ts'
import { operatorProblems, operatorSecurity, parseProjectId } from './projects.ts'

/**
 * Two lists of 50 paths and refs of 256 characters each, in the longest spelling that JSON has for ASCII, and some
 * room.
 */
const ruleBodyBytesMax = 65_536

const OfProject = z.object({ id: z.string() })
const One = z.object({ id: z.string(), rid: z.string() })
const All = z.object({ relationships: z.array(TrustRelationship) })

function relationshipIdOf(text: string): RelationshipId {
  const parsed = RelationshipId.safeParse(text)
  if (!parsed.success) throw new AppError('relationship_not_found')
  return parsed.data
}

/**
 * Trust relationships are deps of their project: the ETag is the project's, and a change to one is a change of the
 * project.
 */
export function relationshipRoutes(app: GatewayApp, deps: RouteDeps): void {
  const { projects, clock } = deps
  const onRequest = operatorOnly(deps)
  const shared = { tags: ['trust'], security: operatorSecurity, params: OfProject }
  app.post('/v1/projects/:id/relationships', {
    schema: {
      ...shared,
      summary: 'Trust one class of runs of one repository',
      body: TrustRule,
      response: { 201: TrustRelationship, ...operatorProblems },
    },
    onRequest,
    bodyLimit: ruleBodyBytesMax,
    handler: async (request, reply) => {
      const id = parseProjectId(request.params.id)
      const createdAt = new Date(clock.now()).toISOString()
      const relationship = { id: newRelationshipId(), rule: request.body, createdAt }
      const expected = expectedRevision(request.headers['if-match'])
      const { revision } = await projects.change(id, expected, withRelationship(relationship))
      const location = `/v1/projects/${id}/relationships/${relationship.id}`
      return reply
        .code(201)
        .headers({ location, etag: revisionTag(revision) })
        .send(relationship)
    },
  })
  app.get('/v1/projects/:id/relationships', {
    schema: { ...shared, summary: 'In order of precedence', response: { 200: All, ...operatorProblems } },
    onRequest,
    handler: async (request, reply) => {
      const { project, revision } = await projects.get(parseProjectId(request.params.id))
      reply.header('etag', revisionTag(revision))
      return { relationships: project.relationships }
    },
  })
  oneRelationshipRoutes(app, deps)
}

function oneRelationshipRoutes(app: GatewayApp, deps: RouteDeps): void {
  const { projects } = deps
  const onRequest = operatorOnly(deps)
  const shared = { tags: ['trust'], security: operatorSecurity, params: One }
  const url = '/v1/projects/:id/relationships/:rid'
  app.get(url, {
    schema: { ...shared, summary: 'One trust relationship', response: { 200: TrustRelationship, ...operatorProblems } },
    onRequest,
    handler: async (request, reply) => {
      const { project, revision } = await projects.get(parseProjectId(request.params.id))
      const relationship = relationshipOf(project, relationshipIdOf(request.params.rid))
      reply.header('etag', revisionTag(revision))
      return relationship
    },
  })
  app.put(url, {
    schema: {
      ...shared,
      summary: 'Replace its rule',
      body: TrustRule,
      response: { 200: TrustRelationship, ...operatorProblems },
    },
    onRequest,
    bodyLimit: ruleBodyBytesMax,
    handler: async (request, reply) => {
      const [id, rid] = [parseProjectId(request.params.id), relationshipIdOf(request.params.rid)]
      const expected = expectedRevision(request.headers['if-match'])
      const { project, revision } = await projects.change(id, expected, withRule(rid, request.body))
      reply.header('etag', revisionTag(revision))
      return relationshipOf(project, rid)
    },
  })
  app.delete(url, {
    schema: {
      ...shared,
      summary: 'Trust it no more; its access tokens end',
      response: { 204: z.null(), ...operatorProblems },
    },
    onRequest,
    handler: async (request, reply) => {
      const [id, rid] = [parseProjectId(request.params.id), relationshipIdOf(request.params.rid)]
      const expected = expectedRevision(request.headers['if-match'])
      const { revision } = await projects.change(id, expected, withoutRelationship(rid))
      return reply.code(204).header('etag', revisionTag(revision)).send(null)
    },
  })
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { JobTokens } from '../access/job-tokens.ts'
import type { SimulatorState } from '../simulator-state.ts'
import { StateProblem } from '../store/state-problem.ts'
import { artifactRequestSchema } from './artifact-request.ts'
import { artifactMethods } from './artifact-service.ts'
import { TwirpError } from './twirp-error.ts'

const service = 'github.actions.results.api.v1.ArtifactService'
const requestBytesMax = 64 * 1024

/** The artifact service under `/twirp/`, as the unmodified `@actions/artifact` calls it. */
export async function registerArtifactRoutes(
  app: FastifyInstance,
  state: SimulatorState,
  tokens: JobTokens,
): Promise<void> {
  app.setErrorHandler((error, _request, reply) => {
    const twirp = asTwirp(error)
    return reply.status(twirp.status).send({ code: twirp.code, msg: twirp.message })
  })
  app.post<{ Params: { method: string } }>(
    `/twirp/${service}/:method`,
    { bodyLimit: requestBytesMax },
    (request, reply) => call(state, tokens, request).then(answer => reply.send(answer)),
  )
}

async function call(
  state: SimulatorState,
  tokens: JobTokens,
  request: FastifyRequest<{ Params: { method: string } }>,
): Promise<unknown> {
  const caller = await tokens.verify(request.headers.authorization, 'Actions.Results')
  if (caller === undefined) throw new TwirpError('unauthenticated', 'the runtime token is not valid')
  const method = Object.hasOwn(artifactMethods, request.params.method)
    ? artifactMethods[request.params.method]
    : undefined
  if (method === undefined) throw new TwirpError('bad_route', 'no such method')
  const parsed = artifactRequestSchema.safeParse(request.body)
  if (!parsed.success) throw new TwirpError('invalid_argument', 'the request does not have the expected fields')
  const attempt = caller.run.attempts.find(candidate => candidate.number === caller.job.attempt)
  // Any job of the run may be named: downloads name the job that uploaded.
  const named = state.store.jobsByBackendId.get(parsed.data.workflow_job_run_backend_id)
  const isSameRun = named !== undefined && state.store.job(named).runId === caller.run.id
  if (parsed.data.workflow_run_backend_id !== attempt?.backendId || !isSameRun) {
    throw new TwirpError('permission_denied', 'the runtime token is for another run')
  }
  return method(state, caller, parsed.data)
}

function asTwirp(error: unknown): TwirpError {
  if (error instanceof TwirpError) return error
  if (error instanceof StateProblem) return new TwirpError('resource_exhausted', error.message)
  return new TwirpError('invalid_argument', 'the request cannot be read')
}

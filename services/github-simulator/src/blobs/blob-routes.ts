import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SimulatorState } from '../simulator-state.ts'
import { StateProblem } from '../store/state-problem.ts'
import { blobBytesMax } from './blob-store.ts'
import { blobErrorXml, blockIdsOf } from './blob-xml.ts'
import { jobLogText } from './job-log-text.ts'
import type { BlobPermission } from './signed-urls.ts'

interface BlobAddress {
  container: string
  blob: string
}
type BlobRequest = FastifyRequest<{ Params: BlobAddress }>

export const artifactContainer = 'artifacts'
export const jobLogContainer = 'job-logs'

/**
 * The part of Azure Blob Storage that uploads of artifacts and downloads of logs use
 * (https://learn.microsoft.com/rest/api/storageservices/put-blob, put-block, put-block-list, get-blob).
 */
export async function registerBlobRoutes(app: FastifyInstance, state: SimulatorState): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: blobBytesMax }, (_request, body, done) =>
    done(null, body),
  )
  app.put<{ Params: BlobAddress }>('/blobs/:container/:blob', { bodyLimit: blobBytesMax }, (request, reply) =>
    putBlob(state, request, reply),
  )
  app.get<{ Params: BlobAddress }>('/blobs/:container/:blob', (request, reply) => getBlob(state, request, reply))
}

function putBlob(state: SimulatorState, request: BlobRequest, reply: FastifyReply) {
  if (!isAllowed(state, request, 'w') || request.params.container !== artifactContainer) return forbidden(reply)
  const query = queryOf(request)
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const contentType = headerOf(request, 'x-ms-blob-content-type') ?? 'application/octet-stream'
  try {
    return putParts(state, request, reply, { kind: query.get('comp'), body, contentType })
  } catch (error) {
    if (!(error instanceof StateProblem)) throw error
    return sendBlobError(reply, 413, 'RequestBodyTooLarge', error.message)
  }
}

function putParts(
  state: SimulatorState,
  request: BlobRequest,
  reply: FastifyReply,
  part: { kind: string | null; body: Buffer; contentType: string },
) {
  const { blob } = request.params
  if (part.kind === 'block') {
    state.blobs.putBlock(blob, queryOf(request).get('blockid') ?? '', part.body)
  } else if (part.kind === 'blocklist') {
    if (!state.blobs.commit(blob, blockIdsOf(part.body.toString('utf8')), part.contentType)) {
      return sendBlobError(reply, 400, 'InvalidBlockList', 'The specified block list is invalid.')
    }
  } else if (headerOf(request, 'x-ms-blob-type') === 'BlockBlob') {
    state.blobs.put(blob, part.body, part.contentType)
  } else {
    return sendBlobError(reply, 400, 'InvalidHeaderValue', 'x-ms-blob-type must be BlockBlob.')
  }
  const tag = createHash('sha256').update(part.body).digest('hex').slice(0, 16)
  return storageHeaders(reply).status(201).header('etag', `"0x${tag}"`).send()
}

function getBlob(state: SimulatorState, request: BlobRequest, reply: FastifyReply) {
  if (!isAllowed(state, request, 'r')) return forbidden(reply)
  const { container, blob } = request.params
  if (container === jobLogContainer) return sendJobLog(state, Number(blob), reply)
  const found = state.blobs.get(blob)
  if (found === undefined) return blobNotFound(reply)
  const name = queryOf(request).get('name')
  if (name !== null) reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`)
  return storageHeaders(reply).header('content-type', found.contentType).send(found.content)
}

/** A job's log exists once the job is over; until then its signed address gives 404 (docs/facts/github.md#job-logs). */
function sendJobLog(state: SimulatorState, jobId: number, reply: FastifyReply) {
  const job = state.store.jobs.get(jobId)
  const run = job === undefined ? undefined : state.store.runs.get(job.runId)
  const lag = state.behaviour.read(run?.repositoryId).logLagMs
  if (job === undefined || job.completedAt === null || job.completedAt + lag > state.store.now()) {
    return blobNotFound(reply)
  }
  return storageHeaders(reply).header('content-type', 'text/plain; charset=utf-8').send(jobLogText(job))
}

function isAllowed(state: SimulatorState, request: BlobRequest, permission: BlobPermission): boolean {
  const { container, blob } = request.params
  return state.signedUrls.verify(container, blob, permission, queryOf(request), state.store.now())
}

function queryOf(request: FastifyRequest): URLSearchParams {
  return new URL(request.url, 'http://localhost').searchParams
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

function storageHeaders(reply: FastifyReply): FastifyReply {
  return reply.headers({
    'x-ms-version': '2025-07-05',
    'x-ms-request-id': reply.request.id,
    'last-modified': new Date().toUTCString(),
  })
}

function forbidden(reply: FastifyReply) {
  return sendBlobError(reply, 403, 'AuthenticationFailed', 'Server failed to authenticate the request.')
}

function blobNotFound(reply: FastifyReply) {
  return sendBlobError(reply, 404, 'BlobNotFound', 'The specified blob does not exist.')
}

function sendBlobError(reply: FastifyReply, status: number, code: string, message: string) {
  const xml = blobErrorXml(code, message)
  return storageHeaders(reply).status(status).header('x-ms-error-code', code).type('application/xml').send(xml)
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GithubStore } from '../store/github-store.ts'
import type { StoredRun } from '../store/stored-types.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { describeJob, describeLog } from './describe-state.ts'
import { idParams, workflowBody } from './request-schemas.ts'

const workflowBytesMax = 8 * 1024 * 1024
const keepAliveMs = 15_000

export function registerWorkflowControl(app: ControlApp, { state, workflows }: ControlDeps): void {
  const { store } = state

  app.post(
    '/_sim/workflows',
    { bodyLimit: workflowBytesMax, schema: { summary: 'Execute a workflow in the runner', body: workflowBody } },
    (request, reply) => {
      const { repository, workflow, secrets, awaitsApproval, ...run } = request.body
      const started = workflows.start(store.repositoryByFullName(repository), {
        run,
        workflow,
        secrets: secrets ?? {},
        awaitsApproval: awaitsApproval ?? false,
      })
      const { id: runId } = started.run
      return reply.status(201).send({
        runId,
        attempt: 1,
        jobs: started.jobs.map(describeJob),
        eventsUrl: `${state.origin.base}/_sim/runs/${runId}/events`,
        logUrl: `${state.origin.base}/_sim/runs/${runId}/log`,
      })
    },
  )
  app.get(
    '/_sim/runs/:id/log',
    { schema: { summary: 'All log lines so far, without lag', params: idParams } },
    request => describeLog(state, store.run(request.params.id)),
  )
  app.get(
    '/_sim/runs/:id/events',
    { schema: { summary: 'What happens in the run, as server-sent events, from its beginning', params: idParams } },
    (request, reply) => streamEvents(store, store.run(request.params.id), request, reply),
  )
}

/** Server-sent events. `Last-Event-ID` resumes. The stream stays open after the run, which may have another attempt. */
function streamEvents(store: GithubStore, run: StoredRun, request: FastifyRequest, reply: FastifyReply): void {
  const after = Number(request.headers['last-event-id'] ?? 0)
  const pending: string[] = []
  let isOpen = false
  const stop = store.feed(run.id).subscribe(Number.isSafeInteger(after) ? after : 0, event => {
    const text = `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
    if (isOpen) reply.raw.write(text)
    else pending.push(text)
  })
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
  reply.raw.write(`: run ${run.id}\n\n${pending.join('')}`)
  isOpen = true
  const keepAlive = setInterval(() => reply.raw.write(': still here\n\n'), keepAliveMs)
  keepAlive.unref()
  reply.raw.on('close', () => {
    clearInterval(keepAlive)
    stop()
  })
}

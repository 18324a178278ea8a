import type { z } from 'zod'
import { addStep, appendLog, createJob, patchJob, patchStep } from '../store/change-jobs.ts'
import { createRun, patchRun } from '../store/change-runs.ts'
import type { GithubStore } from '../store/github-store.ts'
import type { StoredJob, StoredRun } from '../store/stored-types.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { describeJob, describeRun } from './describe-state.ts'
import {
  activityBody,
  attemptBody,
  idParams,
  jobBody,
  jobPatchBody,
  logBody,
  repositoryParams,
  runBody,
  runPatchBody,
  stepBody,
  stepParams,
  stepPatchBody,
} from './request-schemas.ts'
import { withoutUndefined } from './without-undefined.ts'

export function registerRunControl(app: ControlApp, { state, workflows, activities }: ControlDeps): void {
  const { store } = state

  app.post(
    '/_sim/repositories/:owner/:name/runs',
    {
      schema: {
        summary: 'Create a run of any shape, without executing anything',
        params: repositoryParams,
        body: runBody,
      },
    },
    (request, reply) => {
      const { jobs, ...input } = request.body
      const repository = store.repositoryByFullName(`${request.params.owner}/${request.params.name}`)
      const run = createRun(store, repository, input)
      for (const job of jobs ?? []) createJobWithSteps(store, run, job)
      return reply.status(201).send(describeRun(state, run))
    },
  )
  app.get('/_sim/runs/:id', { schema: { summary: 'Read a run', params: idParams } }, request =>
    describeRun(state, store.run(request.params.id)),
  )
  app.patch('/_sim/runs/:id', { schema: { summary: 'Change a run', params: idParams, body: runPatchBody } }, request =>
    describeRun(state, patchRun(store, store.run(request.params.id), request.body)),
  )
  app.post('/_sim/runs/:id/approve', { schema: { summary: 'Approve a waiting run', params: idParams } }, request => {
    const run = store.run(request.params.id)
    workflows.approve(run)
    return describeRun(state, run)
  })
  app.post(
    '/_sim/runs/:id/cancel',
    { schema: { summary: 'Cancel; answers when it is over', params: idParams } },
    async request => {
      const run = store.run(request.params.id)
      await workflows.cancel(run)
      return describeRun(state, run)
    },
  )
  app.put(
    '/_sim/runs/:id/activity',
    {
      schema: {
        summary: "Other jobs' artifacts appear and steps change, until the run is over; without members all of it ends",
        params: idParams,
        body: activityBody,
      },
    },
    (request, reply) => {
      activities.set(store.run(request.params.id), request.body)
      return reply.status(204).send()
    },
  )
  app.post(
    '/_sim/runs/:id/attempts',
    { schema: { summary: 'Run again: the next attempt', params: idParams, body: attemptBody } },
    async (request, reply) => {
      const { jobs, ...input } = request.body
      const run = store.run(request.params.id)
      await workflows.repeat(run, input)
      for (const job of jobs ?? []) createJobWithSteps(store, run, job)
      return reply.status(201).send(describeRun(state, run))
    },
  )
}

export function registerJobControl(app: ControlApp, { state }: ControlDeps): void {
  const { store } = state

  app.post(
    '/_sim/runs/:id/jobs',
    { schema: { summary: 'Add a job to the latest attempt', params: idParams, body: jobBody } },
    (request, reply) =>
      reply.status(201).send(describeJob(createJobWithSteps(store, store.run(request.params.id), request.body))),
  )
  app.get('/_sim/jobs/:id', { schema: { summary: 'Read a job', params: idParams } }, request =>
    describeJob(store.job(request.params.id)),
  )
  app.patch('/_sim/jobs/:id', { schema: { summary: 'Change a job', params: idParams, body: jobPatchBody } }, request =>
    describeJob(patchJob(store, store.job(request.params.id), request.body)),
  )
  app.post(
    '/_sim/jobs/:id/steps',
    { schema: { summary: 'Add a step', params: idParams, body: stepBody } },
    (request, reply) => {
      const job = store.job(request.params.id)
      addStep(store, job, request.body)
      return reply.status(201).send(describeJob(job))
    },
  )
  app.patch(
    '/_sim/jobs/:id/steps/:number',
    { schema: { summary: 'Rename or finish a step', params: stepParams, body: stepPatchBody } },
    request => {
      const job = store.job(request.params.id)
      patchStep(store, job, request.params.number, withoutUndefined(request.body))
      return describeJob(job)
    },
  )
  app.post(
    '/_sim/jobs/:id/log',
    { schema: { summary: 'Append log lines', params: idParams, body: logBody } },
    (request, reply) => {
      const job = store.job(request.params.id)
      appendLog(store, job, request.body.step, request.body.lines)
      return reply.status(201).send({ jobId: job.id, lineCount: job.log.length })
    },
  )
}

function createJobWithSteps(store: GithubStore, run: StoredRun, body: z.output<typeof jobBody>): StoredJob {
  const { steps, ...input } = body
  const job = createJob(store, run, input)
  for (const step of steps ?? []) addStep(store, job, step)
  return job
}

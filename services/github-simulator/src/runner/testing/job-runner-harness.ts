import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { silentLogger } from '@forkproof/infra/log'
import { createJobRunner, type JobRunner, type JobRunnerOptions } from '../job-runner.ts'
import type { JobAssignment, JobConclusion, JobObserver } from '../runner-port.ts'
import { type JobDefinition, type StepDefinition, workflowDefinitionSchema } from '../workflow-definition.ts'

export const runtimeToken = 'runtime-token-0123456789abcdef'
export const jobToken = 'ghs_0123456789abcdefghijklmnop'

export interface RecordedJob {
  conclusion: JobConclusion
  outputs: Record<string, string>
  /** `number name conclusion` of each step, in order of completion. */
  steps: string[]
  events: string[]
  /** Log lines of all steps, in order. */
  log: string[]
  linesOf(stepNumber: number): string[]
}

export interface RecordedJobRequest {
  steps: StepDefinition[]
  job?: Partial<JobDefinition>
  assignment?: Partial<JobAssignment>
  env?: Record<string, string>
  runner?: Partial<JobRunnerOptions>
  signal?: AbortSignal
  onLine?(line: string): void
  whileRunning?(runner: JobRunner): Promise<void>
}

/** Runs the steps as job `build` and removes its work directory afterwards. */
export async function runRecordedJob(request: RecordedJobRequest): Promise<RecordedJob> {
  const workRoot = await mkdtemp(path.join(os.tmpdir(), 'forkproof-runner-'))
  const recorder = record(request.onLine)
  const runner = createJobRunner({
    workRoot,
    nodePath: process.execPath,
    grace: { interruptMs: 200, terminateMs: 200 },
    log: silentLogger,
    ...request.runner,
  })
  try {
    const execution = runner.execute(
      forkAssignment(request),
      recorder.observer,
      request.signal ?? new AbortController().signal,
    )
    const [result] = await Promise.all([execution, request.whileRunning?.(runner)])
    return { ...result, ...recorder.recorded }
  } finally {
    await runner.stop()
    await rm(workRoot, { recursive: true, force: true })
  }
}

function record(onLine: ((line: string) => void) | undefined) {
  const names = new Map<number, string>()
  const lines: { step: number; line: string }[] = []
  const recorded = {
    steps: [] as string[],
    events: [] as string[],
    log: [] as string[],
    linesOf: (step: number) => lines.filter(entry => entry.step === step).map(entry => entry.line),
  }
  const observer: JobObserver = {
    jobStarted: runnerName => recorded.events.push(`job started on ${runnerName}`),
    stepStarted: ({ number, name }) => {
      names.set(number, name)
      recorded.events.push(`${number} started ${name}`)
    },
    stepRenamed: ({ number, name }) => {
      names.set(number, name)
      recorded.events.push(`${number} renamed ${name}`)
    },
    logLine: (step, line) => {
      lines.push({ step, line })
      recorded.log.push(line)
      onLine?.(line)
    },
    stepCompleted: ({ number, conclusion }) => {
      recorded.steps.push(`${number} ${names.get(number)} ${conclusion}`)
      recorded.events.push(`${number} completed ${conclusion}`)
    },
    jobCompleted: conclusion => recorded.events.push(`job completed ${conclusion}`),
  }
  return { observer, recorded }
}

function forkAssignment(request: RecordedJobRequest): JobAssignment {
  const workflow = workflowDefinitionSchema.parse({
    name: 'CI',
    ...(request.env && { env: request.env }),
    jobs: { build: { 'runs-on': 'ubuntu-latest', ...request.job, steps: request.steps } },
  })
  return {
    workflow,
    jobKey: 'build',
    jobId: 51_234_567_890,
    matrix: {},
    githubContext: forkGithubContext,
    serverUrl: 'http://github.localhost:8090',
    apiUrl: 'http://127.0.0.1:8090',
    resultsUrl: 'http://127.0.0.1:8090',
    runtimeToken,
    secrets: {},
    needsOutputs: {},
    ...request.assignment,
  }
}

/** What a run of pull request 6 of a fork sees. */
const forkGithubContext: Record<string, unknown> = {
  token: jobToken,
  actor: 'contributor',
  actor_id: '2001',
  base_ref: 'main',
  head_ref: 'patch-1',
  event_name: 'pull_request',
  ref: 'refs/pull/6/merge',
  ref_name: '6/merge',
  ref_type: 'branch',
  ref_protected: false,
  repository: 'acme/widgets',
  repository_id: '3001',
  repository_owner: 'acme',
  repository_owner_id: '1001',
  run_id: '10000000001',
  run_number: '12',
  run_attempt: '1',
  sha: 'a'.repeat(40),
  workflow: 'CI',
  workflow_ref: 'acme/widgets/.github/workflows/ci.yml@refs/pull/6/merge',
  workflow_sha: 'a'.repeat(40),
  event: {
    action: 'opened',
    number: 6,
    pull_request: { number: 6, title: 'Fix it', head: { repo: { id: 3002 } }, base: { repo: { id: 3001 } } },
  },
}

import type { Logger } from '@forkproof/infra/log'
import type { ActionsRoot } from './action/resolve-action.ts'
import { watchCancellation } from './job/job-cancellation.ts'
import { createJobDirectories, removeJobDirectories } from './job/job-directories.ts'
import { createJobSession, type RunnerSettings } from './job/job-session.ts'
import { runJob } from './job/run-job.ts'
import type { KillGrace } from './process/process-group.ts'
import { cancelledJobMs, interruptGraceMs, jobTimeoutMinutesDefault, terminateGraceMs } from './runner-limits.ts'
import type { JobAssignment, JobObserver, RunnerPort } from './runner-port.ts'

export interface JobRunnerOptions {
  /** Jobs get a directory below this one, which is removed when they end. */
  workRoot: string
  /** The Node 24 that runs JavaScript actions. */
  nodePath: string
  actionsRoot?: ActionsRoot
  /** PATH of the steps; without it that of a plain Linux system. The simulator's own PATH is not used. */
  basePath?: string
  grace?: KillGrace
  /** How long `always()` steps of a cancelled job may take, in milliseconds. */
  cancelledJobMs?: number
  log: Logger
}

export interface JobRunner extends RunnerPort {
  /** Ends all jobs at once, their `always()` steps too, and waits until they are gone. */
  stop(): Promise<void>
}

const plainPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const firstRunnerNumber = 1_000_000_001

/**
 * A runner that executes jobs as real processes of this machine's user. It keeps the environments and files of jobs
 * apart, but it is no sandbox: whoever can give it a workflow can do what that user can.
 */
export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const settings: RunnerSettings = {
    actionsRoot: {},
    basePath: plainPath,
    grace: { interruptMs: interruptGraceMs, terminateMs: terminateGraceMs },
    cancelledJobMs,
    ...options,
  }
  const stop = new AbortController()
  const running = new Set<Promise<unknown>>()
  let runnerNumber = firstRunnerNumber
  return {
    execute(assignment, observer, signal) {
      const runnerName = `GitHub Actions ${runnerNumber++}`
      const execution = execute(settings, runnerName, assignment, observer, { signal, stop: stop.signal })
      running.add(execution)
      return execution.finally(() => running.delete(execution))
    },
    async stop() {
      stop.abort()
      await Promise.allSettled(running)
    },
  }
}

async function execute(
  settings: RunnerSettings,
  runnerName: string,
  assignment: JobAssignment,
  observer: JobObserver,
  signals: { signal: AbortSignal; stop: AbortSignal },
): ReturnType<RunnerPort['execute']> {
  const job = assignment.workflow.jobs[assignment.jobKey]
  if (!job) throw new RangeError(`the workflow has no job ${assignment.jobKey}`)
  observer.jobStarted(runnerName)
  const repository = assignment.githubContext['repository']
  const directories = await createJobDirectories({
    workRoot: settings.workRoot,
    nodePath: settings.nodePath,
    jobId: assignment.jobId,
    repositoryName: (typeof repository === 'string' ? repository.split('/')[1] : undefined) ?? 'repository',
    event: assignment.githubContext['event'],
  })
  const timeoutMs = (job['timeout-minutes'] ?? jobTimeoutMinutesDefault) * 60_000
  const cancellation = watchCancellation({ ...signals, timeoutMs, cancelledJobMs: settings.cancelledJobMs })
  try {
    const session = createJobSession({ settings, assignment, job, runnerName, directories, cancellation, observer })
    const { conclusion, outputs } = await runJob(session)
    observer.jobCompleted(conclusion)
    return { conclusion, outputs }
  } finally {
    cancellation.dispose()
    await removeJobDirectories(directories).catch((error: unknown) => {
      settings.log.warn({ err: error, jobId: assignment.jobId }, 'the directory of a job could not be removed')
    })
  }
}

import { JobId, RunAttempt, RunId } from '@forkproof/contracts/ids'
import type { RunHint } from '@forkproof/contracts/run-hint'

type HintOf<About extends RunHint['about']> = Extract<RunHint, { about: About }>

/** Hints about `rawRun`, its job and its pull request. */
export const runHint = (changes: Partial<HintOf<'run'>> = {}): RunHint => ({
  about: 'run',
  repositoryId: '1001',
  runId: RunId.parse('9000000001'),
  attempt: RunAttempt.parse('1'),
  action: 'completed',
  ...changes,
})

export const jobHint = (changes: Partial<HintOf<'job'>> = {}): RunHint => ({
  about: 'job',
  repositoryId: '1001',
  runId: RunId.parse('9000000001'),
  attempt: RunAttempt.parse('1'),
  jobId: JobId.parse('8000000001'),
  action: 'in_progress',
  ...changes,
})

export const pullRequestHint = (headSha: string, changes: Partial<HintOf<'pull request'>> = {}): RunHint => ({
  about: 'pull request',
  repositoryId: '1001',
  headSha,
  action: 'closed',
  ...changes,
})

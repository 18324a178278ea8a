import { collectFileCommands, createFileCommands, type FileCommandResults } from '../files/file-commands.ts'
import { CommandProcessor } from '../output/command-processor.ts'
import { type ProcessEnd, runProcess } from '../process/run-process.ts'
import { stepOutputsMax } from '../runner-limits.ts'
import type { StepDefinition } from '../workflow-definition.ts'
import type { JobSession } from './job-session.ts'
import type { StepFrame, StepGithubValues } from './step-contexts.ts'
import { stepEnvironment } from './step-environment.ts'

/** Something to do after the job's steps, registered by a step that ran. */
export interface PostAction {
  condition: string
  run(execution: {
    stepNumber: number
    env: Readonly<Record<string, string>>
    signal: AbortSignal
  }): Promise<BodyResult>
}

/** One execution of a step's body. */
export interface StepRun {
  session: JobSession
  frame: StepFrame
  step: StepDefinition
  stepNumber: number
  /** The step's env context. */
  env: Readonly<Record<string, string>>
  github: StepGithubValues
  signal: AbortSignal
  registerPost(post: PostAction): void
  /** Runs a step of a composite action; handed down so that the modules need not import each other in a circle. */
  runNested(run: StepRun): Promise<BodyResult>
}

export interface BodyResult {
  result: 'success' | 'failure' | 'aborted'
  outputs: Record<string, string>
}

interface ProgramRequest {
  file: string
  args: readonly string[]
  directory: string
  variables: Readonly<Record<string, string>>
  javascript: boolean
  /** What GITHUB_STATE collects; absent where there is no later stage to read it. */
  state?: Map<string, string>
}

type ProgramRun = Pick<StepRun, 'session' | 'stepNumber' | 'env' | 'github' | 'signal'>

/** Runs a step's program with its environment, command files and output commands; applies what it asked for. */
export async function runStepProgram(
  run: ProgramRun,
  request: ProgramRequest,
): Promise<BodyResult & { end: ProcessEnd }> {
  const { session, stepNumber } = run
  const files = await createFileCommands(session.directories.temp)
  const processor = new CommandProcessor({
    feed: session.feed,
    masker: session.masker,
    stepNumber,
    showDebug: session.secrets['ACTIONS_STEP_DEBUG'] === 'true',
  })
  const end = await runProcess({
    file: request.file,
    args: request.args,
    directory: request.directory,
    environment: stepEnvironment(session, { ...request, env: run.env, github: { ...run.github, ...files } }),
    onLine: line => processor.line(line),
    onStarted: groupId => session.groupIds.add(groupId),
    signal: run.signal,
    grace: session.settings.grace,
  })
  const results = await collectFileCommands(files)
  const outputs = applyFileCommands(run, results, request.state)
  if (end.kind === 'not-started') session.feed.error(stepNumber, end.reason)
  if (end.kind === 'aborted') return { end, result: 'aborted', outputs }
  const failed = end.kind !== 'exited' || end.code !== 0 || processor.failed || results.problems.length > 0
  return { end, result: failed ? 'failure' : 'success', outputs }
}

function applyFileCommands(
  run: ProgramRun,
  results: FileCommandResults,
  state: Map<string, string> | undefined,
): Record<string, string> {
  const { session, stepNumber } = run
  for (const [name, value] of results.environment) {
    if (isBlocked(name) || value.includes('\0')) {
      session.feed.error(
        stepNumber,
        `Can't store ${name.replaceAll('\0', '')} output parameter using '$GITHUB_ENV' command.`,
      )
    } else {
      session.environment.set(name, value)
    }
  }
  for (const entry of results.paths) {
    const known = session.prependedPaths.indexOf(entry)
    if (known >= 0) session.prependedPaths.splice(known, 1)
    session.prependedPaths.push(entry)
  }
  for (const [name, value] of results.state) state?.set(name, value)
  for (const problem of results.problems) session.feed.error(stepNumber, problem)
  return Object.fromEntries(results.outputs.slice(0, stepOutputsMax))
}

/** Would let one step run code in every later action's process. A NUL cannot be in an environment at all. */
function isBlocked(name: string): boolean {
  return name.toUpperCase() === 'NODE_OPTIONS' || name.includes('\0')
}

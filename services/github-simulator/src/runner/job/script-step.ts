import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ActionError } from '../action/action-manifest.ts'
import { interpolateText } from '../expression/evaluate-expression.ts'
import { findShellProgram } from '../process/find-shell-program.ts'
import { stepScope } from './step-contexts.ts'
import { searchPath } from './step-environment.ts'
import { type BodyResult, runStepProgram, type StepRun } from './step-process.ts'

interface Shell {
  file: string
  args: readonly string[]
  extension: string
}

const scriptPlaceholder = '{0}'

/** Runs a `run:` step. Throws TemplateError or ActionError when it cannot even start. */
export async function runScript(run: StepRun): Promise<BodyResult> {
  const { session, step } = run
  const scope = stepScope(session, run.frame, run.env, run.github)
  const script = interpolateText(step.run ?? '', scope).replaceAll('\r\n', '\n')
  const chosen = chooseShell(step.shell === undefined ? undefined : interpolateText(step.shell, scope))
  const program = await findShellProgram(chosen.file, searchPath(session, run.env['PATH']))
  if (program === undefined) throw new ActionError(`${chosen.file}: command not found`)
  const shell = { ...chosen, file: program }
  const workspace = session.directories.workspace
  const directory = path.resolve(workspace, interpolateText(step['working-directory'] ?? '', scope))
  printScript(run, script, shell)
  const scriptFile = path.join(session.directories.temp, randomUUID() + shell.extension)
  await writeFile(scriptFile, script)
  const { end, result, outputs } = await runStepProgram(run, {
    file: shell.file,
    args: shell.args.map(argument => argument.replaceAll(scriptPlaceholder, scriptFile)),
    directory,
    variables: {},
    javascript: false,
  })
  if (end.kind === 'exited' && end.code !== 0) {
    session.feed.error(run.stepNumber, `Process completed with exit code ${end.code}.`)
  }
  return { result, outputs }
}

/** GitHub's rules: without `shell`, bash stops at the first error; `shell: bash` also at one within a pipe. */
function chooseShell(shell: string | undefined): Shell {
  const given = shell?.trim() ?? ''
  if (given === '') return { file: 'bash', args: ['-e', scriptPlaceholder], extension: '.sh' }
  if (given === 'bash') {
    return {
      file: 'bash',
      args: ['--noprofile', '--norc', '-e', '-o', 'pipefail', scriptPlaceholder],
      extension: '.sh',
    }
  }
  if (given === 'sh') return { file: 'sh', args: ['-e', scriptPlaceholder], extension: '.sh' }
  if (given === 'node') return { file: 'node', args: [scriptPlaceholder], extension: '.js' }
  const [file = '', ...args] = given.split(/\s+/)
  if (!args.some(argument => argument.includes(scriptPlaceholder))) {
    throw new ActionError(
      "Invalid shell option. Shell must be a valid built-in (bash, sh, node) or a format string containing '{0}'",
    )
  }
  return { file, args, extension: '' }
}

function printScript(run: StepRun, script: string, shell: Shell): void {
  const { feed } = run.session
  const firstLine = script.trimStart().split('\n', 1)[0] ?? ''
  feed.write(run.stepNumber, `##[group]Run ${firstLine}`)
  for (const line of script.replace(/\n+$/, '').split('\n')) feed.write(run.stepNumber, `\u001b[36;1m${line}\u001b[0m`)
  feed.write(run.stepNumber, `shell: ${[shell.file, ...shell.args].join(' ')}`)
  printEnvironment(run)
  feed.write(run.stepNumber, '##[endgroup]')
}

/** The `env:` block, which shows workflow, job and step environment but not what the runner adds. */
export function printEnvironment(run: Pick<StepRun, 'session' | 'stepNumber' | 'env'>): void {
  const entries = Object.entries(run.env)
  if (entries.length === 0) return
  run.session.feed.write(run.stepNumber, 'env:')
  for (const [name, value] of entries) run.session.feed.write(run.stepNumber, `  ${name}: ${value}`)
}

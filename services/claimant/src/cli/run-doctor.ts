import { randomBytes } from 'node:crypto'
import { appendFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Audience } from '@forkproof/contracts/ids'
import { deadlineAfter } from '../claiming/claim-clock.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { nativeToken } from '../claiming/native-token.ts'
import { GithubReader } from '../doctor/github-reader.ts'
import { doctorLimits } from '../doctor/limits.ts'
import { doctorReport, reportText } from '../doctor/report.ts'
import { doctorCode, readDoctorRun, runChecks } from '../doctor/run-checks.ts'
import { obstacleFailure } from '../environment/claim-obstacles.ts'
import { readEventFile } from '../environment/event-file.ts'
import { recogniseRun } from '../environment/run-environment.ts'
import type { DoctorCommand } from './doctor-arguments.ts'
import { type CliTerminal, cliDeps, exitCode } from './terminal.ts'

const audience = Audience.parse('forkproof-doctor')

/** First step: makes the code and the file that the next step uploads under its name. @throws ClaimFailure */
export async function beginDoctor({ env, out }: CliTerminal): Promise<number> {
  const run = readDoctorRun(env)
  if (run === undefined) throw obstacleFailure('not_in_actions')
  const code = doctorCode(run.attempt, randomBytes(16).toString('hex'))
  const file = path.join(env['RUNNER_TEMP'] || tmpdir(), `${code}.txt`)
  await writeFile(file, 'The name of this artifact is a test of forkproof doctor. It can be deleted.\n')
  if (env['GITHUB_OUTPUT']) await appendFile(env['GITHUB_OUTPUT'], `code=${code}\nfile=${file}\n`)
  out(`${code}\n`)
  return exitCode.done
}

/**
 * Last step, named `proof` and the code: tries what the service relies on at GitHub, and prints the report.
 * Resolves to 1 when something is not as expected.
 * @throws ClaimFailure
 */
export async function runDoctor(
  command: Extract<DoctorCommand, { kind: 'doctor' }>,
  terminal: CliTerminal,
): Promise<number> {
  const { env, version } = terminal
  const read = readDoctorRun(env)
  if (read === undefined) throw obstacleFailure('not_in_actions')
  const token = env['GITHUB_TOKEN']
  if (!token) throw tokenMissing()
  const deps = cliDeps(terminal)
  const where = recogniseRun(env, await readEventFile(env['GITHUB_EVENT_PATH']))
  const run = { ...read, fork: where.kind === 'claim', jobId: command.jobId, code: command.code }
  const deadline = deadlineAfter(doctorLimits.wholeTimeoutMs, deps.clock).signal
  const github = new GithubReader(
    { apiUrl: env['GITHUB_API_URL'] || 'https://api.github.com', token },
    deps.clock,
    deadline,
  )
  const native = async () =>
    where.kind === 'native'
      ? (await nativeToken(where.oidc, audience, deps, doctorLimits.requestTimeoutMs)).jwt
      : undefined
  const findings = await runChecks({ run, github, deps, deadline, nativeToken: native })
  const eventName = env['GITHUB_EVENT_NAME'] ?? 'unknown'
  const server = env['GITHUB_SERVER_URL'] ?? 'unknown'
  const report = doctorReport(run, findings, { release: version, eventName, server, requests: github.requests })
  const text = reportText(report)
  terminal.out(text)
  if (command.jsonFile !== undefined) await writeFile(command.jsonFile, `${JSON.stringify(report, null, 2)}\n`)
  const summary = env['GITHUB_STEP_SUMMARY']
  if (summary) await appendFile(summary, `\`\`\`text\n${text}\`\`\`\n`)
  return report.checks.some(check => check.status === 'failed') ? exitCode.failed : exitCode.done
}

const tokenMissing = () =>
  new ClaimFailure('cannot', 'github_token_missing', {
    title: 'There is no GITHUB_TOKEN to read GitHub’s API with',
    advice:
      'Set the variable GITHUB_TOKEN of the step to the expression github.token, and give the job `permissions: { actions: read }`.',
  })

import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import { challengeStepName } from '@forkproof/contracts/challenge'
import { agreeOnChannels } from '../claiming/agree-on-channels.ts'
import { deadlineAfter } from '../claiming/claim-clock.ts'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { showAndCollect } from '../claiming/claim-token.ts'
import { describeToken, type ObtainedToken, obtainNative } from '../claiming/obtain-token.ts'
import { type OpenClaim, openClaim } from '../claiming/open-claim.ts'
import { obstacleFailure } from '../environment/claim-obstacles.ts'
import type { EnvironmentVariables, RunEnvironment } from '../environment/run-environment.ts'
import type { CliCommand } from './arguments.ts'
import { readClaimState, removeClaimState, writeClaimState } from './claim-state.ts'

/** Value of the output `code` when GitHub's own token makes a proof unnecessary. */
const codeNotNeeded = 'not-needed'

/** First step: opens the claim and stores it. Resolves to the code, which is public. @throws ClaimFailure */
export async function beginToken(
  command: Extract<CliCommand, { kind: 'begin' }>,
  where: RunEnvironment,
  env: EnvironmentVariables,
  deps: ClaimDeps,
): Promise<string> {
  if (where.kind === 'cannot') throw obstacleFailure(where.reason)
  const { settings } = command
  const stateFile = stateFileOf(command.stateFile, env)
  if (where.kind === 'native') {
    await writeClaimState(stateFile, { source: 'github', audience: settings.audience })
    await setOutput(env, codeNotNeeded)
    return codeNotNeeded
  }
  const deadline = deadlineAfter(settings.timeoutMs, deps.clock)
  const options = { ...settings, run: where.run, channels: command.channels, place: 'two steps' } as const
  const channels = await agreeOnChannels(options, deadline.signal)
  const claim = await openClaim({ ...options, channels }, deps, deadline)
  await writeClaimState(stateFile, { source: 'forkproof', claim })
  await setOutput(env, claim.challengeCode)
  deps.journal.say(
    `Claim ${claim.key.claimId} is open until ${claim.expiresAt}. Now name the next step: ${challengeStepName(claim.challengeCode)}`,
  )
  return claim.challengeCode
}

/** Whether an earlier step of this job began a claim, so that this step may finish it. */
export async function hasBegunClaim(env: EnvironmentVariables): Promise<boolean> {
  return Boolean(env['RUNNER_TEMP']) && (await readClaimState(stateFileOf(undefined, env))) !== undefined
}

/** Second step, whose name is the code: collects the token. The state file is always removed. @throws ClaimFailure */
export async function finishToken(
  command: Pick<Extract<CliCommand, { kind: 'finish' }>, 'stateFile' | 'timeoutMs'>,
  where: RunEnvironment,
  env: EnvironmentVariables,
  deps: ClaimDeps,
): Promise<ObtainedToken> {
  const stateFile = stateFileOf(command.stateFile, env)
  try {
    const begun = await readClaimState(stateFile)
    if (!begun) throw notBegun()
    if (begun.source === 'forkproof') return await finishClaim(begun.claim, command.timeoutMs, deps)
    if (where.kind !== 'native') throw notBegun()
    const options = { audience: begun.audience, timeoutMs: command.timeoutMs }
    const token = await obtainNative(where, options, deps)
    deps.journal.say(describeToken(token, begun.audience))
    return token
  } finally {
    await removeClaimState(stateFile)
  }
}

async function finishClaim(claim: OpenClaim, timeoutMs: number, deps: ClaimDeps): Promise<ObtainedToken> {
  const startedAtMs = deps.clock.now()
  const idToken = await showAndCollect(claim, deps, deadlineAfter(timeoutMs, deps.clock))
  const tookMs = deps.clock.now() - startedAtMs
  const token: ObtainedToken = { ...idToken, source: 'forkproof', claimId: claim.key.claimId, tookMs }
  deps.journal.say(describeToken(token, claim.audience))
  return token
}

function stateFileOf(given: string | undefined, env: EnvironmentVariables): string {
  if (given !== undefined) return given
  const directory = env['RUNNER_TEMP']
  if (directory) return path.join(directory, 'forkproof-claim.json')
  throw new ClaimFailure('cannot', 'state_file_missing', {
    title: 'There is no place for the claim between the two steps',
    advice: 'Name one with --state-file (RUNNER_TEMP is not set here).',
  })
}

async function setOutput(env: EnvironmentVariables, code: string): Promise<void> {
  const file = env['GITHUB_OUTPUT']
  if (file) await appendFile(file, `code=${code}\n`)
}

const notBegun = () =>
  new ClaimFailure('cannot', 'claim_not_begun', {
    title: 'There is no claim to finish',
    advice: 'Run `forkproof token --begin` in an earlier step of the same job, and --finish only once.',
  })

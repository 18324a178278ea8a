import { challengeSentence } from '@forkproof/contracts/challenge'
import { type Channel, channelTable } from '@forkproof/contracts/channels'
import { boundedRequest } from './bounded-request.ts'
import { type ArtifactStore, type ClaimDeps, UploadInterruptedError } from './claim-deps.ts'
import { ClaimFailure } from './claim-failure.ts'
import { claimantLimits } from './limits.ts'
import type { OpenClaim } from './open-claim.ts'

/**
 * Tells the issuer that the code is out. Only a hint: nothing waits for it, and its failure changes nothing. A hint can
 * be lost on its way, so it is told again while the token is waited for.
 */
export class ShownHint {
  readonly #claim: OpenClaim
  readonly #stop: AbortSignal
  #isOut = false

  constructor(claim: OpenClaim, stop: AbortSignal) {
    this.#claim = claim
    this.#stop = stop
  }

  tell(): void {
    this.#isOut = true
    boundedRequest({
      method: 'POST',
      url: `${this.#claim.issuer}/claims/${this.#claim.key.claimId}/shown`,
      timeoutMs: claimantLimits.shownTimeoutMs,
      signal: this.#stop,
    }).catch(() => undefined)
  }

  tellAgain(): void {
    if (this.#isOut) this.tell()
  }
}

/**
 * Prints the sentence at once and then every second, alone on its line, until told to stop. Repeats the hint that the
 * code is out as well, if it is.
 * It does so for every channel, because old issuers and people look for it in the log and it costs nothing.
 * Never rejects.
 */
export async function repeatSentence(
  claim: OpenClaim,
  hint: ShownHint,
  deps: ClaimDeps,
  stop: AbortSignal,
): Promise<void> {
  for (let lines = 0; !stop.aborted; lines++) {
    deps.journal.say(challengeSentence(claim.challengeCode))
    if (lines % claimantLimits.sentencesPerHint === 0) hint.tellAgain()
    await deps.clock.sleep(claimantLimits.sentenceIntervalMs, stop).catch(() => undefined)
  }
}

/**
 * Shows the code in every channel that the issuer polls, and tells the issuer.
 * Resolves with the first channel. Only then is the token asked for, so that the issuer's first poll finds something.
 * @throws ClaimFailure when the code can be shown nowhere
 */
export async function showCode(claim: OpenClaim, hint: ShownHint, deps: ClaimDeps, stop: AbortSignal): Promise<void> {
  const { artifacts } = deps
  const uploads =
    artifacts !== undefined && claim.channels.some(channel => channelTable[channel].shownBy === 'artifact')
  const ways: Promise<void>[] = []
  // If an artifact follows, the issuer is told only after the upload: it watches logs anyway, and told now it would
  // spend a request on a listing that is still empty.
  if (claim.channels.some(isShownAlready)) {
    if (!uploads) hint.tell()
    ways.push(Promise.resolve())
  }
  if (uploads) ways.push(uploadCode(claim, artifacts, deps, stop).then(() => hint.tell()))
  await Promise.any(ways).catch((error: AggregateError) => {
    if (stop.aborted) throw timedOut()
    const interrupted = error.errors.some(one => one instanceof UploadInterruptedError)
    throw new ClaimFailure(interrupted ? 'unavailable' : 'cannot', 'code_not_shown', {
      title: 'The challenge code could not be shown where the issuer looks for it',
      detail: `The issuer looks at: ${claim.channels.join(', ') || 'nothing that this client can do'}.`,
      advice:
        'Run the job again. If it stays so, use the two-step form of the command line, which needs no artifacts (`forkproof token --step-name` shows it).',
    })
  })
}

/** Whether the code is to be found there without anything more to do. */
function isShownAlready(channel: Channel): boolean {
  const { shownBy } = channelTable[channel]
  switch (shownBy) {
    case 'printed sentence':
      // repeatSentence prints it.
      return true
    case 'step name':
      // The workflow gave the name to the step that runs this program (`--finish`).
      return true
    case 'artifact':
      return false
  }
}

async function uploadCode(claim: OpenClaim, artifacts: ArtifactStore, deps: ClaimDeps, stop: AbortSignal) {
  const startedAtMs = deps.clock.now()
  try {
    await rejectOnAbort(artifacts.upload(claim.challengeCode), stop)
    deps.journal.say(`The code is up as an artifact after ${deps.clock.now() - startedAtMs} ms.`)
  } catch (error) {
    if (!stop.aborted) deps.journal.warn('The code could not be uploaded as an artifact.')
    throw error
  }
}

/** Stops the wait, not the upload itself: `@actions/artifact` takes no signal. Rejects with the signal's reason. */
function rejectOnAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

const timedOut = () =>
  new ClaimFailure('unavailable', 'timeout', { title: 'The challenge code could not be shown in time' })

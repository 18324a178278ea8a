import type { RunEvent } from '../github/simulated-github.ts'
import { buildStepName, claimMarker, claimStepName, verifyStepName } from './fork-workflow.ts'

/** What the demo has learnt from the run so far. Times are milliseconds since the epoch, of the simulator's clock. */
export interface DemoRecord {
  readonly claimStepStartedAt?: number
  readonly claimedAt?: number
  readonly shownAt?: number
  readonly tokenAt?: number
  readonly claims?: Record<string, unknown>
  readonly buildStepStartedAt?: number
  readonly builderReadyAt?: number
  readonly builtAt?: number
  /** Of the image, the first one where there are several. */
  readonly digest?: string
  readonly conclusion?: string
}

/** What the claimant says when a builder is ready, and what BuildKit writes of an image. */
const builderReady = /^The builder for linux\/[a-z0-9]+ is ready/
const imageDigest = /"containerimage\.digest": ?"(sha256:[0-9a-f]{64})"/
const sentence = /^Waiting for OIDC auth challenge (forkproof-[0-9a-f]{64})$/

/** One event of the run: what is known after it, and what to tell. Pure. */
export function narrate(record: DemoRecord, event: RunEvent): { record: DemoRecord; lines: string[] } {
  const since = (start: number | undefined) => (start === undefined ? '' : ` after ${event.at - start} ms`)
  if (event.type === 'step-started' && event.name === claimStepName) {
    return { record: { ...record, claimStepStartedAt: event.at }, lines: [`▸ step: ${event.name}`] }
  }
  if (event.type === 'step-started' && event.name === buildStepName) {
    return { record: { ...record, buildStepStartedAt: event.at }, lines: [`▸ step: ${event.name}`] }
  }
  if (event.type === 'step-started') return { record, lines: [`▸ step: ${event.name ?? ''}`] }
  if (event.type === 'log') return narrateLine(record, event, since)
  if (event.type === 'artifact' && event.name?.startsWith('forkproof-')) {
    const shown = { ...record, shownAt: record.shownAt ?? event.at }
    return { record: shown, lines: [`  ● code shown as an artifact${since(record.claimedAt)}`] }
  }
  if (event.type === 'step-completed' && event.name === claimStepName && event.conclusion === 'success') {
    return {
      record: { ...record, tokenAt: event.at },
      lines: [`  ● token minted and opened in the run${since(record.shownAt)}`],
    }
  }
  if (event.type === 'step-completed' && event.name === verifyStepName && event.conclusion === 'success') {
    return { record, lines: ['  ● the independent client found it valid'] }
  }
  if (event.type === 'step-completed' && event.conclusion !== 'success')
    return { record, lines: [`  ✗ step ended: ${event.conclusion}`] }
  if (event.type === 'run-completed')
    return {
      record: { ...record, conclusion: event.conclusion ?? 'unknown' },
      lines: [`▸ run completed: ${event.conclusion}`],
    }
  return { record, lines: [] }
}

function narrateLine(record: DemoRecord, event: RunEvent, since: (start: number | undefined) => string) {
  const line = event.line ?? ''
  const lines = line.startsWith('##[') ? [] : [`    │ ${line}`]
  const code = sentence.exec(line)?.[1]
  if (code && record.claimedAt === undefined) {
    const claimed = { ...record, claimedAt: event.at, shownAt: event.at }
    return {
      record: claimed,
      lines: [...lines, `  ● claimed${since(record.claimStepStartedAt)}; the code is shown in the log`],
    }
  }
  if (line.startsWith(claimMarker)) {
    const [name, value]: [string, unknown] = JSON.parse(line.slice(claimMarker.length))
    return {
      record: { ...record, claims: { ...record.claims, [name]: value } },
      lines: [`    ✓ ${name.padEnd(26)} ${value}`],
    }
  }
  if (builderReady.test(line)) {
    return {
      record: { ...record, builderReadyAt: event.at },
      lines: [...lines, `  ● builder ready${since(record.buildStepStartedAt)}, its isolation checked from inside`],
    }
  }
  const digest = imageDigest.exec(line)?.[1]
  if (digest) {
    const built = { ...record, builtAt: event.at, digest: record.digest ?? digest }
    return { record: built, lines: [...lines, `  ● image ${digest} built${since(record.builderReadyAt)}`] }
  }
  return { record, lines }
}

import type { LogLine, StepSnapshot, StoredArtifact, StoredJob } from './stored-types.ts'

/** A step as a reader with a lag sees it. */
interface SeenStep extends StepSnapshot {
  number: number
  webId: string
}

/** The steps as they stood at `asOf` (epoch ms); a step that began later is not there yet. */
export function stepsAsOf(job: StoredJob, asOf: number): SeenStep[] {
  const seen: SeenStep[] = []
  for (const step of job.steps) {
    const snapshot = step.snapshots.findLast(candidate => candidate.at <= asOf)
    if (snapshot !== undefined) seen.push({ ...snapshot, number: step.number, webId: step.webId })
  }
  return seen
}

/** The last `linesMax` lines of one step that were out at `asOf`, with their index within the step. */
export function logTailAsOf(
  job: StoredJob,
  step: number,
  asOf: number,
  linesMax: number,
): { index: number; entry: LogLine }[] {
  const lines: { index: number; entry: LogLine }[] = []
  let index = 0
  for (const entry of job.log) {
    if (entry.at > asOf) break
    if (entry.step !== step) continue
    lines.push({ index, entry })
    index += 1
  }
  return lines.slice(-linesMax)
}

export function isArtifactListed(artifact: StoredArtifact, asOf: number): boolean {
  const isDeleted = artifact.deletedAt !== null && artifact.deletedAt <= asOf
  return artifact.listedAt !== null && artifact.listedAt <= asOf && !isDeleted
}

import type { Clock } from '@forkproof/infra/clock'
import type { RunReader } from '../github/run-reader.ts'
import { RunSources } from '../observer/run-sources.ts'

/** Sources whose every reading fails with this error, as a defect of ours would make them. */
export function brokenSources(defect: Error, clock: Clock): RunSources {
  const fail = () => Promise.reject(defect)
  const reader: RunReader = {
    run: fail,
    jobs: fail,
    job: fail,
    newestArtifacts: fail,
    artifactsNamed: fail,
    pullRequests: fail,
    pullRequestEvents: fail,
    jobLog: fail,
    slowdown: () => 1,
  }
  return new RunSources(reader, clock, new AbortController().signal)
}

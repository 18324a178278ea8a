import type { StoredJob } from '../store/stored-types.ts'

/** The downloadable log of a job: UTF-8 with a byte order mark and timestamps (docs/facts/github.md#runner). */
export function jobLogText(job: StoredJob): string {
  const lines = job.log.map(entry => `${new Date(entry.at).toISOString().slice(0, 23)}0000Z ${entry.line}`)
  return `\u{feff}${lines.join('\n')}${lines.length > 0 ? '\n' : ''}`
}

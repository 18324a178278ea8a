import type { Job } from '../state/model.ts'

/** The downloadable log of a whole job: UTF-8 with a byte order mark, a 100 ns timestamp before each line (facts E3). */
export function jobLogText(job: Job): string {
  const lines = job.log.map(entry => `${new Date(entry.at).toISOString().slice(0, 23)}0000Z ${entry.line}`)
  return `\u{feff}${lines.join('\n')}${lines.length > 0 ? '\n' : ''}`
}

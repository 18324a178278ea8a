import * as core from '@actions/core'
import { readSettings, type Settings } from '../environment/settings.ts'

const names = { issuer: 'issuer', audience: 'audience', jobId: 'job-id', timeoutSeconds: 'timeout-seconds' } as const

/** The Action's inputs and the runner's variables. The only reader of the environment here. */
export function readActionConfig(): { settings: Settings; env: NodeJS.ProcessEnv } | { problems: string[] } {
  const sendJobId = core.getInput('send-job-id').toLowerCase()
  const wrongFlag = ['', 'true', 'false'].includes(sendJobId) ? [] : ['send-job-id: must be true or false']
  const read = readSettings(
    {
      issuer: core.getInput(names.issuer),
      audience: core.getInput(names.audience),
      // Binding the token to the job costs the issuer one more request to GitHub, so it is asked for, not assumed.
      jobId: sendJobId === 'true' ? core.getInput(names.jobId) : '',
      timeoutSeconds: core.getInput(names.timeoutSeconds),
    },
    names,
  )
  if ('problems' in read) return { problems: [...read.problems, ...wrongFlag] }
  if (wrongFlag.length > 0) return { problems: wrongFlag }
  return { settings: read.settings, env: process.env }
}

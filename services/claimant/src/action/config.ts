import * as core from '@actions/core'
import { type BuildSettings, readBuildSettings } from '../environment/build-settings.ts'
import { type ClaimSettings, readSettings } from '../environment/claim-settings.ts'

const names = {
  issuer: 'issuer',
  audience: 'audience',
  jobId: 'job-id',
  timeoutSeconds: 'timeout-seconds',
  project: 'project',
  platforms: 'platforms',
} as const
/** Value of `platforms` for jobs whose later steps lease their builders themselves. */
const noPlatform = 'none'

/** Present when the job builds after it has its token. */
export interface BuildConfig {
  readonly settings: BuildSettings
  /** False: the Action gets the right to build and leases no builder. */
  readonly leases: boolean
  readonly depotUrl: string
}

interface ActionConfig {
  readonly settings: ClaimSettings
  readonly build: BuildConfig | undefined
  readonly env: NodeJS.ProcessEnv
}

/** The runner's variables. Only this file reads them. */
export const actionEnvironment = (): NodeJS.ProcessEnv => process.env

/** The Action's inputs and the runner's variables. */
export function readActionConfig(): ActionConfig | { problems: string[] } {
  const sendJobId = core.getInput('send-job-id').toLowerCase()
  const wrongFlag = ['', 'true', 'false'].includes(sendJobId) ? [] : ['send-job-id: must be true or false']
  const raw = {
    issuer: core.getInput(names.issuer),
    audience: core.getInput(names.audience),
    // Binding the token to the job costs the issuer one more request to GitHub, so the user has to ask for it.
    jobId: sendJobId === 'true' ? core.getInput(names.jobId) : '',
    timeoutSeconds: core.getInput(names.timeoutSeconds),
  }
  const project = core.getInput(names.project)
  const read: { settings: ClaimSettings; build?: BuildConfig } | { problems: string[] } =
    project === '' ? readSettings(raw, names) : readForBuild(raw, project)
  if ('problems' in read) return { problems: [...read.problems, ...wrongFlag] }
  if (wrongFlag.length > 0) return { problems: wrongFlag }
  return { settings: read.settings, build: read.build, env: actionEnvironment() }
}

function readForBuild(
  raw: Parameters<typeof readSettings>[0],
  project: string,
): { settings: ClaimSettings; build: BuildConfig } | { problems: string[] } {
  const platforms = core.getInput(names.platforms)
  const leases = platforms !== noPlatform
  const buildNames = { ...names, waitSeconds: '', maxMinutes: '' }
  const read = readBuildSettings({ ...raw, project, platforms: leases ? [platforms] : [] }, buildNames)
  const depotUrl = core.getInput('depot-url')
  const wrongUrl = depotUrl === '' || URL.canParse(depotUrl) ? [] : ['depot-url: must be an address']
  if ('problems' in read) return { problems: [...read.problems, ...wrongUrl] }
  if (wrongUrl.length > 0) return { problems: wrongUrl }
  const { settings } = read
  return { settings, build: { settings, leases, depotUrl: depotUrl || settings.issuer } }
}

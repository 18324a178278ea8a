import type { Secret } from '@forkproof/infra/secret'
import { z } from 'zod'
import type { Fetch } from './bounded-fetch.ts'
import { GithubFault } from './fault.ts'
import type { RunTarget } from './run-target.ts'

/** A step as the live log page lists it. */
const LogStep = z.object({ id: z.string().regex(/^[\w-]{1,128}$/), status: z.string() })
export type LogStep = z.infer<typeof LogStep>
const LogSteps = z.array(LogStep).max(1_000)
const Backscroll = z.object({ lines: z.array(z.object({ line: z.string() })).max(10_000) })

/**
 * The live log of one run through GitHub's web pages (docs/facts/github.md#live-log-pages).
 * It is undocumented, needs a user's session and costs no REST quota. Methods throw GithubFault and never retry.
 */
export interface LogPages {
  /** The pages' own id of a job, which is not the REST id; undefined while the page does not show it. */
  hiddenJobId(jobId: number, signal: AbortSignal): Promise<string | undefined>
  steps(hiddenJobId: string, signal: AbortSignal): Promise<readonly LogStep[]>
  /** The newest lines of a step, at most about 1,000; empty when GitHub has none. */
  lines(hiddenJobId: string, stepId: string, signal: AbortSignal): Promise<readonly string[]>
}

export function createLogPages(deps: { fetch: Fetch; webUrl: string; cookie: Secret }, target: RunTarget): LogPages {
  const runPath = `/${target.repository}/actions/runs/${target.runId}`
  const page = (path: string, accept: string, signal: AbortSignal) =>
    deps.fetch(`${deps.webUrl}${runPath}${path}`, {
      headers: { accept, cookie: `user_session=${deps.cookie.reveal()}` },
      signal,
    })
  return {
    hiddenJobId: async (jobId, signal) => {
      const response = await page(`/job/${jobId}`, 'text/html', signal)
      if (response.status === 404) return undefined
      assertFine(response)
      return findHiddenJobId(await response.text(), target)
    },
    steps: async (hidden, signal) => {
      const response = await page(`/jobs/${hidden}/steps`, 'application/json', signal)
      assertFine(response)
      return parse(LogSteps, await response.text())
    },
    lines: async (hidden, stepId, signal) => {
      const response = await page(`/jobs/${hidden}/steps/${stepId}/backscroll`, 'application/json', signal)
      if (response.status === 404) return []
      assertFine(response)
      return parse(Backscroll, await response.text()).lines.map(({ line }) => line)
    },
  }
}

/**
 * A fixed pattern over the page. Repository and run are compared as text, so that no input becomes part of a pattern.
 */
export function findHiddenJobId(html: string, target: RunTarget): string | undefined {
  const pattern =
    /\/([\w.-]{1,64}\/[\w.-]{1,100})\/actions\/runs\/(\d{1,16})\/jobs\/(\w{1,64})\/steps\/[\w-]{1,128}\/backscroll/g
  for (const [, repository, runId, hidden] of html.matchAll(pattern)) {
    if (repository?.toLowerCase() === target.repository.toLowerCase() && runId === target.runId) return hidden
  }
  return undefined
}

function assertFine({ status }: Response): void {
  if (status === 200) return
  // A redirect leads to the sign-in page: the session has ended.
  if (status === 401 || status === 403 || (status >= 300 && status < 400)) {
    throw new GithubFault('forbidden', `web page: status ${status}`)
  }
  throw new GithubFault(status === 429 ? 'limited' : 'server-error', `web page: status ${status}`)
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new GithubFault('malformed', 'web page: unexpected JSON', {
      cause: cause instanceof SyntaxError ? undefined : cause,
    })
  }
}

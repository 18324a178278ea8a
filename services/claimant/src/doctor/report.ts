import { harmlessText } from '../claiming/claim-failure.ts'
import { assumptionIds, assumptions, type Finding, type Findings } from './assumptions.ts'
import type { DoctorRun } from './run-checks.ts'

interface ReportOptions {
  readonly release: string
  readonly eventName: string
  readonly server: string
  readonly requests: number
}

/** The machine-readable report. It has names and times of a public run, and no secret. */
export function doctorReport(run: DoctorRun, findings: Findings, options: ReportOptions) {
  const { repository, runId, attempt, fork, jobId } = run
  return {
    report: 'forkproof doctor',
    ...options,
    run: { repository, runId, attempt, fork, jobId: jobId ?? null },
    checks: assumptionIds.map((id, index) => ({
      line: index + 1,
      id,
      title: assumptions[id].title,
      status: findings[id].status,
      expected: assumptions[id].expected,
      seen: findings[id].status === 'not tried' ? null : harmlessText(findings[id].seen),
      why: findings[id].status === 'not tried' ? harmlessText(findings[id].why) : null,
    })),
  }
}

type DoctorReport = ReturnType<typeof doctorReport>

const marks = { ok: 'ok       ', failed: 'FAILED   ', 'not tried': 'not tried' } as const satisfies Record<
  Finding['status'],
  string
>

/** The report for people, to be sent in as it is. */
export function reportText({ checks, release, run, eventName, requests }: DoctorReport): string {
  const head = `forkproof doctor ${release}: run ${run.runId}, attempt ${run.attempt}, of ${run.repository} (${eventName}${run.fork ? ', from a fork' : ''}); ${requests} requests`
  const lines = checks.flatMap(({ line, status, title, expected, seen, why }) => [
    `${marks[status]} ${line}. ${title}`,
    ...(seen === null
      ? [`            ${why}`]
      : [`            expected: ${expected}`, `            seen:     ${seen}`]),
  ])
  const count = (status: Finding['status']) => checks.filter(check => check.status === status).length
  const sum = `${count('ok')} ok, ${count('failed')} failed, ${count('not tried')} not tried`
  return `${[head, ...lines, sum].join('\n')}\n`
}

import { performance } from 'node:perf_hooks'
import { describe, expect, it, vi } from 'vitest'
import { processExists } from './process/process-group.ts'
import { type RecordedJob, runRecordedJob } from './testing/job-runner-harness.ts'
import type { StepDefinition } from './workflow-definition.ts'

const braces = (expression: string) => `\${{ ${expression} }}`

/** Runs the steps and cancels the job when a line `go` appears. */
async function runCancelled(steps: StepDefinition[], runner = {}): Promise<RecordedJob & { elapsedMs: number }> {
  const controller = new AbortController()
  const started = performance.now()
  const onLine = (line: string) => {
    if (line === 'go') controller.abort()
  }
  const job = await runRecordedJob({ steps, signal: controller.signal, onLine, runner })
  return { ...job, elapsedMs: performance.now() - started }
}

/** Pids that a job printed as `pid <n>` and that are not gone: being reaped may take the system a moment. */
async function alive(job: RecordedJob): Promise<number[]> {
  const pids = job.log.flatMap(line => (/^pid \d+$/.test(line) ? [Number(line.slice(4))] : []))
  expect(pids.length).toBeGreaterThan(0)
  const living = () => pids.filter(processExists)
  await vi.waitUntil(() => living().length === 0, { timeout: 5_000 }).catch(() => undefined)
  return living()
}

const stubborn =
  "trap '' INT TERM; (trap '' INT TERM; while :; do sleep 0.1; done) & echo pid $!; echo pid $$; echo go; while :; do sleep 0.1; done"

describe('cancelling a job', () => {
  it('ends the running step, skips what is left and runs what is marked always', async () => {
    const job = await runCancelled([
      { name: 'long', run: 'echo go; sleep 60' },
      { name: 'next', run: 'echo never' },
      { name: 'tidy', if: 'always()', run: 'echo tidied' },
      { name: 'told', if: 'cancelled()', run: 'echo told' },
    ])
    expect(job.conclusion).toBe('cancelled')
    expect(job.steps.slice(1, -1)).toEqual(['2 long cancelled', '3 next skipped', '4 tidy success', '5 told success'])
    expect(job.linesOf(2)).toContain('##[error]The operation was canceled.')
    expect(job.elapsedMs).toBeLessThan(10_000)
  })

  it('lets a step that runs always finish', async () => {
    const job = await runCancelled([{ name: 'a', if: 'always()', run: 'echo go; sleep 0.3; echo done' }])
    expect(job.steps[1]).toBe('2 a success')
    expect(job.conclusion).toBe('cancelled')
  })

  it('ends a step that ignores signals and has children which do', async () => {
    const job = await runCancelled([{ name: 'a', run: stubborn }])
    expect(job.steps[1]).toBe('2 a cancelled')
    expect(await alive(job)).toEqual([])
  })

  it('gives always() steps only so much time', async () => {
    const steps = [
      { name: 'a', run: 'echo go; sleep 60' },
      { name: 'b', if: 'always()', run: 'sleep 60' },
    ]
    const job = await runCancelled(steps, { cancelledJobMs: 500 })
    expect(job.steps.slice(1, 3)).toEqual(['2 a cancelled', '3 b cancelled'])
    expect(job.elapsedMs).toBeLessThan(10_000)
  })

  it('before it starts runs none of its ordinary steps', async () => {
    const job = await runRecordedJob({ steps: [{ run: 'echo never-shown' }], signal: AbortSignal.abort() })
    expect(job.steps[1]).toBe('2 Run echo never-shown skipped')
    expect(job.conclusion).toBe('cancelled')
  })

  it('keeps the files and outputs of a step that was ended', async () => {
    const job = await runCancelled([
      { id: 'a', run: 'echo k=v >> $GITHUB_OUTPUT; echo go; sleep 60' },
      {
        if: 'always()',
        run: `echo "got ${braces('steps.a.outputs.k')} ${braces('steps.a.outcome')} ${braces('job.status')}"`,
      },
    ])
    expect(job.linesOf(3)).toContain('got v cancelled cancelled')
  })
})

describe('time limits', () => {
  it('of a step fail it', async () => {
    const job = await runRecordedJob({
      steps: [{ name: 'slow', run: 'sleep 60', 'timeout-minutes': 0.005 }, { run: 'true' }],
    })
    expect(job.steps.slice(1, 3)).toEqual(['2 slow failure', '3 Run true skipped'])
    expect(job.log).toContain("##[error]The action 'slow' has timed out after 0.005 minutes.")
  })

  it('of the job cancel it', async () => {
    const job = await runRecordedJob({ steps: [{ name: 'slow', run: 'sleep 60' }], job: { 'timeout-minutes': 0.005 } })
    expect(job.conclusion).toBe('cancelled')
    expect(job.log).toContain('##[error]The job has exceeded the maximum execution time of 0.005 minutes.')
  })
})

describe('stopping the runner', () => {
  it('ends its jobs at once, steps marked always included', async () => {
    const { promise: started, resolve: go } = Promise.withResolvers<void>()
    const onLine = (line: string) => (line === 'go' ? go() : undefined)
    const steps = [
      { name: 'a', if: 'always()', run: 'echo pid $$; echo go; sleep 60' },
      { name: 'b', if: 'always()', run: 'sleep 60' },
    ]
    const job = runRecordedJob({ steps, onLine, whileRunning: runner => started.then(() => runner.stop()) })
    expect((await job).steps.slice(1, 3)).toEqual(['2 a cancelled', '3 b cancelled'])
    expect(await alive(await job)).toEqual([])
  })

  it('leaves nothing running when the observer fails', async () => {
    let pid = 0
    const onLine = (line: string) => {
      if (line.startsWith('pid ')) pid = Number(line.slice(4))
      if (line === 'Cleaning up orphan processes') throw new Error('observer failed')
    }
    const steps = [{ run: 'sleep 60 > /dev/null 2>&1 & echo pid $!' }]
    await expect(runRecordedJob({ steps, onLine })).rejects.toThrow('observer failed')
    await vi.waitUntil(() => !processExists(pid), { timeout: 5_000 })
  })
})

describe('what a step leaves running', () => {
  it('lives until the job ends, so that later steps can use it', async () => {
    const job = await runRecordedJob({
      steps: [
        { run: 'sleep 60 > /dev/null 2>&1 & echo pid $!; echo SERVER=$! >> $GITHUB_ENV' },
        { run: 'kill -0 $SERVER && echo still there' },
      ],
    })
    expect(job.linesOf(3)).toContain('still there')
    expect(await alive(job)).toEqual([])
    expect(job.linesOf(4).join()).toMatch(/Terminate orphan process: pid \(\d+\)/)
  })

  it('is found in a session of its own, too', async () => {
    const job = await runRecordedJob({
      steps: [{ run: 'setsid sh -c "trap \'\' HUP; echo pid \\$\\$; exec sleep 60" & sleep 0.3' }],
    })
    expect(await alive(job)).toEqual([])
  })

  it('is found without its environment, by its group', async () => {
    const job = await runRecordedJob({ steps: [{ run: 'env -i sleep 60 & echo pid $!' }] })
    expect(await alive(job)).toEqual([])
  })

  it('does not hold up its step when it keeps the output open', async () => {
    const started = performance.now()
    const job = await runRecordedJob({ steps: [{ run: 'sleep 60 & echo started' }] })
    expect(job.steps[1]).toContain('success')
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('a flood of output', () => {
  it('is bounded, does not stop the step, and is said', async () => {
    const job = await runRecordedJob({
      steps: [
        { name: 'flood', run: 'yes 0123456789 | head -n 300000; echo "::add-mask::seen-late"' },
        { run: 'echo end' },
      ],
      // The mask comes after the log is full and still counts.
      job: { outputs: { late: 'seen-late' } },
    })
    expect(job.conclusion).toBe('success')
    expect(job.outputs).toEqual({})
    expect(job.log.length).toBe(100_000)
    expect(job.log.at(-1)).toContain('the rest is not shown')
  })

  it('without a line end is cut', async () => {
    const job = await runRecordedJob({
      steps: [{ name: 'long', run: 'head -c 3000000 /dev/zero | tr "\\0" x; echo; echo end' }],
    })
    expect(job.linesOf(2).slice(-2)).toEqual([`${'x'.repeat(1_024)}...`, 'end'])
  })

  it('of bytes that are no text does no harm', async () => {
    const job = await runRecordedJob({
      steps: [{ name: 'noise', run: 'head -c 200000 /dev/urandom; printf "\\nend\\n"' }],
    })
    expect(job.linesOf(2).at(-1)).toBe('end')
  })
})

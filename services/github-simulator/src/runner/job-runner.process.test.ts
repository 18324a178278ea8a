import { readdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { runRecordedJob } from './testing/job-runner-harness.ts'
import type { StepDefinition } from './workflow-definition.ts'

const braces = (expression: string) => `\${{ ${expression} }}`

describe('a job', () => {
  it('runs its steps as processes between set up and completion', async () => {
    const job = await runRecordedJob({ steps: [{ run: 'echo hello' }, { name: 'Second', run: 'echo $PWD' }] })
    expect(job.steps).toEqual([
      '1 Set up job success',
      '2 Run echo hello success',
      '3 Second success',
      '4 Complete job success',
    ])
    expect(job.events[0]).toMatch(/^job started on GitHub Actions \d+$/)
    expect(job.events.at(-1)).toBe('job completed success')
    expect(job.linesOf(2)).toEqual([
      '##[group]Run echo hello',
      '\u001b[36;1mecho hello\u001b[0m',
      expect.stringMatching(/^shell: \/\S*bash -e \{0\}$/),
      '##[endgroup]',
      'hello',
    ])
    expect(job.linesOf(3).at(-1)).toMatch(/\/widgets\/widgets$/)
  })

  it('says in its set up what the token of a fork may do', async () => {
    const workflow = {
      permissions: { contents: 'write', 'id-token': 'write' },
      jobs: { build: { steps: [{ run: 'true' }] } },
    }
    const job = await runRecordedJob({ steps: [{ run: 'true' }], assignment: { workflow } })
    const log = job.linesOf(1)
    expect(log).toContain("Current runner version: '2.336.0'")
    expect(log).toContain('Contents: read')
    expect(log).toContain('Secret source: None')
    expect(log.join()).not.toContain('IdToken')
  })

  it('leaves no directory behind', async () => {
    const job = await runRecordedJob({ steps: [{ run: 'mkdir -p a/b; echo x > a/b/c; chmod 000 a/b; pwd' }] })
    expect(job.conclusion).toBe('success')
    const workFolder = job.log
      .find(line => line.startsWith(`${os.tmpdir()}${path.sep}`))
      ?.slice(os.tmpdir().length + 1)
      .split(path.sep)[0]
    expect(workFolder).toMatch(/^forkproof-runner-/)
    expect(await readdir(os.tmpdir())).not.toContain(workFolder)
  })

  it('that the workflow does not have is refused', async () => {
    await expect(runRecordedJob({ steps: [{ run: 'true' }], assignment: { jobKey: 'other' } })).rejects.toThrow(
      'no job other',
    )
  })
})

describe('the conclusion', () => {
  it.each<[name: string, steps: StepDefinition[], conclusions: string[]]>([
    ['a failing step skips the rest', [{ run: 'exit 3' }, { run: 'echo no' }], ['failure', 'skipped']],
    ['failure() runs after one', [{ run: 'exit 3' }, { run: 'true', if: 'failure()' }], ['failure', 'success']],
    ['always() runs after one', [{ run: 'false' }, { run: 'true', if: braces('always()') }], ['failure', 'success']],
    ['failure() does not run without one', [{ run: 'true' }, { run: 'true', if: 'failure()' }], ['success', 'skipped']],
    [
      'continue-on-error forgives',
      [{ run: 'false', 'continue-on-error': true }, { run: 'true' }],
      ['success', 'success'],
    ],
    [
      'an unknown context fails the step',
      [{ run: `echo ${braces('secret.A')}` }, { run: 'true' }],
      ['failure', 'skipped'],
    ],
    ['an unclosed expression fails the step', [{ run: 'echo ${' + '{ github.sha' }], ['failure']],
    ['a bad condition fails the step', [{ run: 'true', if: 'succes()' }], ['failure']],
    ['a bad step environment fails the step', [{ run: 'true', env: { A: braces('nope()') } }], ['failure']],
    ['a missing shell fails the step', [{ run: 'true', shell: 'no-such-shell {0}' }], ['failure']],
    ['a shell without a place for the script', [{ run: 'true', shell: 'bash -x' }], ['failure']],
    ['a missing directory fails the step', [{ run: 'true', 'working-directory': 'missing' }], ['failure']],
    ['an error within a pipe passes without shell: bash', [{ run: 'false | true' }], ['success']],
    ['an error within a pipe fails with it', [{ run: 'false | true', shell: 'bash' }], ['failure']],
    ['a signal is a failure', [{ run: 'kill -TERM $$' }], ['failure']],
    ['nonsense in a command file', [{ run: 'echo nonsense >> $GITHUB_OUTPUT' }], ['failure']],
  ])('%s', async (_name, steps, conclusions) => {
    const job = await runRecordedJob({ steps })
    const ended = job.events.filter(event => event.includes(' completed ') && !event.startsWith('job'))
    expect(ended.slice(1, -1).map(event => event.split(' ').at(-1))).toEqual(conclusions)
    expect(job.conclusion).toBe(conclusions.includes('failure') ? 'failure' : 'success')
    if (conclusions.includes('failure')) expect(job.log.filter(line => line.startsWith('##[error]'))).not.toEqual([])
  })

  it('of a step and its outcome are told to later steps', async () => {
    const job = await runRecordedJob({
      steps: [
        { id: 'a', run: 'echo v=1 >> $GITHUB_OUTPUT; exit 2', 'continue-on-error': true },
        { run: `echo ${braces('steps.a.outcome')}/${braces('steps.a.conclusion')}/${braces('steps.a.outputs.v')}` },
      ],
    })
    expect(job.linesOf(2)).toContain('##[error]Process completed with exit code 2.')
    expect(job.linesOf(3)).toContain('failure/success/1')
  })

  it('is a failure with a clear line when an action cannot be found, and no step runs', async () => {
    const job = await runRecordedJob({ steps: [{ run: 'echo no' }, { uses: 'acme/none@v1' }] })
    expect(job.steps).toEqual(['1 Set up job failure', '2 Complete job success'])
    expect(job.conclusion).toBe('failure')
    expect(job.log.join('\n')).toContain('##[error]Unable to resolve action `acme/none@v1`')
  })
})

describe('outputs of a job', () => {
  it('are evaluated at its end, and dropped when they hold a secret', async () => {
    const job = await runRecordedJob({
      steps: [
        {
          id: 'a',
          run: 'echo code=fp-1 >> $GITHUB_OUTPUT; echo ::add-mask::hush-hush; echo s=hush-hush >> $GITHUB_OUTPUT',
        },
      ],
      job: {
        outputs: {
          code: braces('steps.a.outputs.code'),
          secret: `x${braces('steps.a.outputs.s')}`,
          none: braces('steps.b.outputs.c'),
        },
      },
    })
    expect(job.outputs).toEqual({ code: 'fp-1' })
    expect(job.log).toContain("##[warning]Skip output 'secret' since it may contain secret.")
  })

  it('that cannot be evaluated fail it', async () => {
    const job = await runRecordedJob({ steps: [{ run: 'true' }], job: { outputs: { a: braces('nope') } } })
    expect(job.conclusion).toBe('failure')
  })

  it('of needed jobs, and the matrix, are visible to its steps', async () => {
    const job = await runRecordedJob({
      steps: [
        { run: `echo ${braces('needs.claim.outputs.code')} ${braces('needs.claim.result')} ${braces('matrix.os')}` },
      ],
      assignment: {
        needsOutputs: { claim: { result: 'success', outputs: { code: 'fp-2' } } },
        matrix: { os: 'linux' },
      },
    })
    expect(job.linesOf(2)).toContain('fp-2 success linux')
  })
})

describe('display names', () => {
  it('that need an earlier step are raw at first and evaluated when their step starts', async () => {
    const job = await runRecordedJob({
      steps: [
        { id: 'claim', run: 'echo code=fp-123 >> $GITHUB_OUTPUT' },
        { name: `proof ${braces('steps.claim.outputs.code')}`, run: 'echo waiting' },
      ],
    })
    const raw = `3 started proof ${braces('steps.claim.outputs.code')}`
    expect(job.events.filter(event => event.startsWith('3 '))).toEqual([
      raw,
      '3 renamed proof fp-123',
      '3 completed success',
    ])
  })

  it.each<[name: string, step: StepDefinition, shown: string]>([
    ['the first line of a script', { run: '\n  echo a\n  echo b\n' }, 'Run echo a'],
    ['the event', { name: `PR ${braces('github.event.number')}`, run: 'true' }, 'PR 6'],
    ['env, at the start', { name: `in ${braces('env.MODE')}`, run: 'true', env: { MODE: 'fast' } }, 'in fast'],
    ['only one line', { name: 'one\ntwo', run: 'true' }, 'one'],
    ['no secret', { name: `t ${braces('github.token')}`, run: 'true' }, 't ***'],
    ['raw text where it is wrong', { name: `x ${braces('nope.a')}`, run: 'true' }, `x ${braces('nope.a')}`],
  ])('show %s', async (_name, step, shown) => {
    expect((await runRecordedJob({ steps: [step] })).steps[1]).toBe(`2 ${shown} success`)
  })

  it('of a skipped step stay as they were, for nothing of it ran', async () => {
    const job = await runRecordedJob({ steps: [{ name: braces('env.A'), if: 'false', run: 'true' }] })
    expect(job.events.join()).not.toContain('renamed')
  })
})

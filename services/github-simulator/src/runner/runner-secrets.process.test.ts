import { describe, expect, it } from 'vitest'
import { jobToken, runRecordedJob, runtimeToken } from './testing/job-runner-harness.ts'

const braces = (expression: string) => `\${{ ${expression} }}`
const secret = 'S3cr3t/Value+42 "quoted"'
const assignment = { secrets: { DEPLOY_KEY: secret } }

/** Everything the observer of a job was told, as one text. */
async function told(run: string, shell?: string): Promise<string> {
  const job = await runRecordedJob({
    steps: [{ name: 'use', run, env: { KEY: braces('secrets.DEPLOY_KEY') }, ...(shell && { shell }) }],
    assignment,
  })
  return [...job.log, ...job.events].join('\n')
}

describe('a secret never shows in the log', () => {
  it.each([
    ['printed', 'echo "$KEY"'],
    ['on standard error', 'echo "x"$KEY"y" >&2'],
    ['in base64', 'printf %s "$KEY" | base64 -w0'],
    ['in base64, shifted by one', 'printf %s "a$KEY" | base64 -w0'],
    ['in base64, shifted by two', 'printf %s "ab$KEY" | base64 -w0'],
    ['in a command of its own', 'echo "::error::$KEY"'],
    ['in a group title', 'echo "::group::$KEY"'],
    ['in a long line', 'printf "%01020d%s" 0 "$KEY"'],
    ['in a broken command file', 'echo "$KEY" >> $GITHUB_OUTPUT'],
    ['in the script itself', `echo '${braces('secrets.DEPLOY_KEY')}' | cat`],
    ['in an expression that fails', `echo ${braces("format(format('{0}{{', secrets.DEPLOY_KEY))")}`],
  ])('when it is %s', async (_case, run) => {
    const text = await told(run)
    expect(text).toContain('***')
    expect(text).not.toContain('S3cr3t')
    expect(text).not.toContain('Value+42')
    for (const word of text.split(/\s/)) expect(Buffer.from(word, 'base64').toString()).not.toContain('Value+42')
  })

  it.each([
    ['JSON', 'console.log(JSON.stringify({ key: process.env.KEY }))'],
    ['a URI', 'console.log(encodeURIComponent(process.env.KEY))'],
    [
      'two writes',
      'process.stdout.write(process.env.KEY.slice(0, 8)); setTimeout(() => console.log(process.env.KEY.slice(8)), 50)',
    ],
  ])('when it is printed in %s', async (_case, run) => {
    const text = await told(run, 'node')
    expect(text).toContain('***')
    expect(text).not.toMatch(/S3cr3t|Value/)
  })

  it('when the step masks a value of its own, from then on and in later steps', async () => {
    const job = await runRecordedJob({
      steps: [
        { run: 'echo "::add-mask::made-up-here"; echo "now made-up-here"' },
        { name: 'b', run: 'echo later made-up-here' },
      ],
    })
    expect(job.linesOf(2)).toContain('now ***')
    expect(job.linesOf(3)).toContain('later ***')
  })

  it('when it is in a step name', async () => {
    const job = await runRecordedJob({
      steps: [{ name: `n ${braces('secrets.DEPLOY_KEY')}`, run: 'true' }],
      assignment,
    })
    expect(job.steps[1]).toBe('2 n *** success')
  })
})

describe('tokens of the runner', () => {
  it.each([
    ['the token of the job', `echo "${braces('github.token')} ${braces('secrets.GITHUB_TOKEN')}"`, jobToken],
    ['the whole github context', `cat <<'X'\n${braces('toJSON(github)')}\nX`, jobToken],
    ['the runtime token', `echo ${runtimeToken}`, runtimeToken],
  ])('are masked: %s', async (_case, run, token) => {
    const job = await runRecordedJob({ steps: [{ name: 'x', run }] })
    expect(job.log.join('\n')).toContain('***')
    expect([...job.log, ...job.events].join('\n')).not.toContain(token)
  })

  it('a fork has no secret to read', async () => {
    const job = await runRecordedJob({ steps: [{ run: `echo "<${braces('secrets.DEPLOY_KEY')}>"` }] })
    expect(job.linesOf(2)).toContain('<>')
  })
})

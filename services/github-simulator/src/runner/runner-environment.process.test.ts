import os from 'node:os'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { jobToken, type RecordedJobRequest, runRecordedJob, runtimeToken } from './testing/job-runner-harness.ts'

const braces = (expression: string) => `\${{ ${expression} }}`
const printEnvironment = 'env | sort'

/** The variables a `run` step sees, from its own log. */
async function variablesOf(request: Partial<RecordedJobRequest> = {}): Promise<Record<string, string>> {
  const job = await runRecordedJob({ steps: [{ run: printEnvironment }], ...request })
  const lines = job.linesOf(1 + (request.steps?.length ?? 1))
  const printed = lines.slice(lines.indexOf('##[endgroup]') + 1)
  return Object.fromEntries(
    printed.filter(line => line.includes('=')).map(line => [line.split('=', 1)[0] ?? '', line.replace(/^[^=]*=/, '')]),
  )
}

describe('the environment of a step', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('is that of a run of a fork', async () => {
    expect(await variablesOf()).toMatchObject({
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION: '__run',
      GITHUB_ACTOR_ID: '2001',
      GITHUB_API_URL: 'http://127.0.0.1:8090',
      GITHUB_BASE_REF: 'main',
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: expect.stringMatching(/event\.json$/),
      GITHUB_GRAPHQL_URL: 'http://127.0.0.1:8090/graphql',
      GITHUB_HEAD_REF: 'patch-1',
      GITHUB_JOB: 'build',
      GITHUB_REF: 'refs/pull/6/merge',
      GITHUB_REF_PROTECTED: 'false',
      GITHUB_REPOSITORY: 'acme/widgets',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_RUN_ID: '10000000001',
      GITHUB_SERVER_URL: 'http://github.localhost:8090',
      GITHUB_WORKSPACE: expect.stringMatching(/\/widgets\/widgets$/),
      RUNNER_ENVIRONMENT: 'github-hosted',
      RUNNER_NAME: expect.stringMatching(/^GitHub Actions \d+$/),
      RUNNER_OS: 'Linux',
      RUNNER_TEMP: expect.stringMatching(/\/_temp$/),
      RUNNER_TOOL_CACHE: expect.stringMatching(/\/_tool$/),
      RUNNER_TRACKING_ID: expect.stringMatching(/^github_[0-9a-f-]{36}$/),
    })
  })

  it('holds nothing of the simulator itself', async () => {
    vi.stubEnv('SIMULATOR_SECRET', 'do-not-leak')
    vi.stubEnv('NODE_OPTIONS', '--no-warnings')
    const variables = await variablesOf()
    const runnerOwn = /^(GITHUB_|RUNNER_|CI$|HOME$|PATH$|PWD$|OLDPWD$|SHLVL$|_$)/
    expect(Object.keys(variables).filter(name => !runnerOwn.test(name))).toEqual([])
    expect(variables['HOME']).not.toBe(os.homedir())
    expect(variables['PATH']).not.toContain('node_modules')
    expect(JSON.stringify(variables)).not.toContain('do-not-leak')
  })

  it('of a run step has no runtime token, no OIDC request, no job token and no event', async () => {
    const variables = await variablesOf()
    expect(Object.keys(variables).filter(name => name.startsWith('ACTIONS_'))).toEqual([])
    expect(variables).not.toHaveProperty('GITHUB_TOKEN')
    expect(variables).not.toHaveProperty('GITHUB_EVENT')
    expect(JSON.stringify(variables)).not.toContain(jobToken)
    expect(JSON.stringify(variables)).not.toContain(runtimeToken)
  })

  it('has the OIDC request only in a run that is given one, masked in the log', async () => {
    const idTokenRequest = { url: 'http://127.0.0.1:8090/oidc/token?run=1', token: 'oidc-request-token-1234' }
    const variables = await variablesOf({ assignment: { idTokenRequest } })
    expect(variables['ACTIONS_ID_TOKEN_REQUEST_URL']).toBe(idTokenRequest.url)
    expect(variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']).toBe('***')
    expect(variables).not.toHaveProperty('ACTIONS_RUNTIME_TOKEN')
  })

  it('merges workflow, job and step, the nearest winning', async () => {
    const variables = await variablesOf({
      env: { A: 'workflow', B: 'workflow', C: 'workflow' },
      job: { env: { B: 'job', C: `${braces('github.job')}-job` } },
      steps: [{ run: printEnvironment, env: { C: `${braces('env.B')}-step` } }],
    })
    expect(variables).toMatchObject({ A: 'workflow', B: 'job', C: 'job-step' })
  })

  it('cannot be made to look like another run', async () => {
    const lie = { GITHUB_RUN_ID: '1', RUNNER_NAME: 'mine', GITHUB_REPOSITORY: 'other/other' }
    const write = Object.entries(lie).map(([name, value]) => `echo ${name}=${value} >> $GITHUB_ENV`)
    const variables = await variablesOf({ steps: [{ run: write.join('\n') }, { run: printEnvironment, env: lie }] })
    expect(variables).toMatchObject({ GITHUB_RUN_ID: '10000000001', GITHUB_REPOSITORY: 'acme/widgets' })
    expect(variables['RUNNER_NAME']).not.toBe('mine')
  })
})

describe('what a step leaves for later ones', () => {
  it('is GITHUB_ENV, GITHUB_PATH and outputs', async () => {
    const job = await runRecordedJob({
      steps: [
        {
          id: 'a',
          run: [
            'printf "MULTI<<EOF\\none\\ntwo\\nEOF\\n" >> $GITHUB_ENV',
            'mkdir -p $RUNNER_TEMP/bin; printf "#!/bin/sh\\necho mine\\n" > $RUNNER_TEMP/bin/tool; chmod +x $RUNNER_TEMP/bin/tool',
            'echo $RUNNER_TEMP/bin >> $GITHUB_PATH',
            'echo key=value=1 >> $GITHUB_OUTPUT',
            'command -v tool || echo not yet',
          ].join('\n'),
        },
        { run: `echo "$MULTI"; tool; echo "${braces('steps.a.outputs.key')} ${braces('env.MULTI')}"` },
      ],
    })
    expect(job.linesOf(2)).toContain('not yet')
    const lines = job.linesOf(3)
    expect(lines.slice(lines.indexOf('##[endgroup]') + 1)).toEqual(['one', 'two', 'mine', 'value=1 one', 'two'])
  })

  it('cannot be NODE_OPTIONS, which would run code in every action', async () => {
    const job = await runRecordedJob({
      steps: [{ run: 'echo NODE_OPTIONS=--require=/x.js >> $GITHUB_ENV' }, { run: 'echo "<$NODE_OPTIONS>"' }],
    })
    expect(job.log).toContain("##[error]Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
    expect(job.linesOf(3)).toContain('<>')
  })

  it('cannot be a value that no process could be started with', async () => {
    const job = await runRecordedJob({
      steps: [{ run: 'printf "BAD=a\\0b\\nGOOD=1\\n" >> $GITHUB_ENV' }, { run: 'echo "<$BAD$GOOD>"' }],
    })
    expect(job.log).toContain("##[error]Can't store BAD output parameter using '$GITHUB_ENV' command.")
    expect(job.linesOf(3)).toContain('<1>')
  })

  it('is not what a child of an earlier step writes into its old command file', async () => {
    const job = await runRecordedJob({
      steps: [
        { run: 'f=$GITHUB_ENV; (until [ -e go ]; do :; done; echo LATE=1 >> $f) >/dev/null 2>&1 &' },
        { run: 'touch go; echo OK=1 >> $GITHUB_ENV' },
        { run: 'echo "<$LATE$OK>"' },
      ],
    })
    expect(job.linesOf(4)).toContain('<1>')
  })

  it('shows in the env block of later steps', async () => {
    const job = await runRecordedJob({ steps: [{ run: 'echo MODE=fast >> $GITHUB_ENV' }, { run: 'true' }] })
    expect(job.linesOf(3)).toEqual(expect.arrayContaining(['env:', '  MODE: fast']))
  })
})

describe('shells', () => {
  it.each([
    ['node', 'console.log(process.version.split(".")[0])', 'v24'],
    ['sh', 'echo from $0 | sed "s/.*/sh/"', 'sh'],
    ['bash', 'test -n "$BASH_VERSION" && echo bash', 'bash'],
    ['bash -x {0}', 'echo traced', 'traced'],
  ])('%s runs a script', async (shell, run, expected) => {
    expect((await runRecordedJob({ steps: [{ run, shell }] })).linesOf(2)).toContain(expected)
  })

  it("find the runner's own node", async () => {
    expect((await runRecordedJob({ steps: [{ run: 'node --version' }] })).linesOf(2).at(-1)).toMatch(/^v24\./)
  })

  it('read the event from its file', async () => {
    const job = await runRecordedJob({ steps: [{ run: 'node -p "require(process.env.GITHUB_EVENT_PATH).number"' }] })
    expect(job.linesOf(2).at(-1)).toBe('6')
  })
})

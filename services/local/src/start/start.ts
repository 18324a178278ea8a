import { ConfigError } from '@forkproof/infra/config'
import { Lifecycle } from '@forkproof/infra/lifecycle'
import { compose, type LocalDeps } from '../compose.ts'
import { type LocalConfig, readConfig } from '../config.ts'
import type { DemoReport } from '../demo/demo-report.ts'
import { runDemo } from '../demo/run-demo.ts'
import { RequirementsMissingError } from '../requirements/ensure-requirements.ts'
import { clearAtExit, type ProgressOutput, progressOutput } from '../tools/progress-output.ts'
import type { StartArguments } from './arguments.ts'

/** Each child gets 8 s to end in order; all of them together must fit. */
const closeStepMsMax = 60_000
/** One Ctrl-C under npm comes twice: from the terminal, and passed on by npm. Nobody presses twice this fast. */
const sameSignalMsMax = 500

/**
 * `npm start`: the system, the demo, then on until the user stops it.
 * Exit codes: 0 fine, 1 failed, 2 bad settings or a machine that lacks something.
 */
export async function startLocalSystem(args: StartArguments, env: NodeJS.ProcessEnv): Promise<void> {
  const lifecycle = new Lifecycle(closeStepMsMax)
  // With --json standard output belongs to the one object at the end.
  const output = progressOutput(args.json ? process.stderr : process.stdout, env)
  clearAtExit(output)
  const stopped = stopOnSignal(lifecycle, output)
  try {
    const config = readConfig(env)
    const proven = await run(args, config, { lifecycle, output })
    process.exitCode = proven ? 0 : 1
    if (!args.once && !lifecycle.signal.aborted) await stopped
  } catch (error) {
    if (!lifecycle.signal.aborted) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = error instanceof ConfigError || error instanceof RequirementsMissingError ? 2 : 1
  }
  await lifecycle.shutdown()
}

async function run(args: StartArguments, config: LocalConfig, deps: LocalDeps): Promise<boolean> {
  const tell = deps.output.line
  const system = await compose(config, args, deps)
  const { issuer, githubApi } = system.addresses
  const temporalUi = `http://127.0.0.1:${config.temporalUiPort}/namespaces/default/workflows`
  tell(`Everything runs. Gateway ${issuer} · GitHub simulator ${githubApi} · Temporal UI ${temporalUi}`)
  const report = await runDemo(system, tell, deps.lifecycle)
  tell(summary(report.verdict === 'proven', report))
  if (!args.once)
    tell(
      `Look at the claim and the build in the Temporal UI: ${temporalUi}?query=ForkproofRunId%3D%22${report.token?.['run_id'] ?? ''}%22\nStop with Ctrl-C.`,
    )
  if (args.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  return report.verdict === 'proven'
}

function summary(proven: boolean, { channel, timings, githubRequests, build }: DemoReport): string {
  if (!proven)
    return 'The demo did not end with a verified token and a built image; the logs of all parts are in the state folder.'
  return `Proven by ${channel}: claimed in ${timings.claimMs} ms, code shown → token in ${timings.shownToTokenMs} ms; ${githubRequests.counted} counted GitHub requests, ${githubRequests.notModified} free ones. Built for ${build?.platforms.join(', ')}: builder in ${build?.builderReadyMs} ms, image in ${build?.buildMs} ms, teardown in ${build?.teardownMs} ms.`
}

/** First signal: in order. Second: at once. */
function stopOnSignal(lifecycle: Lifecycle, output: ProgressOutput): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let stoppingSinceMs: number | undefined
  const stop = () => {
    if (stoppingSinceMs !== undefined) {
      if (performance.now() - stoppingSinceMs > sameSignalMsMax) process.exit(1)
      return
    }
    stoppingSinceMs = performance.now()
    output.line('Stopping … (once more to force it)')
    void lifecycle.shutdown().then(resolve)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return promise
}

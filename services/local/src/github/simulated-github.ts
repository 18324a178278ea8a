import { z } from 'zod'

const requestMsMax = 30_000

const Counts = z.object({ counted: z.number(), notModified: z.number(), rejected: z.number() })
type RequestCounts = z.infer<typeof Counts>

const Job = z.object({
  id: z.number(),
  key: z.string().nullish(),
  steps: z.array(z.object({ number: z.number(), name: z.string() })),
})
const CreatedRun = z.object({
  id: z.number(),
  attempt: z.number(),
  status: z.string(),
  conclusion: z.string().nullable(),
  jobs: z.array(Job),
})
export type SimulatedRun = z.infer<typeof CreatedRun>
const StartedWorkflow = z.object({ runId: z.number(), jobs: z.array(Job), eventsUrl: z.string() })

/** What the simulator tells of a run, in order. */
export interface RunEvent {
  readonly type: string
  readonly at: number
  readonly jobId?: number
  readonly step?: number
  readonly name?: string
  readonly line?: string
  readonly conclusion?: string | null
}

/** The simulator's control API (`/_sim/openapi.json`), as far as demo, suites and benchmarks use it. */
export class SimulatedGithub {
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  /** A public repository, a fork of it and an open pull request from there. */
  async createForkPullRequest(names: {
    owner: string
    name: string
    forkOwner: string
  }): Promise<{ repository: string; fork: string; pullRequest: number }> {
    const repository = `${names.owner}/${names.name}`
    await this.send('POST', '/_sim/repositories', { owner: names.owner, name: names.name })
    await this.send('POST', `/_sim/repositories/${repository}/forks`, { owner: names.forkOwner })
    const fork = `${names.forkOwner}/${names.name}`
    const pull = await this.send('POST', `/_sim/repositories/${repository}/pulls`, {
      headRepository: fork,
      headBranch: 'fix',
      title: 'Fix the build',
    })
    return { repository, fork, pullRequest: z.object({ number: z.number() }).parse(pull).number }
  }

  /** GitHub's numeric id, as text. */
  async repositoryId(name: string): Promise<string> {
    const found = await this.send('GET', `/_sim/repositories/${name}`)
    return String(z.object({ id: z.number() }).parse(found).id)
  }

  /** A run of any shape; nothing is executed. Its body is the control API's. */
  async createRun(repository: string, body: Record<string, unknown>): Promise<SimulatedRun> {
    return CreatedRun.parse(await this.send('POST', `/_sim/repositories/${repository}/runs`, body))
  }

  async run(id: number): Promise<SimulatedRun> {
    return CreatedRun.parse(await this.send('GET', `/_sim/runs/${id}`))
  }

  /** Executes a workflow in the simulator's runner. */
  async runWorkflow(body: Record<string, unknown>): Promise<z.infer<typeof StartedWorkflow>> {
    return StartedWorkflow.parse(await this.send('POST', '/_sim/workflows', body))
  }

  async setBehaviour(behaviour: Record<string, unknown>): Promise<void> {
    await this.send('PUT', '/_sim/dials', behaviour)
  }

  async resetRequestCounts(): Promise<void> {
    await this.send('DELETE', '/_sim/requests')
  }

  async requestCounts(): Promise<{ rest: RequestCounts; web: RequestCounts }> {
    const report = z
      .object({ total: z.object({ rest: Counts, web: Counts }) })
      .parse(await this.send('GET', '/_sim/requests'))
    return report.total
  }

  /** Follows a run from its beginning until it is over, or the signal aborts. */
  async *follow(eventsUrl: string, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const response = await fetch(eventsUrl, { signal })
    if (!response.ok || !response.body) throw new Error(`the simulator answered ${response.status} to ${eventsUrl}`)
    let text = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const event of blocks.flatMap(eventOf)) {
        yield event
        if (event.type === 'run-completed') return
      }
    }
  }

  /** Any other call of the control API. @throws when the answer is not 2xx, with its text */
  async send(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#base + path, {
      method,
      signal: AbortSignal.timeout(requestMsMax),
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}

function eventOf(block: string): RunEvent[] {
  const data = block.split('\n').find(line => line.startsWith('data: '))
  return data ? [JSON.parse(data.slice('data: '.length))] : []
}

import { z } from 'zod'
import type { ContainerRequest } from './container-request.ts'
import { EngineRefusal, type EngineRequest, EngineSocket } from './engine-request.ts'

const readMsMax = 10_000
const changeMsMax = 30_000
const logLinesMax = 20

const Info = z.object({
  SecurityOptions: z.array(z.string()).nullish(),
  Architecture: z.string(),
  CgroupVersion: z.string().optional(),
  DockerRootDir: z.string(),
  MemoryLimit: z.boolean(),
  PidsLimit: z.boolean(),
  CpuCfsQuota: z.boolean(),
})
export type EngineInfo = z.infer<typeof Info>

const Container = z.object({
  Id: z.string().regex(/^[0-9a-f]{64}$/),
  Name: z.string(),
  State: z.object({ Running: z.boolean(), Pid: z.number().int(), OOMKilled: z.boolean(), ExitCode: z.number().int() }),
  ResolvConfPath: z.string(),
  GraphDriver: z.object({ Data: z.record(z.string(), z.string()).nullish() }),
  NetworkSettings: z.object({ SandboxKey: z.string() }),
})
export type EngineContainer = z.infer<typeof Container>

const Image = z.object({ Id: z.string(), Architecture: z.string() })
const Created = z.object({ Id: Container.shape.Id })
const Listed = z.array(z.object({ Id: Container.shape.Id, Labels: z.record(z.string(), z.string()) }))

/** What the driver needs of Docker, each call typed by what is read of its answer. Errors as `EngineSocket.send`. */
export class EngineClient {
  readonly #socket: EngineSocket

  constructor(socketPath: string) {
    this.#socket = new EngineSocket(socketPath)
  }

  async info(signal: AbortSignal): Promise<EngineInfo> {
    return Info.parse(await this.#read('/info', signal))
  }

  /** The image as it is here now, or undefined. Nothing is ever pulled: what runs is what the operator put there. */
  async image(reference: string, signal: AbortSignal): Promise<z.infer<typeof Image> | undefined> {
    const path = `/images/${encodeURIComponent(reference).replaceAll('%2F', '/')}/json`
    return unlessAbsent(this.#read(path, signal).then(answer => Image.parse(answer)))
  }

  /**
   * The signal does not cut the call off; it is checked afterwards. Docker goes on without a listener, and a removal in
   * between would find nothing to remove.
   * The call is quick, and bounded like every call.
   */
  async create(name: string, body: ContainerRequest, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    const wholeCall = AbortSignal.timeout(changeMsMax)
    return Created.parse(await this.#change('POST', `/containers/create?name=${name}`, wholeCall, body)).Id
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#change('POST', `/containers/${id}/start`, signal)
  }

  async inspect(idOrName: string, signal: AbortSignal): Promise<EngineContainer | undefined> {
    return unlessAbsent(this.#read(`/containers/${idOrName}/json`, signal).then(answer => Container.parse(answer)))
  }

  /** Last lines of both outputs; for the log when a builder does not come up. */
  async lastLines(id: string, signal: AbortSignal): Promise<string> {
    const path = `/containers/${id}/logs?stdout=1&stderr=1&tail=${logLinesMax}`
    const frames = await this.#socket.send({ method: 'GET', path, msMax: readMsMax, signal })
    return textOfFrames(frames)
  }

  /** Kills and removes the container with its anonymous volumes. False when a removal is under way already. */
  async remove(idOrName: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#change('DELETE', `/containers/${idOrName}?force=1&v=1`, signal)
      return true
    } catch (error) {
      if (error instanceof EngineRefusal && error.status === 404) return true
      if (error instanceof EngineRefusal && error.status === 409) return false
      throw error
    }
  }

  /** Containers in any state that carry all the labels, as `name=value`. */
  async list(labels: readonly string[], signal: AbortSignal): Promise<z.infer<typeof Listed>> {
    const filters = encodeURIComponent(JSON.stringify({ label: labels }))
    return Listed.parse(await this.#read(`/containers/json?all=1&filters=${filters}`, signal))
  }

  async #read(path: string, signal: AbortSignal): Promise<unknown> {
    return JSON.parse((await this.#socket.send({ method: 'GET', path, msMax: readMsMax, signal })).toString('utf8'))
  }

  async #change(method: EngineRequest['method'], path: string, signal: AbortSignal, body?: unknown): Promise<unknown> {
    const request = { method, path, msMax: changeMsMax, signal, ...(body !== undefined && { body }) }
    const text = (await this.#socket.send(request)).toString('utf8')
    return text === '' ? undefined : JSON.parse(text)
  }
}

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof EngineRefusal && error.status === 404) return undefined
    throw error
  }
}

/** Without a terminal the log comes in frames: stream, three zero bytes, 32-bit length, text. */
function textOfFrames(frames: Buffer): string {
  const texts: string[] = []
  for (let at = 0; at + 8 <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4)
    texts.push(frames.toString('utf8', at + 8, at + 8 + length))
    at += 8 + length
  }
  return texts.join('')
}

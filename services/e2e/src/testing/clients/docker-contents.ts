import { EngineSocket } from '@forkproof/builder-provisioner/drivers/docker/engine-request'
import { z } from 'zod'

const callMsMax = 30_000

const Images = z.array(z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullable() }))
const Named = z.array(z.object({ Id: z.string() }))
const Volumes = z.object({ Volumes: z.array(z.object({ Name: z.string() })).nullable() })

/** The contents of a Docker daemon, by its API. */
export class DockerContents {
  readonly #socket: EngineSocket

  constructor(socketPath: string) {
    this.#socket = new EngineSocket(socketPath)
  }

  async all(): Promise<readonly string[]> {
    const [images, containers, networks, volumes] = await Promise.all([
      this.#get('/images/json?all=1', Images),
      this.#get('/containers/json?all=1', Named),
      this.#get('/networks', Named),
      this.#get('/volumes', Volumes),
    ])
    return [
      ...images.map(({ Id, RepoTags }) => `image ${RepoTags?.join(' ') || Id}`),
      ...containers.map(({ Id }) => `container ${Id}`),
      ...networks.map(({ Id }) => `network ${Id}`),
      ...(volumes.Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ].sort()
  }

  /** Like `docker run --rm --network none`: the output of the image's own command and its exit code. */
  async run(image: string): Promise<{ code: number; output: string }> {
    const body = { Image: image, Tty: true, HostConfig: { NetworkMode: 'none' } }
    const { Id } = z.object({ Id: z.string() }).parse(await this.#send('POST', '/containers/create', body))
    try {
      await this.#send('POST', `/containers/${Id}/start`)
      const { StatusCode } = z
        .object({ StatusCode: z.number() })
        .parse(await this.#send('POST', `/containers/${Id}/wait`))
      const output = await this.#text('GET', `/containers/${Id}/logs?stdout=1&stderr=1`)
      return { code: StatusCode, output }
    } finally {
      await this.#text('DELETE', `/containers/${Id}?force=1&v=1`)
    }
  }

  /** The newest API version of the daemon. */
  async apiVersion(): Promise<string> {
    return (await this.#get('/version', z.object({ ApiVersion: z.string() }))).ApiVersion
  }

  async remove(image: string): Promise<void> {
    await this.#text('DELETE', `/images/${image}?force=1`)
  }

  async #get<T>(path: string, shape: z.ZodType<T>): Promise<T> {
    return shape.parse(await this.#send('GET', path))
  }

  async #send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const text = await this.#text(method, path, body)
    return text === '' ? undefined : JSON.parse(text)
  }

  async #text(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<string> {
    const signal = AbortSignal.timeout(callMsMax)
    const call = { method, path, msMax: callMsMax, signal, ...(body !== undefined && { body }) }
    return (await this.#socket.send(call)).toString('utf8')
  }
}

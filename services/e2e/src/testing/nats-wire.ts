import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const answerMsMax = 5_000
const fenceSubject = 'fence'

interface WireMessage {
  readonly subject: string
  readonly text: string
}

/**
 * The NATS protocol by hand, for tests of permissions. Source:
 * https://docs.nats.io/reference/reference-protocols/nats-protocol.
 * It sends what it is told to, also what the client library would not (a reply subject of choice), and shows the
 * server's refusals.
 */
export class NatsWire {
  readonly messages: WireMessage[] = []
  readonly refusals: string[] = []
  readonly #socket: Socket
  readonly #inbox: string
  #buffer = Buffer.alloc(0)
  #pongs = 0
  #pings = 0
  #nextId = 1
  #changed = Promise.withResolvers<void>()

  private constructor(socket: Socket, inbox: string) {
    this.#socket = socket
    this.#inbox = inbox
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('close', () => this.#notify())
    socket.on('error', () => {})
  }

  /** @param inbox prefix of the reply subjects. Rejects when the server does not let the user in. */
  static async open(port: number, user: string | undefined, password: string, inbox: string): Promise<NatsWire> {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    const wire = new NatsWire(socket, inbox)
    const who = user === undefined ? {} : { user, pass: password }
    socket.write(`CONNECT ${JSON.stringify({ verbose: false, pedantic: false, headers: true, ...who })}\r\n`)
    await wire.settle()
    if (wire.refusals.length > 0) throw new Error(wire.refusals.join('; '))
    return wire
  }

  /** Resolves when the server has dealt with everything sent so far. */
  async settle(): Promise<void> {
    this.#pings++
    this.#socket.write('PING\r\n')
    const wanted = this.#pings
    await this.#until(() => this.#pongs >= wanted || this.#socket.destroyed)
  }

  /** Publishes, and returns what the server refused meanwhile. */
  async publish(subject: string, text = '', reply = ''): Promise<readonly string[]> {
    const before = this.refusals.length
    this.#socket.write(`PUB ${subject} ${reply === '' ? '' : `${reply} `}${Buffer.byteLength(text)}\r\n${text}\r\n`)
    await this.settle()
    return this.refusals.slice(before)
  }

  async subscribe(subject: string): Promise<readonly string[]> {
    const before = this.refusals.length
    this.#socket.write(`SUB ${subject} ${this.#nextId++}\r\n`)
    await this.settle()
    return this.refusals.slice(before)
  }

  /** One question to the server's own API. Rejects when it is refused or nobody answers. */
  async request(subject: string, text = ''): Promise<string> {
    const reply = `${this.#inbox}.${fenceSubject}${this.#nextId}`
    await this.subscribe(reply)
    const refused = await this.publish(subject, text, reply)
    if (refused.length > 0) throw new Error(refused.join('; '))
    await this.#until(() => this.messages.some(message => message.subject === reply))
    return this.messages.find(message => message.subject === reply)?.text ?? ''
  }

  /** Resolves when `condition` holds; checked after every message. */
  async received(condition: (messages: readonly WireMessage[]) => boolean): Promise<void> {
    await this.#until(() => condition(this.messages))
  }

  close(): void {
    this.#socket.destroy()
  }

  async #until(condition: () => boolean): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(`nothing within ${answerMsMax} ms`)), answerMsMax)
    try {
      while (!condition()) await Promise.race([this.#changed.promise, promise])
    } finally {
      clearTimeout(timer)
    }
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    while (this.#takeOne());
    this.#notify()
  }

  /** Takes one protocol line, with its payload, off the buffer; false when it is not complete yet. */
  #takeOne(): boolean {
    const end = this.#buffer.indexOf('\r\n')
    if (end < 0) return false
    const words = this.#buffer.toString('utf8', 0, end).split(' ')
    const verb = words[0] ?? ''
    const carriesPayload = verb === 'MSG' || verb === 'HMSG'
    const size = carriesPayload ? Number(words.at(-1)) + 2 : 0
    if (this.#buffer.length < end + 2 + size) return false
    const payload = this.#buffer.toString('utf8', end + 2, end + size)
    this.#buffer = this.#buffer.subarray(end + 2 + size)
    if (carriesPayload) this.messages.push({ subject: words[1] ?? '', text: payload })
    else if (verb === 'PING') this.#socket.write('PONG\r\n')
    else if (verb === 'PONG') this.#pongs++
    else if (verb === '-ERR') this.refusals.push(words.slice(1).join(' '))
    return true
  }
}

import { createHmac, randomUUID } from 'node:crypto'
import type { GithubApps } from '../apps/github-apps.ts'
import type { BehaviourSettings } from '../behaviour/behaviour-settings.ts'
import type { AnswerLinks } from '../rest/json/answer-links.ts'
import { formatTimestamp } from '../rest/json/answer-links.ts'
import { JobSlots } from '../scheduling/job-slots.ts'
import type { GithubStore } from '../store/github-store.ts'
import { encodeNodeId } from '../store/id-sequence.ts'
import { requireRoom, StateProblem } from '../store/state-problem.ts'
import type { StoreChange } from '../store/store-change.ts'
import { deliveriesKeptMax, deliveriesWaitingMax, webhooksMax } from '../store/store-limits.ts'
import type { StoredRepository } from '../store/stored-types.ts'
import { webhookPayload } from './webhook-payloads.ts'

/**
 * A receiver that takes longer has failed.
 * Source: documented, `webhooks/using-webhooks/best-practices-for-using-webhooks`.
 */
const answerMsMax = 10_000
const sendingMax = 8

export const webhookEvents = ['workflow_job', 'workflow_run', 'pull_request'] as const
type WebhookEvent = (typeof webhookEvents)[number]

interface WebhookInput {
  url: string
  secret?: string | undefined
  events?: WebhookEvent[] | undefined
  repository?: string | undefined
  app?: number | undefined
}

interface StoredWebhook {
  id: number
  url: string
  secret: string | null
  events: readonly WebhookEvent[]
  /** Events of this repository alone. */
  repositoryId: number | null
  /** Events of the repositories where this App is installed. */
  appId: number | null
  deliveries: StoredDelivery[]
  waiting: number
  slots: JobSlots
  createdAt: number
}

interface StoredDelivery {
  /** `X-GitHub-Delivery`, the same when it is delivered again. */
  id: string
  event: string
  action: string | null
  body: string
  state: 'waiting' | 'delivered' | 'failed' | 'dropped'
  /** Of the receiver's answer. */
  status: number | null
  isRedelivery: boolean
  at: number
}

interface WebhookDeps {
  store: GithubStore
  behaviour: BehaviourSettings
  apps: GithubApps
  links: () => AnswerLinks
}

/**
 * Tells the configured addresses what happens (docs/facts/github.md#webhooks). Nothing is delivered a second time by
 * itself. What waits is bounded: what is too much is dropped, as are those that a test wants lost.
 */
export class WebhookSender {
  readonly #deps: WebhookDeps
  readonly #hooks = new Map<number, StoredWebhook>()
  readonly #stop = new AbortController()

  constructor(deps: WebhookDeps) {
    this.#deps = deps
    deps.store.onChange(change => this.#tell(change))
  }

  /** Adds an address and greets it with a `ping`. */
  add(input: WebhookInput): StoredWebhook {
    const { store } = this.#deps
    requireRoom(this.#hooks.size, webhooksMax, 'webhooks')
    if (!isLocal(input.url)) throw new StateProblem(422, 'webhooks go to this machine only')
    const hook: StoredWebhook = {
      id: store.takeId('webhook'),
      url: input.url,
      secret: input.secret ?? null,
      events: input.events ?? webhookEvents,
      repositoryId: input.repository === undefined ? null : store.repositoryByFullName(input.repository).id,
      appId: input.app === undefined ? null : this.#deps.apps.app(input.app).id,
      deliveries: [],
      waiting: 0,
      slots: new JobSlots(sendingMax),
      createdAt: store.now(),
    }
    this.#hooks.set(hook.id, hook)
    this.#enqueue(hook, { event: 'ping', action: null, body: JSON.stringify(this.#pingBody(hook)) })
    return hook
  }

  list(): StoredWebhook[] {
    return [...this.#hooks.values()]
  }

  hook(id: number): StoredWebhook {
    const hook = this.#hooks.get(id)
    if (hook === undefined) throw new StateProblem(404, `no webhook ${id}`)
    return hook
  }

  remove(hook: StoredWebhook): void {
    this.#hooks.delete(hook.id)
  }

  /** Sends the same body under the same id again. */
  redeliver(hook: StoredWebhook, deliveryId: string): StoredDelivery {
    const delivery = hook.deliveries.find(({ id }) => id === deliveryId)
    if (delivery === undefined) throw new StateProblem(404, `no delivery ${deliveryId}`)
    return this.#enqueue(hook, delivery, delivery.id)
  }

  stop(): void {
    this.#stop.abort(new Error('the simulator stops'))
  }

  #tell(change: StoreChange): void {
    const listeners = this.list()
    if (listeners.length === 0) return
    const payload = webhookPayload(this.#deps.store, this.#deps.links(), change)
    if (payload === undefined) return
    for (const hook of listeners) {
      const scope = this.#scopeOf(hook, payload.repository)
      if (scope === undefined || !hook.events.includes(payload.event)) continue
      this.#enqueue(hook, { ...payload, body: JSON.stringify({ ...payload.body, ...scope }) })
    }
  }

  /** Members that the hook's kind adds to a body; `undefined` if the repository is none of its own. */
  #scopeOf(hook: StoredWebhook, repository: StoredRepository): object | undefined {
    if (hook.repositoryId !== null && hook.repositoryId !== repository.id) return undefined
    if (hook.appId === null) return {}
    const { apps } = this.#deps
    const found = apps
      .installationsOf(hook.appId)
      .find(
        ({ suspendedAt, ...rest }) => suspendedAt === null && apps.isInstalledOn({ suspendedAt, ...rest }, repository),
      )
    if (found === undefined) return undefined
    return { installation: { id: found.id, node_id: encodeNodeId('Integration', found.id) } }
  }

  #enqueue(
    hook: StoredWebhook,
    message: { event: string; action: string | null; body: string },
    id: string | undefined = undefined,
  ): StoredDelivery {
    const { store, behaviour } = this.#deps
    const isFull = hook.waiting >= deliveriesWaitingMax
    const isDropped = isFull || behaviour.chance(behaviour.read().webhookDropRate)
    const delivery: StoredDelivery = {
      id: id ?? randomUUID(),
      event: message.event,
      action: message.action,
      body: message.body,
      state: isDropped ? 'dropped' : 'waiting',
      status: null,
      isRedelivery: id !== undefined,
      at: store.now(),
    }
    hook.deliveries.push(delivery)
    if (hook.deliveries.length > deliveriesKeptMax) hook.deliveries.shift()
    if (!isDropped) void this.#deliver(hook, delivery)
    return delivery
  }

  /** Never rejects: what goes wrong is the delivery's state. */
  async #deliver(hook: StoredWebhook, delivery: StoredDelivery): Promise<void> {
    hook.waiting += 1
    try {
      const { store, behaviour } = this.#deps
      const { webhookDelayMs } = behaviour.read()
      if (webhookDelayMs > 0) await store.clock.sleep(webhookDelayMs, this.#stop.signal)
      delivery.status = await hook.slots.use(() => this.#send(hook, delivery))
      delivery.state = delivery.status >= 200 && delivery.status < 300 ? 'delivered' : 'failed'
    } catch {
      delivery.state = 'failed'
    } finally {
      hook.waiting -= 1
    }
  }

  async #send(hook: StoredWebhook, delivery: StoredDelivery): Promise<number> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(answerMsMax)])
    const response = await fetch(hook.url, {
      method: 'POST',
      redirect: 'manual',
      signal,
      headers: headersOf(hook, delivery),
      body: delivery.body,
    })
    await response.body?.cancel()
    return response.status
  }

  #pingBody(hook: StoredWebhook): Record<string, unknown> {
    const { links } = this.#deps
    const at = formatTimestamp(hook.createdAt)
    const url = `${links().api}/app/hook`
    return {
      zen: 'Anything added dilutes everything else.',
      hook_id: hook.id,
      hook: {
        id: hook.id,
        type: hook.appId === null ? 'Repository' : 'App',
        name: 'web',
        active: true,
        events: hook.events,
        config: { content_type: 'json', insecure_ssl: '0', url: hook.url },
        created_at: at,
        updated_at: at,
        url,
        ...(hook.appId === null ? {} : { app_id: hook.appId }),
      },
    }
  }
}

function headersOf(hook: StoredWebhook, delivery: StoredDelivery): Record<string, string> {
  const sign = (algorithm: string, secret: string) =>
    `${algorithm}=${createHmac(algorithm, secret).update(delivery.body).digest('hex')}`
  return {
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/5171d43',
    'x-github-delivery': delivery.id,
    'x-github-event': delivery.event,
    'x-github-hook-id': String(hook.id),
    'x-github-hook-installation-target-id': String(hook.appId ?? hook.repositoryId ?? 0),
    'x-github-hook-installation-target-type': hook.appId === null ? 'repository' : 'integration',
    ...(hook.secret === null
      ? {}
      : { 'x-hub-signature': sign('sha1', hook.secret), 'x-hub-signature-256': sign('sha256', hook.secret) }),
  }
}

function isLocal(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return /^https?:$/.test(protocol) && /^(127\.0\.0\.1|\[::1\]|([a-z0-9-]+\.)*localhost)$/.test(hostname)
}

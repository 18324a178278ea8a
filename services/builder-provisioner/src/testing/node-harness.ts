import { createHash, randomUUID } from 'node:crypto'
import type { BuilderClass, Egress, Platform, ReleaseReason } from '@forkproof/contracts/builder'
import { BuilderEvent } from '@forkproof/contracts/events'
import { BuildId, LeaseId, NodeId, ProjectId } from '@forkproof/contracts/ids'
import { consumers } from '@forkproof/contracts/subjects'
import { silentLogger } from '@forkproof/infra/log'
import { buildTokenSealKey, newBuildToken } from '@forkproof/infra/seal'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { vi } from 'vitest'
import { MemoryDriver } from '../drivers/memory/memory-driver.ts'
import type { BuilderNode } from '../node.ts'
import type { CheckReady } from '../readiness/builder-readiness.ts'
import type { BuilderRecord } from '../state/builder-record.ts'
import type { LeaseRecord } from '../state/lease-record.ts'
import { type NodeOptions, wireNode } from '../wire-node.ts'
import { FakeBus } from './fake-bus.ts'
import { createFakeCa, FakeTlsProxy } from './fake-proxy.ts'
import { FakeRecords } from './fake-records.ts'

export const testNodeId = NodeId.parse('node-1')
export const testProjectId = (letter: string) => ProjectId.parse(`prj_${letter.repeat(16)}`)
export const testBuildToken = newBuildToken()
const sealKey = buildTokenSealKey(testBuildToken)
const minuteMs = 60_000

interface LeaseAsk {
  readonly leaseId?: LeaseId
  readonly buildId?: BuildId
  readonly platform?: Platform
  readonly builderClass?: BuilderClass
  readonly egress?: Egress
  readonly projectId?: ProjectId
  readonly certificateRequest?: string
  readonly waitMs?: number
  readonly leaseMs?: number
}

/** The machine, the disk, the bus and the clock that nodes come and go on. */
export class NodeHarness {
  readonly clock = new FakeClock()
  readonly bus = new FakeBus()
  readonly driver = new MemoryDriver({ clock: this.clock })
  readonly leaseRecords = new FakeRecords<LeaseRecord>()
  readonly builderRecords = new FakeRecords<BuilderRecord>()
  proxy = new FakeTlsProxy()
  checksEmulated = true
  checkReady: CheckReady = async () => ({ startMs: 10, canaryMs: 20 })
  readonly #proxies: FakeTlsProxy[] = []
  #node: BuilderNode | undefined
  #life = { over: false }

  async start(changes: Partial<NodeOptions['settings']> & { queueMax?: number } = {}): Promise<BuilderNode> {
    const { queueMax = 100, ...settings } = changes
    const life = { over: false }
    this.#life = life
    this.proxy = new FakeTlsProxy()
    this.#proxies.push(this.proxy)
    const options = {
      nodeId: testNodeId,
      driverName: 'memory',
      checksEmulated: this.checksEmulated,
      settings: {
        capacity: 4,
        warm: 0,
        warmStartsMax: 2,
        warmEgress: 'none' as const,
        warmAgeMsMax: 60 * minuteMs,
        clientGoneMs: 2 * minuteMs,
        projectLingerMs: 0,
        ...settings,
      },
      queueMax,
      limits: { cpus: 1, memoryBytes: 1, pids: 1, diskBytes: 1 },
    }
    this.#node = wireNode(options, {
      bus: mortal(this.bus, life),
      driver: mortal(this.driver, life),
      createCa: createFakeCa,
      proxy: mortal(this.proxy, life),
      checkReady: (builder, signal) => this.checkReady(builder, signal),
      leaseRecords: mortal(this.leaseRecords, life),
      builderRecords: mortal(this.builderRecords, life),
      clock: mortal(this.clock, life),
      log: silentLogger,
    })
    await this.#node.start()
    return this.#node
  }

  async stop(): Promise<void> {
    await this.#node?.stop()
  }

  /** Sockets of builders that the lease was ever let through to. */
  everServed = (leaseId: LeaseId): ReadonlySet<string> =>
    new Set(this.#proxies.flatMap(proxy => [...(proxy.served.get(leaseId) ?? [])]))

  /** As `kill -9`: nothing of this node writes, says or does anything any more. */
  kill(): void {
    this.#life.over = true
    this.bus.disconnect()
  }

  request(ask: LeaseAsk = {}): LeaseId {
    const { platform = 'linux/amd64', builderClass = 'ephemeral', leaseId = LeaseId.parse(randomUUID()) } = ask
    const nowMs = this.clock.now()
    const data = {
      buildId: ask.buildId ?? buildIdOfLease(leaseId),
      leaseId,
      platform,
      projectId: ask.projectId ?? testProjectId('a'),
      builderClass,
      egress: ask.egress ?? 'none',
      sealKey,
      ...(ask.certificateRequest !== undefined && { certificateRequest: ask.certificateRequest }),
      expiresAtMs: nowMs + (ask.waitMs ?? 5 * minuteMs),
      leaseEndsAtMs: nowMs + (ask.leaseMs ?? 20 * minuteMs),
    }
    this.bus.send(
      consumers.builderRequests(platform, builderClass),
      command('forkproof.builder.requested.v1', data, 'requested'),
    )
    return leaseId
  }

  release(leaseId: LeaseId, reason: ReleaseReason = 'finished'): void {
    const data = { buildId: buildIdOfLease(leaseId), leaseId, platform: 'linux/amd64', nodeId: testNodeId, reason }
    this.bus.send(consumers.builderReleases(testNodeId), command('forkproof.builder.released.v1', data, 'released'))
  }

  /** What the stream has of a lease, without doubles; each is checked against the contract. */
  events(leaseId: LeaseId): readonly BuilderEvent[] {
    return this.bus.stored
      .map(({ text }) => BuilderEvent.parse(JSON.parse(text)))
      .filter(event => event.data.leaseId === leaseId)
  }

  kinds = (leaseId: LeaseId): readonly string[] => this.events(leaseId).map(event => event.type.split('.')[2] ?? '')

  async until<T>(look: () => T | undefined | false): Promise<T> {
    return vi.waitFor(
      () => {
        const seen = look()
        if (seen === undefined || seen === false) throw new Error('not yet')
        return seen
      },
      { timeout: 5_000, interval: 1 },
    )
  }

  event<K extends 'accepted' | 'ready' | 'failed' | 'destroyed'>(leaseId: LeaseId, kind: K) {
    type Wanted = Extract<BuilderEvent, { type: `forkproof.builder.${K}.v1` }>
    const isWanted = (event: BuilderEvent): event is Wanted => event.type === `forkproof.builder.${kind}.v1`
    return this.until(() => this.events(leaseId).findLast(isWanted))
  }

  /** Time passes in steps in which things settle, as they do. */
  async pass(ms: number, stepMs = 1_000): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left))
      await letSettle()
    }
  }
}

/** Lets everything run that waits for no clock. */
export async function letSettle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise(resolve => setImmediate(resolve))
}

export const buildIdOfLease = (leaseId: LeaseId): BuildId =>
  BuildId.parse(createHash('sha256').update(leaseId).digest('base64url'))

function command(type: string, data: { buildId: BuildId; leaseId: LeaseId }, kind: string): string {
  return JSON.stringify({
    specversion: '1.0',
    id: `${data.leaseId}:${kind}`,
    source: '/test',
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    type,
    subject: data.buildId,
    data,
  })
}

/** Of a process that was killed no call goes out and no answer comes back. */
function mortal<T extends object>(target: T, life: { over: boolean }): T {
  return new Proxy(target, {
    get: (of, name) => {
      const value: unknown = Reflect.get(of, name, of)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) =>
        life.over && name !== 'now' ? new Promise<never>(() => undefined) : Reflect.apply(value, of, args)
    },
  })
}

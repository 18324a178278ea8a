import { BuilderId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { containerRequest } from './container-request.ts'
import { EngineClient } from './engine-client.ts'
import { EngineRefusal, EngineUnreachable } from './engine-request.ts'
import { goodInfo, jsonRoute, silence, startFakeEngine } from './testing/fake-engine.ts'

const id = 'a'.repeat(64)
const request = containerRequest({
  spec: {
    builderId: BuilderId.parse('baaaaaaaaaaa'),
    platform: 'linux/amd64',
    egress: 'none',
    kind: { class: 'ephemeral' },
    limits: { cpus: 1, memoryBytes: 1, pids: 1, diskBytes: 1 },
    endsAtMs: 0,
  },
  ...{ nodeId: 'node-1', imageId: 'sha256:1', hasAppArmor: false, nowMs: 0 },
  folders: { state: '/s', socket: '/k', config: '/c' },
})
const within = (msMax = 5_000) => AbortSignal.timeout(msMax)

describe('the client of the Engine API', () => {
  it('speaks the daemon’s version when that is older than its own, and its own when that is newer', async () => {
    await using old = await startFakeEngine({ 'GET /info': jsonRoute(200, goodInfo) }, '1.41')
    await new EngineClient(old.socketPath).info(within())
    expect(old.requests).toEqual(['GET /_ping', 'GET /v1.41/info'])
    await using fresh = await startFakeEngine({ 'GET /info': jsonRoute(200, goodInfo) }, '1.60')
    await new EngineClient(fresh.socketPath).info(within())
    expect(fresh.requests).toEqual(['GET /_ping', 'GET /v1.47/info'])
  })

  it('refuses a daemon that is too old', async () => {
    await using engine = await startFakeEngine({ 'GET /info': jsonRoute(200, goodInfo) }, '1.40')
    await expect(new EngineClient(engine.socketPath).info(within())).rejects.toThrow('1.40 is too old')
  })

  it('calls a daemon unreachable whose socket is not there', async () => {
    await expect(new EngineClient('/nonexistent/docker.sock').info(within())).rejects.toBeInstanceOf(EngineUnreachable)
  })

  it('stops waiting with the caller’s signal and its reason', async () => {
    await using engine = await startFakeEngine({ 'GET /info': silence })
    const stop = new AbortController()
    const asked = new EngineClient(engine.socketPath).info(stop.signal)
    stop.abort(new Error('not needed any more'))
    await expect(asked).rejects.toThrow('not needed any more')
  })

  it('waits for a container that is being made, also when it is not needed any more: it must be known to be removed', async () => {
    const stop = new AbortController()
    await using engine = await startFakeEngine({
      'POST /containers/create': (request, response) => {
        stop.abort()
        jsonRoute(201, { Id: id })(request, response)
      },
    })
    const client = new EngineClient(engine.socketPath)
    expect(await client.create('forkproof-b', request, stop.signal)).toBe(id)
    await expect(client.create('forkproof-b', request, stop.signal)).rejects.toThrow('aborted')
  })

  it('gives up on an answer that is larger than any it asks for', async () => {
    const block = Buffer.alloc(1024 * 1024, 32)
    await using engine = await startFakeEngine({
      'GET /info': (_request, response) => {
        for (let sent = 0; sent < 6; sent++) response.write(block)
        response.end('{}')
      },
    })
    await expect(new EngineClient(engine.socketPath).info(within())).rejects.toBeInstanceOf(EngineUnreachable)
  })

  it('gives up on an answer that breaks off', async () => {
    await using engine = await startFakeEngine({
      'GET /info': (request, response) => {
        response.writeHead(200, { 'content-length': 1_000 }).write('{"Architecture":')
        request.socket.end()
      },
    })
    await expect(new EngineClient(engine.socketPath).info(within())).rejects.toBeInstanceOf(EngineUnreachable)
  })

  it.each([
    ['no JSON', (_: unknown, response: { end(text: string): void }) => response.end('<html>')],
    ['another shape', jsonRoute(200, { Architecture: 7 })],
  ])('does not take an answer for information that is %s', async (_, route) => {
    await using engine = await startFakeEngine({ 'GET /info': route })
    await expect(new EngineClient(engine.socketPath).info(within())).rejects.toThrow()
  })

  it('tells a refusal with the daemon’s message and status', async () => {
    await using engine = await startFakeEngine({
      [`POST /containers/${id}/start`]: jsonRoute(500, { message: 'no space' }),
    })
    const started = new EngineClient(engine.socketPath).start(id, within())
    await expect(started).rejects.toMatchObject({ name: 'EngineRefusal', status: 500 })
    await expect(started).rejects.toThrow('no space')
  })

  it('takes what is not there for absent', async () => {
    await using engine = await startFakeEngine({})
    const client = new EngineClient(engine.socketPath)
    expect(await client.image('moby/buildkit:absent', within())).toBeUndefined()
    expect(await client.inspect('forkproof-b', within())).toBeUndefined()
    expect(await client.remove('forkproof-b', within())).toBe(true)
  })

  it('tells a removal that is under way from one that is done or refused', async () => {
    const statuses = [409, 204, 500]
    await using engine = await startFakeEngine({
      [`DELETE /containers/${id}`]: (request, response) => {
        const status = statuses.shift() ?? 500
        if (status === 204) response.writeHead(204).end()
        else jsonRoute(status, { message: 'removal' })(request, response)
      },
    })
    const client = new EngineClient(engine.socketPath)
    expect(await client.remove(id, within())).toBe(false)
    expect(await client.remove(id, within())).toBe(true)
    await expect(client.remove(id, within())).rejects.toBeInstanceOf(EngineRefusal)
  })

  it('reads the text out of the frames of a log, also of one that is cut', async () => {
    const frame = (text: string) => {
      const head = Buffer.alloc(8)
      head.writeUInt32BE(Buffer.byteLength(text), 4)
      return Buffer.concat([head, Buffer.from(text)])
    }
    await using engine = await startFakeEngine({
      [`GET /containers/${id}/logs`]: (_request, response) =>
        void response.end(Buffer.concat([frame('one\n'), frame('two\n'), frame('three').subarray(0, 10)])),
    })
    expect(await new EngineClient(engine.socketPath).lastLines(id, within())).toBe('one\ntwo\nth')
  })
})

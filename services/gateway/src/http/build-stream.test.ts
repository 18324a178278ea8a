import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type BuildsHarness, buildsHarness } from '../testing/builds-harness.ts'

const otherToken = `fpb_${'A'.repeat(43)}`

describe('the event stream of a build', () => {
  const open: BuildsHarness[] = []
  afterEach(async () => {
    for (const gateway of open.splice(0)) {
      gateway.held.releaseAll()
      await gateway.app.close()
    }
  })

  async function events(gateway: BuildsHarness, of: { buildId: string; buildToken: string }, headers = {}) {
    if (!open.includes(gateway)) {
      open.push(gateway)
      await gateway.app.listen({ host: '127.0.0.1', port: 0 })
    }
    const { port } = gateway.app.server.address() as AddressInfo
    const asked = request({
      port,
      host: '127.0.0.1',
      path: `/v1/builds/${of.buildId}`,
      headers: { accept: 'text/event-stream', authorization: `Bearer ${of.buildToken}`, ...headers },
    })
    asked.end()
    const stream = { text: '', ended: false, status: 0, type: '', close: () => asked.destroy() }
    asked.on('error', () => undefined)
    asked.on('response', response => {
      stream.status = response.statusCode ?? 0
      stream.type = String(response.headers['content-type'])
      response.setEncoding('utf8')
      response.on('data', text => {
        stream.text += text
      })
      response.on('end', () => {
        stream.ended = true
      })
      response.on('error', () => undefined)
    })
    return stream
  }
  const untilSlow = async (isSo: () => boolean) => {
    for (let turn = 0; turn < 500 && !isSo(); turn++) await new Promise(resolve => setTimeout(resolve, 10))
    expect(isSo()).toBe(true)
  }

  it('tells each state and ends with the build', async () => {
    const gateway = await buildsHarness()
    const build = await gateway.started()
    const stream = await events(gateway, build)
    await untilSlow(() => stream.text.includes('id: 2\nevent: state\ndata: {'))
    expect(stream.type).toMatch(/^text\/event-stream/)
    await gateway.builds.makeReady(build.buildId)
    await untilSlow(() => stream.text.includes('id: 3\n') && stream.text.includes('"clientKey"'))
    gateway.builds.change(build.buildId, { phase: 'ended', outcome: 'success' })
    await untilSlow(() => stream.ended)
    expect(stream.text.match(/^id: \d+$/gm)).toEqual(['id: 2', 'id: 3', 'id: 4'])
    expect(gateway.held.count).toBe(0)
  })

  it('goes on after the last event that was seen', async () => {
    const gateway = await buildsHarness()
    const build = await gateway.started()
    const stream = await events(gateway, build, { 'last-event-id': '2' })
    await untilSlow(() => gateway.builds.waits === 1)
    expect(stream.text).toBe('')
    gateway.builds.change(build.buildId, { phase: 'ended', outcome: 'success' })
    await untilSlow(() => stream.ended)
    expect(stream.text).toMatch(/^id: 3\n/)
    for (const seen of ['x', '-1', '99999999999999999999', '1e3']) {
      const again = await events(gateway, build, { 'last-event-id': seen })
      await untilSlow(() => again.ended)
      expect(again.text).toMatch(/^id: 3\n/)
    }
  })

  it('is refused as everything else is, before it begins', async () => {
    const gateway = await buildsHarness()
    const build = await gateway.started()
    const stream = await events(gateway, { ...build, buildToken: otherToken })
    await untilSlow(() => stream.ended)
    expect([stream.status, stream.type]).toEqual([401, 'application/problem+json; charset=utf-8'])
    gateway.builds.down = true
    const away = await events(gateway, build)
    await untilSlow(() => away.ended)
    expect(away.status).toBe(503)
    expect(gateway.held.count).toBe(0)
  })

  it('gives its place back when the client goes, and ends when the service stops', async () => {
    const gateway = await buildsHarness()
    const build = await gateway.started()
    const one = await events(gateway, build)
    await untilSlow(() => one.text !== '')
    expect(gateway.held.count).toBe(1)
    one.close()
    await untilSlow(() => gateway.held.count === 0)
    const other = await events(gateway, build)
    await untilSlow(() => other.text !== '')
    gateway.held.releaseAll()
    await untilSlow(() => other.ended)
  })
})

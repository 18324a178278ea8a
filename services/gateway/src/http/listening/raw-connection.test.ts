import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { gatewayHarness } from '../../testing/gateway-harness.ts'

describe('a raw connection', () => {
  const send = async (bytes: string): Promise<string> => {
    const { app } = await gatewayHarness()
    await app.listen({ host: '127.0.0.1', port: 0 })
    const address = app.server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    try {
      const socket = connect(port, '127.0.0.1')
      socket.write(bytes)
      let answer = ''
      for await (const chunk of socket) answer += chunk
      return answer
    } finally {
      await app.close()
    }
  }
  const close = 'Host: x\r\nConnection: close\r\n'

  it.each([
    ['bytes that are no HTTP', 'hello\r\n\r\n'],
    ['headers of 9 kB', `GET /healthz HTTP/1.1\r\n${close}X: ${'x'.repeat(9_000)}\r\n\r\n`],
    ['two lengths', `POST /claim HTTP/1.1\r\n${close}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    [
      'a length and chunks',
      `POST /claim HTTP/1.1\r\n${close}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['an unknown method', `BREW /claim HTTP/1.1\r\n${close}\r\n`],
  ])('with %s is answered 400', async (_name, bytes) => {
    expect(await send(bytes)).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('cannot send a chunked body beyond the limit', async () => {
    const chunk = 'x'.repeat(9_000)
    const head = `POST /claim HTTP/1.1\r\n${close}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`
    const answer = await send(`${head}${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })
})

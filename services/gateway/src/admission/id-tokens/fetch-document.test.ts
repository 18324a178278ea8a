import { createServer, type RequestListener } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { fetchDocument } from './fetch-document.ts'

const open: { close(): void; closeAllConnections(): void }[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  open.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}/`
}

describe('fetching a document', () => {
  it('gives its text and how long it may be kept', async () => {
    const url = await serve((_request, response) => response.setHeader('cache-control', 'max-age=7').end('{"a":"é"}'))
    expect(await fetchDocument(url)).toEqual({ body: '{"a":"é"}', cacheControl: 'max-age=7' })
  })

  it('follows no redirect', async () => {
    const seen: (string | undefined)[] = []
    const url = await serve((request, response) => {
      seen.push(request.url)
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    await expect(fetchDocument(url)).rejects.toThrow()
    expect(seen).toEqual(['/'])
  })

  it.each([204, 304, 404, 500, 503])('fails on status %d', async status => {
    const url = await serve((_request, response) => response.writeHead(status).end())
    await expect(fetchDocument(url)).rejects.toThrow()
  })

  it('stops at its bound, however much is sent', async () => {
    const url = await serve((_request, response) => {
      const chunk = Buffer.alloc(65_536, 'x')
      const more = () => {
        while (response.write(chunk));
        response.once('drain', more)
      }
      more()
    })
    await expect(fetchDocument(url)).rejects.toThrow('more than 65536 bytes')
  })

  it('fails on bytes that are no UTF-8, and when nobody listens', async () => {
    const url = await serve((_request, response) => response.end(Buffer.from([0xff, 0xfe])))
    await expect(fetchDocument(url)).rejects.toThrow()
    open.splice(0).forEach(server => {
      server.closeAllConnections()
      server.close()
    })
    await expect(fetchDocument(url)).rejects.toThrow()
  })
})

import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { actionHarness } from '../action/testing/action-harness.ts'
import { type FakeIssuer, startFakeIssuer } from '../claiming/testing/fake-issuer.ts'
import { fakeCertificate } from '../testing/fake-certificate.ts'
import { type FakeProxy, startFakeProxy } from '../testing/fake-proxy.ts'

const host = 'proof.example'
const secretWord = 'p@ss:word'
const credentials = `user:${secretWord}`
const action = actionHarness()
const { bundle } = action
let issuer: FakeIssuer | undefined
let proxy: FakeProxy | undefined

afterEach(async () => {
  await issuer?.close()
  await proxy?.close()
})

/** An issuer of a name that exists nowhere, a proxy that leads to it, and the file with its certificate. */
async function issuerBehindProxy() {
  const certificate = await fakeCertificate(host)
  issuer = await startFakeIssuer({ tls: { host, ...certificate } })
  proxy = await startFakeProxy(issuer.port, credentials)
  const authorityFile = path.join(bundle.directory, 'authority.pem')
  await writeFile(authorityFile, certificate.cert)
  return { authorityFile, proxyUrl: proxyUrl(encodeURIComponent(secretWord)) }
}
const proxyUrl = (word: string) => `http://user:${word}@127.0.0.1:${proxy?.port}`

async function forkproof(changes: Record<string, string>) {
  const env = { ...(await bundle.forkEnvironment()), ...changes }
  return bundle.start('cli.js', ['token', '--issuer', issuer?.issuer ?? '', '--timeout-seconds', '20'], env).done
}

/** Makes Node as it was before it knew proxies itself. */
async function olderNode(): Promise<{ NODE_OPTIONS: string }> {
  const file = path.join(bundle.directory, 'older.mjs')
  await writeFile(file, "import http from 'node:http'\nhttp.setGlobalProxyFromEnv = undefined\n")
  return { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` }
}

describe('behind a proxy that asks for a password', () => {
  it.each([
    ['HTTPS_PROXY', 'this Node', async () => ({})],
    ['https_proxy', 'this Node', async () => ({})],
    ['HTTPS_PROXY', 'an older Node', olderNode],
  ])('the command line reaches an issuer with a private authority by %s with %s', async (name, _, prepare) => {
    const { authorityFile, proxyUrl } = await issuerBehindProxy()
    const env = { NODE_EXTRA_CA_CERTS: authorityFile, [name]: proxyUrl, ...(await prepare()) }
    const { exit, out, err } = await forkproof(env)
    expect({ exit, out }, err).toEqual({ exit: 0, out: expect.stringMatching(/^eyJ/) })
    expect(new Set(proxy?.asked)).toEqual(new Set([`CONNECT ${host}:443`]))
  })

  it('the Action does too, and ends well', async () => {
    const { authorityFile, proxyUrl } = await issuerBehindProxy()
    const main = await action.startMain({
      INPUT_ISSUER: `https://${host}`,
      NODE_EXTRA_CA_CERTS: authorityFile,
      https_proxy: proxyUrl,
      no_proxy: '127.0.0.1',
    })
    expect(await main.done).toMatchObject({ exit: 0, out: expect.not.stringContaining(secretWord) })
    expect(await action.runnerFile('env')).toContain('FORKPROOF_ID_TOKEN')
  })

  it('the wrong password ends it at once with what to do, and is not shown', async () => {
    const { authorityFile } = await issuerBehindProxy()
    const { exit, err } = await forkproof({ NODE_EXTRA_CA_CERTS: authorityFile, HTTPS_PROXY: proxyUrl('wrong-word') })
    expect({ exit, err }).toEqual({ exit: 3, err: expect.stringMatching(/proxy_refused[\s\S]*user:password@/) })
    expect(err).not.toContain('wrong-word')
  })

  it('an authority that is not known ends it at once with what to do', async () => {
    const { proxyUrl } = await issuerBehindProxy()
    expect(await forkproof({ HTTPS_PROXY: proxyUrl })).toMatchObject({
      exit: 3,
      err: expect.stringMatching(/certificate_untrusted[\s\S]*NODE_EXTRA_CA_CERTS/),
    })
  })
})

describe('a proxy', () => {
  it('is asked for an issuer without TLS too', async () => {
    issuer = await startFakeIssuer()
    proxy = await startFakeProxy(issuer.port)
    const HTTP_PROXY = `http://127.0.0.1:${proxy.port}`
    expect(await forkproof({ HTTP_PROXY })).toMatchObject({ exit: 0 })
    expect(proxy.asked.length).toBeGreaterThan(0)
  })

  it.each(['127.0.0.1', 'other.example,127.0.0.1', '*'])('is left out where NO_PROXY is %s', async NO_PROXY => {
    issuer = await startFakeIssuer()
    proxy = await startFakeProxy(issuer.port, credentials)
    const HTTP_PROXY = `http://127.0.0.1:${proxy.port}`
    expect(await forkproof({ HTTP_PROXY, NO_PROXY })).toMatchObject({ exit: 0 })
    expect(proxy.asked).toEqual([])
  })

  it.each(['proxy.example:8080', 'socks5://user:secret-word@127.0.0.1:1', 'http://'])(
    'of the address %s is refused without a word of it',
    async HTTPS_PROXY => {
      issuer = await startFakeIssuer()
      const { exit, err } = await forkproof({ HTTPS_PROXY })
      expect({ exit, err }).toEqual({ exit: 3, err: expect.stringContaining('proxy_unusable') })
      expect(err).not.toContain('secret-word')
    },
  )
})

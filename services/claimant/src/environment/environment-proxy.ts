import http from 'node:http'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import type { EnvironmentVariables } from './run-environment.ts'

const proxyVariables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const

/**
 * Sends every later `fetch` of this process through the proxy that the environment names, as the runner itself does
 * (docs/facts/github.md#runner). Names in lower case win. NO_PROXY lists what is reached directly.
 * Node does this by itself from 24.14 on; an older one is given the same agent from undici, loaded only where a proxy
 * is named.
 * @throws ClaimFailure when what is named is no address; it is not quoted, because it may hold a password
 */
export async function useEnvironmentProxy(env: EnvironmentVariables): Promise<void> {
  const named = proxyVariables.filter(name => env[name])
  if (named.length === 0) return
  const unusable = named.find(name => !isProxyAddress(env[name] ?? ''))
  if (unusable !== undefined) throw noAddress(unusable)
  if (typeof http.setGlobalProxyFromEnv === 'function') {
    http.setGlobalProxyFromEnv({ ...env })
    return
  }
  const { EnvHttpProxyAgent, setGlobalDispatcher } = await import('undici')
  setGlobalDispatcher(new EnvHttpProxyAgent())
}

function isProxyAddress(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
}

const noAddress = (name: string) =>
  new ClaimFailure('cannot', 'proxy_unusable', {
    title: `${name} is not the address of a proxy`,
    advice: 'Give it as http://host:port, with user:password@ before the host where the proxy asks for them.',
  })

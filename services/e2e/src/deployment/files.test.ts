import { settings as ofProvisioner, readConfig as readProvisioner } from '@forkproof/builder-provisioner/config'
import { deploymentFiles } from '@forkproof/deployment/deployment-files'
import { drawBusPasswords } from '@forkproof/deployment/nats-config'
import { makeServiceKeys } from '@forkproof/deployment/service-keys'
import { settings as ofGateway, readConfig as readGateway } from '@forkproof/gateway/config'
import { Secret } from '@forkproof/infra/secret'
import { readSource } from '@forkproof/layout/source-tree'
import {
  settings as ofOrchestrator,
  provisionSettings,
  readConfig as readOrchestrator,
} from '@forkproof/orchestrator/config'
import { settings as ofSigner, readConfig as readSigner } from '@forkproof/signer/config'
import { settings as ofVerifier, readConfig as readVerifier } from '@forkproof/verifier/config'
import { describe, expect, it } from 'vitest'

const keys = makeServiceKeys()
const operatorToken = new Secret('o'.repeat(43))
const files = deploymentFiles({
  issuer: 'https://oidc.example.dev',
  keys,
  passwords: drawBusPasswords(),
  operatorToken,
})

/** The environment that docker-compose.yml makes, with secrets read from the files that it mounts. */
function environmentOf(service: string): Record<string, string> {
  const lines = (files[`${service}/env`] ?? '').trim().split('\n')
  const entries = lines.map((line): [string, string] => [
    line.slice(0, line.indexOf('=')),
    line.slice(line.indexOf('=') + 1),
  ])
  return Object.fromEntries(
    entries.map(([name, value]) =>
      name.endsWith('_FILE')
        ? [name.slice(0, -'_FILE'.length), files[`${service}/${value.split('/').at(-1)}`] ?? '']
        : [name, value],
    ),
  )
}

describe('the files of a deployment', () => {
  it.each([
    ['gateway', readGateway],
    ['builder-node', readProvisioner],
    ['orchestrator', readOrchestrator],
    ['signer', readSigner],
    ['verifier', readVerifier],
  ])('are a complete configuration of the %s', (service, read) => {
    expect(() => read(environmentOf(service))).not.toThrow()
  })

  it.each<[service: string, settings: Record<string, { readonly env: string }>]>([
    ['gateway', ofGateway],
    ['builder-node', ofProvisioner],
    ['orchestrator', ofOrchestrator],
    ['signer', ofSigner],
    ['verifier', ofVerifier],
    ['admin', provisionSettings],
  ])('tell the %s nothing that it does not read', (service, settings) => {
    const known = new Set(Object.values(settings).map(({ env }) => env))
    expect(Object.keys(environmentOf(service)).filter(name => !known.has(name))).toEqual([])
  })

  it.each(['gateway', 'orchestrator', 'signer', 'admin', 'builder-node'])(
    'give the %s no key of the verifier',
    service => {
      const seen = Object.entries(files)
        .filter(([name]) => name.startsWith(`${service}/`))
        .map(([, content]) => content)
      expect(seen.join('\n').includes(keys.attestationPrivateKey)).toBe(false)
    },
  )

  it('keep every secret out of the environment files', () => {
    const environments = Object.entries(files)
      .filter(([name]) => name.endsWith('/env'))
      .map(([, content]) => content)
      .join('\n')
    const secrets = Object.entries(files)
      .filter(([name]) => !name.endsWith('/env') && !name.endsWith('.conf'))
      .map(([, content]) => content)
    expect(secrets.filter(secret => environments.includes(secret))).toEqual([])
  })

  it('are all mounted by docker-compose.yml', () => {
    const compose = readSource('docker-compose.yml').text
    const folders = [...new Set(Object.keys(files).map(name => name.split('/')[0]))]
    expect(folders.filter(folder => !compose.includes(`./deployment/${folder}`))).toEqual([])
  })
})

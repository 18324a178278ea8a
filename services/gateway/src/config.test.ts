import { ConfigError } from '@forkproof/infra/config'
import { describe, expect, it } from 'vitest'
import { readConfig, settings } from './config.ts'

const good = { FORKPROOF_ISSUER: 'https://oidc.example.dev', FORKPROOF_NATS_PASSWORD: 'a password of some length' }

describe('the configuration', () => {
  it('needs an issuer and a password and has a default for the rest', () => {
    const config = readConfig(good)
    expect(config).toMatchObject({ host: '127.0.0.1', port: 8080, serve: ['any'], audiences: [], trustedProxies: [] })
    expect(config.channels).toEqual(['artifact', 'step-name'])
    expect(JSON.stringify(config)).not.toContain(good.FORKPROOF_NATS_PASSWORD)
  })

  it('manages no projects until an operator’s token is set, and never shows it', () => {
    expect(readConfig(good).operatorToken).toBeUndefined()
    const token = 'operator'.repeat(4)
    const config = readConfig({ ...good, FORKPROOF_GATEWAY_OPERATOR_TOKEN: token })
    expect(config.operatorToken?.reveal()).toBe(token)
    expect(JSON.stringify(config)).not.toContain(token)
  })

  it('takes no webhooks until a secret is set, then one or two of them, and never shows them', () => {
    expect(readConfig(good).webhookSecrets).toBeUndefined()
    const [one, other] = ['1'.repeat(32), '2'.repeat(64)]
    const config = readConfig({ ...good, FORKPROOF_GATEWAY_WEBHOOK_SECRETS: `${one}, ${other}` })
    expect(config.webhookSecrets?.reveal()).toEqual([one, other])
    expect(JSON.stringify(config)).not.toContain(one)
  })

  it('exchanges tokens of GitHub’s own issuer unless told otherwise', () => {
    expect(readConfig(good)).toMatchObject({
      githubIssuer: 'https://token.actions.githubusercontent.com',
      exchangeAudiences: [],
      accessTokenLifetimeSeconds: 3_600,
    })
  })

  it('reports every problem at once', () => {
    const bad = { FORKPROOF_GATEWAY_PORT: '99999', FORKPROOF_GATEWAY_CHANNELS: 'title' }
    const problems = (() => {
      try {
        readConfig(bad)
        return []
      } catch (error) {
        return error instanceof ConfigError ? error.problems : []
      }
    })()
    for (const name of [...Object.keys(good), ...Object.keys(bad)]) {
      expect(problems.some(problem => problem.startsWith(name))).toBe(true)
    }
  })

  it.each([
    ['FORKPROOF_ISSUER', 'http://oidc.example.dev'],
    ['FORKPROOF_ISSUER', 'https://oidc.example.dev/'],
    ['FORKPROOF_GATEWAY_PUBLIC_URL', 'https://oidc.example.dev/?x'],
    ['FORKPROOF_GATEWAY_PORT', '-1'],
    ['FORKPROOF_GATEWAY_PORT', 'eighty'],
    ['FORKPROOF_GATEWAY_SERVE', 'a/b/c'],
    ['FORKPROOF_GATEWAY_SERVE', 'octo-*'],
    ['FORKPROOF_GATEWAY_AUDIENCES', 'https://a.dev,two words'],
    ['FORKPROOF_GATEWAY_CHANNELS', ','],
    ['FORKPROOF_GATEWAY_CHANNELS', 'artifact,artifact,artifact,artifact,artifact'],
    ['FORKPROOF_GATEWAY_TRUSTED_PROXIES', '1'],
    ['FORKPROOF_GATEWAY_TRUSTED_PROXIES', '10.0.0.0/99'],
    ['FORKPROOF_GATEWAY_EXCHANGE_HOLD_MS', '25001'],
    ['FORKPROOF_GATEWAY_CLAIM_LIFETIME_MS', '999999'],
    ['FORKPROOF_GATEWAY_CLAIMS_PER_ADDRESS_MINUTE', '0'],
    ['FORKPROOF_GATEWAY_OPERATOR_TOKEN', 'x'.repeat(31)],
    ['FORKPROOF_GATEWAY_OPERATOR_TOKEN', `${'x'.repeat(32)} y`],
    ['FORKPROOF_GATEWAY_WEBHOOK_SECRETS', 's'.repeat(31)],
    ['FORKPROOF_GATEWAY_WEBHOOK_SECRETS', `${'s'.repeat(20)} ${'s'.repeat(20)}`],
    ['FORKPROOF_GATEWAY_WEBHOOK_SECRETS', `${'s'.repeat(32)},short`],
    ['FORKPROOF_GATEWAY_WEBHOOK_SECRETS', `${'s'.repeat(32)},${'s'.repeat(32)}`],
    ['FORKPROOF_GATEWAY_WEBHOOK_SECRETS', [1, 2, 3].map(digit => String(digit).repeat(32)).join(',')],
    ['FORKPROOF_GATEWAY_WEBHOOK_SECRETS', ','],
    ['FORKPROOF_GATEWAY_WEBHOOKS_MINUTE', '0'],
    ['FORKPROOF_GATEWAY_EXCHANGE_AUDIENCES', 'a,b c'],
    ['FORKPROOF_GATEWAY_GITHUB_ISSUER', 'http://token.actions.githubusercontent.com'],
    ['FORKPROOF_GATEWAY_GITHUB_ISSUER', 'https://token.actions.githubusercontent.com/'],
    ['FORKPROOF_GATEWAY_ACCESS_TOKEN_LIFETIME_SECONDS', '3601'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => readConfig({ ...good, [name]: value })).toThrow(name)
  })

  it('describes every setting', () => {
    for (const setting of Object.values(settings)) expect(setting.description.length).toBeGreaterThan(5)
  })
})

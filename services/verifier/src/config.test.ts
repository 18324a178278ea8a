import { generateKeyPairSync } from 'node:crypto'
import { ConfigError } from '@forkproof/infra/config'
import { describe, expect, test } from 'vitest'
import { readConfig } from './config.ts'

const good = {
  FORKPROOF_ISSUER: 'https://proof.example.com',
  FORKPROOF_NATS_PASSWORD: 'sixteen characters',
  FORKPROOF_VERIFIER_GITHUB_TOKENS: 'token-one, client:secret',
  FORKPROOF_VERIFIER_ATTESTATION_KEY: 'k'.repeat(100),
}

describe('configuration', () => {
  test('needs three settings and a credential, and defaults to the real GitHub without the log', () => {
    const config = readConfig(good)
    expect(config).toMatchObject({
      githubApiUrl: 'https://api.github.com',
      githubWebUrl: 'https://github.com',
      pullRequestFacts: true,
      runWatchSeconds: 15,
      channels: ['artifact', 'log', 'step-name'],
      natsUser: 'verifier',
      logSessionCookie: undefined,
    })
    expect(config.githubTokens?.reveal()).toEqual(['token-one', 'client:secret'])
  })
  test('loses the slash at the end of a base address', () => {
    const env = { ...good, FORKPROOF_VERIFIER_GITHUB_WEB_URL: 'http://127.0.0.1:8090/web/' }
    expect(readConfig(env).githubWebUrl).toBe('http://127.0.0.1:8090/web')
  })
  test('reports everything that is missing at once', () => {
    expect(() => readConfig({})).toThrow(ConfigError)
    expect(() => readConfig({})).toThrow(/3 problem/)
  })
  test('takes a GitHub App instead of tokens, with its key as GitHub gives it', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    const app = { FORKPROOF_VERIFIER_GITHUB_APP_ID: '12345', FORKPROOF_VERIFIER_GITHUB_APP_PRIVATE_KEY: pem }
    const config = readConfig({ ...good, FORKPROOF_VERIFIER_GITHUB_TOKENS: '', ...app })
    expect([config.githubAppId, config.githubTokens]).toEqual(['12345', undefined])
    expect(JSON.stringify(config)).not.toContain('PRIVATE KEY')
  })
  test.each([
    ['no credential', { FORKPROOF_VERIFIER_GITHUB_TOKENS: '' }, /one of them is needed/],
    ['an App without its key', { FORKPROOF_VERIFIER_GITHUB_APP_ID: '1' }, /needs both/],
    ['a key that is none', { FORKPROOF_VERIFIER_GITHUB_APP_PRIVATE_KEY: 'x' }, /RSA private key/],
  ])('refuses %s', (_, env, message) => {
    expect(() => readConfig({ ...good, ...env })).toThrow(message)
  })
  test.each([
    ['FORKPROOF_VERIFIER_GITHUB_API_URL', 'http://api.github.com'],
    ['FORKPROOF_VERIFIER_GITHUB_API_URL', 'https://user:pass@api.github.com'],
    ['FORKPROOF_VERIFIER_GITHUB_API_URL', 'ftp://127.0.0.1'],
    ['FORKPROOF_VERIFIER_GITHUB_WEB_URL', 'github.com'],
    ['FORKPROOF_VERIFIER_GITHUB_TOKENS', 'one,,two'],
    ['FORKPROOF_VERIFIER_GITHUB_TOKENS', 'with\nnewline'],
    ['FORKPROOF_VERIFIER_LOG_SESSION_COOKIE', 'a; other=b'],
    ['FORKPROOF_VERIFIER_LOG_SESSION_COOKIE', 'a\r\nb'],
    ['FORKPROOF_VERIFIER_CHANNELS', ','],
    ['FORKPROOF_VERIFIER_CHANNELS', 'artifact,title'],
    ['FORKPROOF_VERIFIER_PULL_REQUEST_FACTS', 'yes'],
    ['FORKPROOF_VERIFIER_RUN_WATCH_SECONDS', '0'],
    ['FORKPROOF_VERIFIER_RUN_WATCH_SECONDS', '1.5'],
    ['FORKPROOF_VERIFIER_RUN_WATCH_SECONDS', '3600'],
    ['FORKPROOF_ISSUER', 'https://proof.example.com/'],
    ['FORKPROOF_LOG_LEVEL', 'loud'],
  ])('refuses %s=%j and does not repeat a secret', (name, value) => {
    const reading = () => readConfig({ ...good, [name]: value })
    expect(reading).toThrow(name)
    expect(reading).not.toThrow('newline')
  })
})

import { createPrivateKey } from 'node:crypto'
import { ChannelList, channelsReadByDefault } from '@forkproof/contracts/channels'
import { Issuer } from '@forkproof/contracts/ids'
import { ConfigError, defineSettings, loadSettings, type Settings } from '@forkproof/infra/config'
import { busSettings, githubServeSettings, logSettings, temporalSettings } from '@forkproof/infra/shared-settings'
import { z } from 'zod'
import { githubLimits } from './github/limits.ts'

/** `https`, or `http` on loopback for the simulator: a credential is sent there. */
const baseUrl = z
  .url({ protocol: /^https?$/ })
  .refine(isSafeOrigin, 'must be https, or http on loopback, without credentials, query and fragment')
  .transform(text => text.replace(/\/+$/, ''))

/**
 * A token, or an OAuth app's `client_id:client_secret` (docs/facts/github.md#credentials). Header-safe characters only.
 */
const githubTokens = z
  .string()
  .transform(text => text.split(',').map(token => token.trim()))
  .pipe(
    z
      .array(z.string().regex(/^[\x21-\x7e]{4,512}$/, 'must be printable'))
      .min(1)
      .max(githubLimits.credentialsMax),
  )

const channels = z
  .string()
  .transform(text => text.split(',').map(name => name.trim()))
  .pipe(ChannelList)

const flag = z.enum(['true', 'false']).transform(text => text === 'true')

export const settings = defineSettings({
  ...temporalSettings,
  ...busSettings('verifier'),
  ...logSettings,
  issuer: {
    env: 'FORKPROOF_ISSUER',
    schema: Issuer,
    description: 'the issuer that challenge codes commit to; the same as the gateway’s',
  },
  githubApiUrl: {
    env: 'FORKPROOF_VERIFIER_GITHUB_API_URL',
    schema: baseUrl,
    default: 'https://api.github.com',
    description: 'base of GitHub’s REST API',
  },
  githubWebUrl: {
    env: 'FORKPROOF_VERIFIER_GITHUB_WEB_URL',
    schema: baseUrl,
    default: 'https://github.com',
    description: 'base of GitHub’s web pages, for the channel log',
  },
  githubTokens: {
    env: 'FORKPROOF_VERIFIER_GITHUB_TOKENS',
    schema: githubTokens,
    secret: true,
    optional: true,
    description:
      'tokens that may read public repositories, comma separated; each has a budget of its own. This or a GitHub App is needed',
  },
  githubAppId: {
    env: 'FORKPROOF_VERIFIER_GITHUB_APP_ID',
    schema: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be an App id or client id'),
    optional: true,
    description: 'id of a GitHub App; each of its installations has a budget of its own',
  },
  githubAppPrivateKey: {
    env: 'FORKPROOF_VERIFIER_GITHUB_APP_PRIVATE_KEY',
    schema: z.string().max(16_384).refine(isRsaPrivateKey, 'must be an RSA private key in PEM'),
    secret: true,
    optional: true,
    description: 'the App’s private key, as GitHub gives it (PEM)',
  },
  ...githubServeSettings,
  githubPointsMinute: {
    env: 'FORKPROOF_VERIFIER_GITHUB_POINTS_MINUTE',
    schema: z.coerce.number().int().min(10).max(1_000_000),
    default: '900',
    description:
      'requests a minute that this process may send with each credential, free ones too; GitHub allows 900, so divide that by the number of verifiers',
  },
  logSessionCookie: {
    env: 'FORKPROOF_VERIFIER_LOG_SESSION_COOKIE',
    schema: z.string().regex(/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,1024}$/, 'must be a cookie value'),
    secret: true,
    optional: true,
    description: 'value of the cookie user_session; without it the channel log is off',
  },
  channels: {
    env: 'FORKPROOF_VERIFIER_CHANNELS',
    schema: channels,
    default: channelsReadByDefault.join(','),
    description: 'comma list of the channels to read; log only with its session cookie',
  },
  pullRequestFacts: {
    env: 'FORKPROOF_VERIFIER_PULL_REQUEST_FACTS',
    schema: flag,
    default: 'true',
    description: 'true reads the pull request’s number, base and author: one counted request a run',
  },
  runWatchSeconds: {
    env: 'FORKPROOF_VERIFIER_RUN_WATCH_SECONDS',
    schema: z.coerce.number().int().min(1).max(300),
    default: 15,
    description: 'a build’s run is looked at this often, in seconds; its end ends the build',
  },
  metricsHost: {
    env: 'FORKPROOF_VERIFIER_METRICS_HOST',
    schema: z.string().min(1),
    default: '127.0.0.1',
    description: 'address that the metrics are served at; keep it inside',
  },
  metricsPort: {
    env: 'FORKPROOF_VERIFIER_METRICS_PORT',
    schema: z.union([z.literal('off'), z.coerce.number().int().min(0).max(65_535)]),
    default: 'off',
    description: 'port of the verifier’s metrics; 0 takes a free one, "off" serves none',
  },
  attestationKey: {
    env: 'FORKPROOF_VERIFIER_ATTESTATION_KEY',
    schema: z.string().min(32).max(4096),
    secret: true,
    description: 'Ed25519 private key that signs attestations, PKCS #8 PEM or JWK',
  },
})

export type VerifierConfig = Settings<typeof settings>

/** @throws ConfigError with every problem */
export function readConfig(env: NodeJS.ProcessEnv): VerifierConfig {
  const config = loadSettings(settings, env)
  const { githubTokens, githubAppId, githubAppPrivateKey } = config
  if ((githubAppId === undefined) !== (githubAppPrivateKey === undefined)) {
    throw new ConfigError(['a GitHub App needs both FORKPROOF_VERIFIER_GITHUB_APP_ID and …_APP_PRIVATE_KEY'])
  }
  if (!githubTokens && !githubAppPrivateKey) {
    throw new ConfigError([
      'FORKPROOF_VERIFIER_GITHUB_TOKENS is missing, and so is a GitHub App: one of them is needed',
    ])
  }
  return config
}

function isRsaPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

function isSafeOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return plain && (url.protocol === 'https:' || loopback)
}

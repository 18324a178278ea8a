import { AudienceSetting } from '@forkproof/contracts/audience-policy'
import { ChannelList, channelsOfEveryVerifier } from '@forkproof/contracts/channels'
import { commaList } from '@forkproof/contracts/comma-list'
import { Audience, Issuer } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import { defineSettings, loadSettings } from '@forkproof/infra/config'
import { busSettings, githubServeSettings, logSettings, temporalSettings } from '@forkproof/infra/shared-settings'
import { buildWaitMsMax } from '@forkproof/workflows/builds/api'
import { z } from 'zod'
import { webhookLimits } from './webhooks/webhook-limits.ts'

const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max)

const served = z
  .string()
  .transform(commaList)
  .refine(
    entries => entries.every(entry => /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}(\/[A-Za-z0-9._-]{1,100})?$/.test(entry)),
    'must be "any" or a comma list of owner or owner/name',
  )
const channels = z.string().transform(commaList).pipe(ChannelList)
const audienceList = z.string().transform(commaList).pipe(z.array(Audience))
const trustedProxies = z
  .string()
  .transform(commaList)
  .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])))

/** Header-safe characters without the comma. GitHub takes any text; 32 random characters cannot be guessed. */
const webhookSecrets = z
  .string()
  .transform(commaList)
  .pipe(
    z
      .array(z.string().regex(/^[\x21-\x7e]{32,512}$/, 'must be 32 printable characters or more'))
      .min(1)
      .max(webhookLimits.secretsMax)
      .refine(secrets => new Set(secrets).size === secrets.length, 'must differ'),
  )

/** Every setting of the gateway; the environment is read nowhere else. */
export const settings = defineSettings({
  ...temporalSettings,
  ...busSettings('gateway'),
  ...logSettings,
  host: {
    env: 'FORKPROOF_GATEWAY_HOST',
    schema: z.string(),
    default: '127.0.0.1',
    description: 'address to listen on',
  },
  port: {
    env: 'FORKPROOF_GATEWAY_PORT',
    schema: count(0, 65_535),
    default: '8080',
    description: 'port to listen on; 0 takes a free one',
  },
  issuer: { env: 'FORKPROOF_ISSUER', schema: Issuer, description: 'the issuer, exactly as it stands in iss' },
  publicUrl: {
    env: 'FORKPROOF_GATEWAY_PUBLIC_URL',
    schema: Issuer,
    optional: true,
    description: 'base of exchangeURL; the issuer when not set',
  },
  defaultAudience: {
    env: 'FORKPROOF_GATEWAY_DEFAULT_AUDIENCE',
    schema: Audience,
    optional: true,
    description: 'audience of a claim that names none; the issuer when not set',
  },
  audiences: {
    env: 'FORKPROOF_GATEWAY_AUDIENCES',
    schema: AudienceSetting,
    default: '',
    description:
      'comma list of the audiences to serve beside the default one; "any" for all but the well-known ones of third parties. The signer has its own',
  },
  serve: {
    env: 'FORKPROOF_GATEWAY_SERVE',
    schema: served,
    default: 'any',
    description: 'whom to serve: "any", or a comma list of owner or owner/name',
  },
  ...githubServeSettings,
  channels: {
    env: 'FORKPROOF_GATEWAY_CHANNELS',
    schema: channels,
    default: channelsOfEveryVerifier.join(','),
    description: 'comma list of the channels that the verifiers of this deployment read; claimants choose by it',
  },
  claimLifetimeMs: {
    env: 'FORKPROOF_GATEWAY_CLAIM_LIFETIME_MS',
    schema: count(1_000, limits.claimLifetimeMsMax),
    default: String(limits.claimLifetimeMsDefault),
    description: 'time a run has to show its code, ms',
  },
  exchangeHoldMs: {
    env: 'FORKPROOF_GATEWAY_EXCHANGE_HOLD_MS',
    schema: count(0, limits.exchangeHoldMs),
    default: String(limits.exchangeHoldMs),
    description: 'time an exchange is held while the claim is pending, ms',
  },
  buildHoldMs: {
    env: 'FORKPROOF_GATEWAY_BUILD_HOLD_MS',
    schema: count(0, buildWaitMsMax),
    default: String(buildWaitMsMax),
    description: 'time a question for the next state of a build is held, ms',
  },
  // Temporal's frontend admits 1,200 long-running calls of a namespace by default (frontend.namespaceCount); stay
  // below.
  heldMax: {
    env: 'FORKPROOF_GATEWAY_HELD_MAX',
    schema: count(1, 100_000),
    default: '1000',
    description: 'exchanges held at once',
  },
  heldPerAddressMax: {
    env: 'FORKPROOF_GATEWAY_HELD_PER_ADDRESS_MAX',
    schema: count(1, 100_000),
    default: '200',
    description: 'exchanges held at once for one address',
  },
  claimsPerAddress: {
    env: 'FORKPROOF_GATEWAY_CLAIMS_PER_ADDRESS_MINUTE',
    schema: count(1, 1_000_000),
    default: '60',
    description: 'claims a minute from one address, and as many token exchanges',
  },
  claimsPerRepository: {
    env: 'FORKPROOF_GATEWAY_CLAIMS_PER_REPOSITORY_MINUTE',
    schema: count(1, 1_000_000),
    default: '600',
    description: 'claims a minute for one repository, and as many token exchanges',
  },
  claimsPerRun: {
    env: 'FORKPROOF_GATEWAY_CLAIMS_PER_RUN_MINUTE',
    schema: count(1, 1_000_000),
    default: '300',
    description: 'claims a minute for one run, and as many token exchanges',
  },
  asksPerAddress: {
    env: 'FORKPROOF_GATEWAY_ASKS_PER_ADDRESS_MINUTE',
    schema: count(1, 1_000_000),
    default: '1200',
    description: 'other requests a minute from one address: exchanges, states, shown messages, projects, explanations',
  },
  buildsPerProject: {
    env: 'FORKPROOF_GATEWAY_BUILDS_PER_PROJECT_MINUTE',
    schema: count(1, 1_000_000),
    default: '600',
    description: 'builds a minute that are asked for in one project',
  },
  buildsPerRun: {
    env: 'FORKPROOF_GATEWAY_BUILDS_PER_RUN_MINUTE',
    schema: count(1, 1_000_000),
    default: '120',
    description: 'builds a minute that are asked for by one run',
  },
  depotHost: {
    env: 'FORKPROOF_GATEWAY_DEPOT_HOST',
    schema: z.string().min(1),
    default: '127.0.0.1',
    description: 'address that the Depot-compatible build API listens on',
  },
  depotPort: {
    env: 'FORKPROOF_GATEWAY_DEPOT_PORT',
    schema: z.union([z.literal('off'), count(0, 65_535)]),
    default: '8081',
    description: 'port of the Depot-compatible build API; 0 takes a free one, "off" does without',
  },
  operatorToken: {
    env: 'FORKPROOF_GATEWAY_OPERATOR_TOKEN',
    schema: z.string().regex(/^[A-Za-z0-9._~+/-]{32,512}=*$/, 'must be 32 characters or more that fit a Bearer header'),
    secret: true,
    optional: true,
    description: 'what the operator presents to manage projects and to introspect; without it nobody can',
  },
  webhookSecrets: {
    env: 'FORKPROOF_GATEWAY_WEBHOOK_SECRETS',
    schema: webhookSecrets,
    secret: true,
    optional: true,
    description: 'secret of GitHub’s webhooks, or two while one replaces the other; without it they are answered 404',
  },
  webhooksPerAddress: {
    env: 'FORKPROOF_GATEWAY_WEBHOOKS_PER_ADDRESS_MINUTE',
    schema: count(1, 1_000_000),
    default: '3000',
    description: 'webhooks a minute from one address; GitHub sends from few',
  },
  webhooksPerRepository: {
    env: 'FORKPROOF_GATEWAY_WEBHOOKS_PER_REPOSITORY_MINUTE',
    schema: count(1, 1_000_000),
    default: '1500',
    description: 'signed webhooks a minute about one repository',
  },
  webhooksInAll: {
    env: 'FORKPROOF_GATEWAY_WEBHOOKS_MINUTE',
    schema: count(1, 1_000_000),
    default: '6000',
    description: 'signed webhooks a minute in all',
  },
  exchangeAudiences: {
    env: 'FORKPROOF_GATEWAY_EXCHANGE_AUDIENCES',
    schema: audienceList,
    default: '',
    description: 'comma list of audiences of ID tokens that are exchanged; the default audience when not set',
  },
  githubIssuer: {
    env: 'FORKPROOF_GATEWAY_GITHUB_ISSUER',
    schema: Issuer,
    default: 'https://token.actions.githubusercontent.com',
    description: 'issuer of the ID tokens of trusted runs',
  },
  accessTokenLifetimeSeconds: {
    env: 'FORKPROOF_GATEWAY_ACCESS_TOKEN_LIFETIME_SECONDS',
    schema: count(60, limits.accessTokenLifetimeSeconds),
    default: String(limits.accessTokenLifetimeSeconds),
    description: 'longest life of an access token, s; it ends with its run in any case',
  },
  trustedProxies: {
    env: 'FORKPROOF_GATEWAY_TRUSTED_PROXIES',
    schema: trustedProxies,
    default: '',
    description: 'addresses or CIDR ranges of reverse proxies whose X-Forwarded-For counts',
  },
})

/** @throws ConfigError with every problem at once */
export const readConfig = (env: NodeJS.ProcessEnv) => loadSettings(settings, env)
export type GatewayConfig = ReturnType<typeof readConfig>

/** What `npm run trust` needs. */
export const trustSettings = defineSettings({
  gatewayUrl: {
    env: 'FORKPROOF_GATEWAY_URL',
    schema: Issuer,
    description: 'where `npm run trust` reaches the gateway',
  },
  token: {
    env: 'FORKPROOF_OPERATOR_TOKEN',
    schema: settings.operatorToken.schema,
    secret: true,
    description: 'the operator’s token, for `npm run trust`',
  },
})

/** @throws ConfigError */
export const readTrustConfig = (env: NodeJS.ProcessEnv) => loadSettings(trustSettings, env)

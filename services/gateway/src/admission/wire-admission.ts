import type { Audience, Issuer } from '@forkproof/contracts/ids'
import { buckets } from '@forkproof/contracts/subjects'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { Secret } from '@forkproof/infra/secret'
import type { Builds } from '../builds/ports.ts'
import type { GithubOutlook } from '../claims/github-outlook.ts'
import type { PublishedKeys } from '../discovery/published-keys.ts'
import type { RequestLimits } from '../throttling/request-limits.ts'
import { AccessRecords } from './access/access-records.ts'
import { createIntrospect, type Introspect } from './access/introspect.ts'
import { createAdmission } from './admission.ts'
import { Denials } from './denials/denials.ts'
import { createExplain, type Explain } from './explaining/explain.ts'
import type { FetchDocument } from './id-tokens/fetch-key-set.ts'
import { githubClaims } from './id-tokens/github-claims.ts'
import { ownClaims } from './id-tokens/own-claims.ts'
import { OwnKeys } from './id-tokens/own-keys.ts'
import { RemoteKeys } from './id-tokens/remote-keys.ts'
import { createIdTokenVerifier } from './id-tokens/verify-id-token.ts'
import { createIsOperator, type IsOperator } from './operator.ts'
import type { Admission, RunInspector } from './ports.ts'
import { ProjectStore } from './projects/project-store.ts'
import { UsedTokens } from './used-tokens.ts'

interface AdmissionOptions {
  readonly issuer: Issuer
  readonly githubIssuer: Issuer
  /** ID tokens must be made for one of these; for the default audience when there are none. */
  readonly exchangeAudiences: readonly Audience[]
  readonly defaultAudience: Audience
  readonly accessTokenLifetimeSeconds: number
  readonly operatorToken: Secret<string> | undefined
}

/** What admission stands on. */
export interface OuterAdmissionDeps {
  readonly bucket: (name: string) => Bucket
  readonly publishedKeys: PublishedKeys
  readonly fetchDocument: FetchDocument
  readonly inspector: RunInspector
  readonly githubOutlook: Pick<GithubOutlook, 'standing'>
  readonly builds: Pick<Builds, 'ofProject' | 'deny'>
  readonly requestLimits: RequestLimits
  readonly clock: Clock
  readonly log: Logger
}

/** What the routes of admission are made of. */
export interface WiredAdmission {
  readonly admission: Admission
  readonly projects: ProjectStore
  readonly denials: Denials
  readonly accessRecords: AccessRecords
  readonly introspect: Introspect
  readonly explain: Explain
  readonly isOperator: IsOperator
}

export function wireAdmission(settings: AdmissionOptions, ground: OuterAdmissionDeps): WiredAdmission {
  const { bucket, clock, log, inspector } = ground
  const projects = new ProjectStore(bucket(buckets.projects), clock)
  const usedTokens = new UsedTokens(bucket(buckets.usedTokens), clock)
  const lifetimeMs = settings.accessTokenLifetimeSeconds * 1_000
  const accessRecords = new AccessRecords({ bucket: bucket(buckets.accessTokens), clock, lifetimeMs })
  const githubKeys = new RemoteKeys({ ...ground, issuer: settings.githubIssuer })
  const verify = createIdTokenVerifier({
    issuers: [
      { issuer: settings.issuer, keys: new OwnKeys(ground.publishedKeys), claimsOf: ownClaims },
      { issuer: settings.githubIssuer, keys: githubKeys, claimsOf: githubClaims },
    ],
    audiences: settings.exchangeAudiences.length > 0 ? settings.exchangeAudiences : [settings.defaultAudience],
    clock,
  })
  const admission = createAdmission({ ...ground, verify, projects, usedTokens, accessRecords })
  return {
    admission,
    projects,
    denials: new Denials({ projects, builds: ground.builds, clock, log }),
    accessRecords,
    introspect: createIntrospect({ admission, inspector, log }),
    explain: createExplain({ ...ground, verify, projects, usedTokens }),
    isOperator: createIsOperator(settings.operatorToken),
  }
}

import { type AccessPolicy, policyDetail } from './access-policy.ts'

type FaultKind = 'limited' | 'unreachable' | 'server-error' | 'malformed' | 'forbidden'

interface FaultOptions {
  readonly cause?: unknown
  readonly retryAtMs?: number
  readonly policy?: AccessPolicy
  readonly reserved?: boolean
}

/** GitHub could not be read (docs/glossary.md: fault). Never carries a body or a header, which must not be logged. */
export class GithubFault extends Error {
  override readonly name = 'GithubFault'
  readonly kind: FaultKind
  /** Asking before this time is useless; milliseconds since the epoch. */
  readonly retryAtMs: number | undefined
  /** Which policy refuses: set on `forbidden` answers of the REST API, which are final. */
  readonly policy: AccessPolicy | undefined

  /** Of kind `limited`: requests are left, and kept for those with more priority. */
  readonly reserved: boolean

  constructor(kind: FaultKind, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.retryAtMs = options.retryAtMs
    this.policy = options.policy
    this.reserved = options.reserved ?? false
  }

  /** Whether a reading of the same repository is refused again for a long time. */
  get isFinal(): boolean {
    return this.kind === 'forbidden' && this.policy !== undefined
  }

  /** What a client may see. */
  get detail(): string {
    if (this.reserved) return 'this service keeps its remaining GitHub requests for repositories that its projects name'
    return this.kind === 'forbidden' && this.policy !== undefined ? policyDetail(this.policy) : faultDetail[this.kind]
  }
}

/** The detail that a client may see of a fault without a policy. */
export const faultDetail: Readonly<Record<FaultKind, string>> = {
  limited: 'GitHub’s request limit is used up for now',
  unreachable: 'GitHub did not answer in time',
  'server-error': 'GitHub answered with an error',
  malformed: 'GitHub’s answer could not be understood',
  forbidden: 'GitHub does not let this service read that',
}

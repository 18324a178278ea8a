type FaultKind = 'limited' | 'unreachable' | 'server-error' | 'malformed' | 'forbidden'

/** GitHub could not be read (docs/glossary.md: fault). Never carries a body or a header, which must not be logged. */
export class GithubFault extends Error {
  override readonly name = 'GithubFault'
  readonly kind: FaultKind
  /** Asking before this time is useless; milliseconds since the epoch. */
  readonly retryAtMs: number | undefined

  constructor(kind: FaultKind, message: string, options: { cause?: unknown; retryAtMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.retryAtMs = options.retryAtMs
  }
}

/** The detail that a client may see. */
export const faultDetail: Readonly<Record<FaultKind, string>> = {
  limited: 'GitHub’s request limit is used up for now',
  unreachable: 'GitHub did not answer in time',
  'server-error': 'GitHub answered with an error',
  malformed: 'GitHub’s answer could not be understood',
  forbidden: 'GitHub does not let this service read that repository',
}

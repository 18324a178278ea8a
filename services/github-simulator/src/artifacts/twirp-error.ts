const statusOf = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  bad_route: 404,
  already_exists: 409,
  failed_precondition: 412,
  resource_exhausted: 429,
} as const

type TwirpCode = keyof typeof statusOf

/** An answer in Twirp's error form, `{code, msg}`. */
export class TwirpError extends Error {
  readonly code: TwirpCode

  constructor(code: TwirpCode, message: string) {
    super(message)
    this.name = 'TwirpError'
    this.code = code
  }

  get status(): number {
    return statusOf[this.code]
  }
}

import type { Clock } from '@forkproof/infra/clock'
import { Secret } from '@forkproof/infra/secret'
import { SingleFlight } from '@forkproof/infra/single-flight'
import type { Authorization } from '../authorization.ts'
import { GithubFault } from '../fault.ts'
import type { AppClient, IssuedInstallationToken } from './app-client.ts'

/** Tokens live for an hour; a new one is drawn this long before, while the old one still serves. */
const renewAheadMs = 600_000
/** A token that ends so soon is not sent any more. */
const marginMs = 30_000
/** A token that failed to come is asked for again after this time at the earliest, while the old one serves. */
const retryMs = 30_000

interface InstallationAuthorizationDeps {
  readonly client: Pick<AppClient, 'token'>
  readonly installationId: number
  readonly clock: Clock
  /** Aborts when the service stops: a drawing is shared, so no single request may end it. */
  readonly stopping: AbortSignal
}

/** The token of one installation: drawn when it is needed, renewed ahead of its end, one drawing at a time. */
export class InstallationAuthorization implements Authorization {
  readonly #deps: InstallationAuthorizationDeps
  readonly #flight = new SingleFlight<'token', IssuedInstallationToken>()
  #current: IssuedInstallationToken | undefined
  #refused: GithubFault | undefined
  #notBeforeMs = 0

  constructor(deps: InstallationAuthorizationDeps) {
    this.#deps = deps
  }

  async header(signal: AbortSignal): Promise<Secret> {
    const nowMs = this.#deps.clock.now()
    const leftMs = (this.#current?.expiresAtMs ?? 0) - nowMs
    if (this.#current && leftMs > marginMs) {
      if (leftMs <= renewAheadMs && nowMs >= this.#notBeforeMs) this.#draw().catch(() => undefined)
      return bearer(this.#current)
    }
    // Suspended or removed: known for a while, so that requests do not ask for a token each.
    if (this.#refused && nowMs < this.#notBeforeMs) throw this.#refused
    const drawn = await this.#draw()
    signal.throwIfAborted()
    return bearer(drawn)
  }

  /** GitHub refused the token before its end: it was revoked, or the installation changed. */
  renew(): boolean {
    this.#current = undefined
    return true
  }

  #draw(): Promise<IssuedInstallationToken> {
    return this.#flight.run('token', async () => {
      const { client, installationId, clock, stopping } = this.#deps
      try {
        this.#current = await client.token(installationId, stopping)
        this.#refused = undefined
        return this.#current
      } catch (error) {
        this.#notBeforeMs = clock.now() + retryMs
        if (error instanceof GithubFault && error.kind === 'limited') {
          this.#refused = error
          this.#notBeforeMs = error.retryAtMs ?? this.#notBeforeMs
        }
        throw error
      }
    })
  }
}

const bearer = ({ token }: IssuedInstallationToken): Secret => new Secret(`Bearer ${token.reveal()}`)

import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { SingleFlight } from '@forkproof/infra/single-flight'
import type { Authorization } from '../authorization.ts'
import type { GithubCredential } from '../credential.ts'
import type { AppClient, AppInstallation } from './app-client.ts'
import { InstallationAuthorization } from './installation-authorization.ts'

/** The list of installations is read again after this time; installing the App counts from then on. */
const listFreshMs = 600_000
/** After a failure sooner. */
const listRetryMs = 30_000

interface AppInstallationsDeps {
  readonly client: AppClient
  readonly credentialOf: (installation: AppInstallation, authorization: Authorization) => GithubCredential
  readonly clock: Clock
  readonly log: Logger
  readonly stopping: AbortSignal
}

/**
 * Where the App is installed: one credential for each installation, because GitHub gives each a budget of its own. One
 * that is removed or suspended leaves the list.
 */
export class AppInstallations {
  readonly #deps: AppInstallationsDeps
  readonly #flight = new SingleFlight<'list', void>()
  readonly #credentials = new Map<number, GithubCredential>()
  #readAgainAtMs = 0
  #wasTried = false

  constructor(deps: AppInstallationsDeps) {
    this.#deps = deps
  }

  get credentials(): readonly GithubCredential[] {
    return [...this.#credentials.values()]
  }

  /** Waits for the first list; later ones are read in the background. Never throws: other credentials may serve. */
  async ready(): Promise<void> {
    if (this.#deps.clock.now() < this.#readAgainAtMs) return
    const reading = this.#flight.run('list', () => this.#read())
    if (!this.#wasTried) await reading
  }

  async #read(): Promise<void> {
    const { client, credentialOf, clock, log, stopping } = this.#deps
    try {
      const listed = await client.installations(stopping)
      for (const id of this.#credentials.keys()) {
        if (!listed.some(installation => installation.id === id)) this.#credentials.delete(id)
      }
      for (const installation of listed) {
        if (this.#credentials.has(installation.id)) continue
        const authorization = new InstallationAuthorization({
          client,
          installationId: installation.id,
          clock,
          stopping,
        })
        this.#credentials.set(installation.id, credentialOf(installation, authorization))
      }
      this.#readAgainAtMs = clock.now() + listFreshMs
    } catch (err) {
      this.#readAgainAtMs = clock.now() + listRetryMs
      if (!stopping.aborted) log.error({ err }, 'the installations of the GitHub App could not be read')
    }
    this.#wasTried = true
  }
}

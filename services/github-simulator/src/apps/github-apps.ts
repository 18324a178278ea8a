import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { CredentialStore, RestViewer } from '../access/credential-store.ts'
import { ensureUser } from '../store/change-repositories.ts'
import type { GithubStore } from '../store/github-store.ts'
import { requireRoom, StateProblem } from '../store/state-problem.ts'
import { appsMax, installationsMax } from '../store/store-limits.ts'
import type { StoredRepository } from '../store/stored-types.ts'

const tokenLifetimeMs = 3_600_000
const installationLimitPerHour = 5_000

export interface StoredApp {
  id: number
  slug: string
  clientId: string
  ownerId: number
  /** What its JWTs are checked with. */
  publicKey: KeyObject
  createdAt: number
}

export interface StoredInstallation {
  id: number
  appId: number
  accountId: number
  /** `null`: all of the account's. */
  repositoryIds: number[] | null
  limitPerHour: number
  suspendedAt: number | null
  createdAt: number
}

interface AppInput {
  id?: number | undefined
  slug?: string | undefined
  owner?: string | undefined
  /** PEM; a key pair is made without one. */
  publicKey?: string | undefined
}

interface InstallationInput {
  account: string
  repositories?: string[] | undefined
  limitPerHour?: number | undefined
}

/** GitHub Apps, their installations and the tokens of those (docs/facts/github.md#app-installations). */
export class GithubApps {
  readonly apps = new Map<number, StoredApp>()
  readonly installations = new Map<number, StoredInstallation>()
  readonly #store: GithubStore
  readonly #credentials: CredentialStore
  #tokenCount = 0

  constructor(store: GithubStore, credentials: CredentialStore) {
    this.#store = store
    this.#credentials = credentials
  }

  /** The private key is given out once, and only if it was made here. */
  register(input: AppInput): { app: StoredApp; privateKey: string | null } {
    requireRoom(this.apps.size, appsMax, 'Apps')
    const keys = input.publicKey === undefined ? makeKeys() : { publicKey: readKey(input.publicKey), privateKey: null }
    const id = this.#store.takeId('app', input.id)
    const app: StoredApp = {
      id,
      slug: input.slug ?? `app-${id}`,
      clientId: `Iv23li${randomBytes(7).toString('hex')}`,
      ownerId: ensureUser(this.#store, input.owner ?? 'app-owner').id,
      publicKey: keys.publicKey,
      createdAt: this.#store.now(),
    }
    this.apps.set(id, app)
    return { app, privateKey: keys.privateKey }
  }

  install(app: StoredApp, input: InstallationInput): StoredInstallation {
    requireRoom(this.installations.size, installationsMax, 'installations')
    const account = ensureUser(this.#store, input.account)
    const names = input.repositories?.map(name => this.#store.repositoryByFullName(name).id)
    const installation: StoredInstallation = {
      id: this.#store.takeId('installation'),
      appId: app.id,
      accountId: account.id,
      repositoryIds: names ?? null,
      limitPerHour: input.limitPerHour ?? installationLimitPerHour,
      suspendedAt: null,
      createdAt: this.#store.now(),
    }
    this.installations.set(installation.id, installation)
    return installation
  }

  /** Its tokens stop at once. */
  uninstall(installation: StoredInstallation): void {
    this.installations.delete(installation.id)
    this.revokeTokens(installation)
  }

  setSuspended(installation: StoredInstallation, isSuspended: boolean): void {
    installation.suspendedAt = isSuspended ? this.#store.now() : null
  }

  revokeTokens(installation: StoredInstallation): void {
    for (const viewer of this.#credentials.list()) {
      if (viewer.installationId === installation.id) this.#credentials.remove(viewer.name)
    }
  }

  /** A new token of an hour. All tokens of an installation share one budget. */
  issueToken(installation: StoredInstallation): { token: string; expiresAt: number } {
    this.#forgetExpired()
    this.#tokenCount += 1
    const token = `ghs_${randomBytes(27).toString('base64url')}`
    const expiresAt = this.#store.now() + tokenLifetimeMs
    this.#credentials.add({
      name: `installation ${installation.id} token ${this.#tokenCount}`,
      token,
      kind: 'installation',
      bucket: `installation ${installation.id}`,
      installationId: installation.id,
      limitPerHour: installation.limitPerHour,
      readsPrivate: this.#repositoriesOf(installation).map(repository => this.#store.fullName(repository)),
      memberOf: [this.#store.user(installation.accountId).login],
      expiresAt,
    })
    return { token, expiresAt }
  }

  installation(id: number): StoredInstallation {
    const installation = this.installations.get(id)
    if (installation === undefined) throw new StateProblem(404, `no installation ${id}`)
    return installation
  }

  app(id: number): StoredApp {
    const app = this.apps.get(id)
    if (app === undefined) throw new StateProblem(404, `no App ${id}`)
    return app
  }

  installationsOf(appId: number): StoredInstallation[] {
    return [...this.installations.values()].filter(installation => installation.appId === appId)
  }

  isInstalledOn(installation: StoredInstallation, repository: StoredRepository): boolean {
    if (installation.accountId !== repository.ownerId) return false
    return installation.repositoryIds?.includes(repository.id) ?? true
  }

  isSuspended(viewer: RestViewer): boolean {
    const id = viewer.installationId
    return id !== null && this.installations.get(id)?.suspendedAt != null
  }

  #repositoriesOf(installation: StoredInstallation): StoredRepository[] {
    return [...this.#store.repositories.values()].filter(repository => this.isInstalledOn(installation, repository))
  }

  #forgetExpired(): void {
    const now = this.#store.now()
    for (const { name, installationId, expiresAt } of this.#credentials.list()) {
      if (installationId !== null && expiresAt !== null && expiresAt <= now) this.#credentials.remove(name)
    }
  }
}

function makeKeys(): { publicKey: KeyObject; privateKey: string } {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { publicKey: pair.publicKey, privateKey: pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString() }
}

function readKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    // Said below.
  }
  throw new StateProblem(422, 'publicKey is not an RSA key in PEM')
}

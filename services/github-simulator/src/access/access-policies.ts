import { z } from 'zod'
import type { GithubStore } from '../store/github-store.ts'
import type { StoredRepository } from '../store/stored-types.ts'

/** Who is refused although the repository is public (docs/facts/github.md#policies-of-organizations). */
export const accessPolicySchema = z.strictObject({
  ipAllowList: z.boolean().describe('the address of every credential is refused; anonymous requests pass'),
  tokenLifetimeDaysMax: z
    .int()
    .min(1)
    .max(366)
    .nullable()
    .describe('personal tokens that live longer, or for ever, are refused'),
  forbiddenKinds: z
    .array(z.enum(['classic', 'fine-grained', 'oauth-app', 'oauth-user']))
    .describe('kinds of credentials that may not read at all'),
  samlSingleSignOn: z.boolean().describe("members' personal and OAuth tokens are refused until authorized"),
  block: z.enum(['dmca', 'tos']).nullable().describe('nobody can read it: 451 for dmca, 403 for tos'),
})

type ReadingPolicy = z.infer<typeof accessPolicySchema>

const openPolicy: ReadingPolicy = {
  ipAllowList: false,
  tokenLifetimeDaysMax: null,
  forbiddenKinds: [],
  samlSingleSignOn: false,
  block: null,
}

/** What owners demand for all their repositories, and what single repositories have instead. */
export class AccessPolicies {
  readonly #byOwner = new Map<number, Partial<ReadingPolicy>>()
  readonly #byRepository = new Map<number, Partial<ReadingPolicy>>()

  setForOwner(ownerId: number, policy: Partial<ReadingPolicy>): void {
    this.#byOwner.set(ownerId, policy)
  }

  setForRepository(repositoryId: number, policy: Partial<ReadingPolicy>): void {
    this.#byRepository.set(repositoryId, policy)
  }

  read(store: GithubStore, repository: StoredRepository): ReadingPolicy {
    const owner = store.user(repository.ownerId)
    return { ...openPolicy, ...this.#byOwner.get(owner.id), ...this.#byRepository.get(repository.id) }
  }
}

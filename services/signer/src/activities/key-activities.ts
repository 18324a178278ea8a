import { KeyId } from '@forkproof/contracts/ids'
import type { Logger } from '@forkproof/infra/log'
import type { KeyActivities } from '@forkproof/workflows/keys/ports'
import { z } from 'zod'
import type { KeyKeeper } from '../keys/key-keeper.ts'

const ParsedOperation = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.enum(['status', 'prepare']) }),
  z.strictObject({ operation: z.enum(['activate', 'retire', 'taint', 'drop']), keyId: KeyId }),
])

/** Task queue `signing`. Only public facts of keys go out. */
export function createKeyActivities({ keeper, log }: { keeper: KeyKeeper; log: Logger }): KeyActivities {
  return {
    changeKeys: async given => {
      const operation = ParsedOperation.safeParse(given)
      if (!operation.success) {
        const { keys } = await keeper.change({ operation: 'status' })
        return { outcome: 'refused', code: 'key_not_found', detail: 'that is no operation on a key id', keys }
      }
      const result = await keeper.change(operation.data)
      if (result.outcome === 'refused')
        log.warn({ kind: operation.data.operation, code: result.code }, 'key change refused')
      return result
    },
    rotateKeys: () => keeper.rotate(),
  }
}

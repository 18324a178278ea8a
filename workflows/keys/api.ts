/** All that a caller may know of the key workflows. */
export const keysTaskQueue = 'claims'
export const changeKeysWorkflow = 'changeKeys'
export const rotateKeysWorkflow = 'rotateKeys'
/** One fixed id: two changes of keys never run side by side. */
export const changeKeysWorkflowId = 'keys-change'
export const rotationScheduleId = 'keys-rotation'

type KeyState = 'prepared' | 'active' | 'retired' | 'dropped' | 'tainted'
export type KeyOperation =
  | { readonly operation: 'status' }
  | { readonly operation: 'prepare' }
  | { readonly operation: 'activate' | 'retire' | 'taint' | 'drop'; readonly keyId: string }

/** Public facts of one key. */
export interface KeySummary {
  readonly keyId: string
  readonly state: KeyState
  readonly preparedAtMs: number
  readonly activatedAtMs?: number
  readonly retiredAtMs?: number
  readonly taintedAtMs?: number
}
export type KeyChangeResult =
  | { readonly outcome: 'done'; readonly keys: readonly KeySummary[] }
  | {
      readonly outcome: 'refused'
      readonly code: 'key_state_conflict' | 'key_not_found'
      readonly detail: string
      readonly keys: readonly KeySummary[]
    }

/** What the orchestrator's workers run: one named export per workflow type. */
export { build } from './build/workflow.ts'
export { claim } from './claim/workflow.ts'
export { inspect } from './inspect/workflow.ts'
export { changeKeys, rotateKeys } from './keys/workflow.ts'

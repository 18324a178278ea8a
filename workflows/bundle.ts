/** What the orchestrator's workers run: one named export per workflow type. */
export { build } from './builds/workflow.ts'
export { claim } from './claims/workflow.ts'
export { inspect } from './inspect/workflow.ts'
export { changeKeys, rotateKeys } from './keys/workflow.ts'

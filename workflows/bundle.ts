/** What the orchestrator's worker runs: one named export per workflow type. */
export { claim } from './claim/workflow.ts'
export { changeKeys, rotateKeys } from './keys/workflow.ts'

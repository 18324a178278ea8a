import { z } from 'zod'

/** Bounds on a workflow given as JSON; generous for tests, small enough that a bad one cannot fill the memory. */
const workflowJobsMax = 256
const workflowStepsMax = 256
const runScriptCharsMax = 65_536

const scalarSchema = z.union([z.string(), z.number(), z.boolean()])
const textMapSchema = z.record(z.string(), z.string())

/** One step: exactly one of `run` and `uses`. */
export const stepDefinitionSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/)
      .max(100)
      .optional(),
    name: z.string().max(1_000).optional(),
    if: z.string().max(20_000).optional(),
    uses: z.string().min(1).max(1_000).optional(),
    run: z.string().max(runScriptCharsMax).optional(),
    shell: z.string().max(200).optional(),
    with: z.record(z.string(), scalarSchema).optional(),
    env: textMapSchema.optional(),
    'continue-on-error': z.boolean().optional(),
    'timeout-minutes': z.number().positive().max(360).optional(),
    'working-directory': z.string().max(1_000).optional(),
  })
  .refine(step => (step.run === undefined) !== (step.uses === undefined), {
    message: 'a step has either run or uses',
  })

const jobDefinitionSchema = z.strictObject({
  name: z.string().max(1_000).optional(),
  needs: z.union([z.string(), z.array(z.string()).max(workflowJobsMax)]).optional(),
  if: z.string().max(20_000).optional(),
  /** Instead of the workflow's, as a whole. */
  permissions: textMapSchema.optional(),
  env: textMapSchema.optional(),
  outputs: textMapSchema.optional(),
  strategy: z
    .strictObject({
      matrix: z.record(z.string(), z.array(scalarSchema).min(1).max(workflowJobsMax)),
      'max-parallel': z.number().int().positive().optional(),
    })
    .optional(),
  'runs-on': z.string().optional(),
  /** Of a group one job runs at a time. */
  concurrency: z.union([z.string().min(1), z.strictObject({ group: z.string().min(1) })]).optional(),
  environment: z.union([z.string().min(1), z.strictObject({ name: z.string().min(1) })]).optional(),
  'timeout-minutes': z.number().positive().max(360).optional(),
  steps: z.array(stepDefinitionSchema).min(1).max(workflowStepsMax),
})

/** The JSON form of a workflow file, triggers left out: the control API says which event it runs for. */
export const workflowDefinitionSchema = z.strictObject({
  name: z.string().max(1_000).optional(),
  permissions: textMapSchema.optional(),
  env: textMapSchema.optional(),
  jobs: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/), jobDefinitionSchema)
    .refine(jobs => Object.keys(jobs).length > 0 && Object.keys(jobs).length <= workflowJobsMax, {
      message: `a workflow has between 1 and ${workflowJobsMax} jobs`,
    }),
})

export type StepDefinition = z.infer<typeof stepDefinitionSchema>
export type JobDefinition = z.infer<typeof jobDefinitionSchema>
export type WorkflowDefinition = z.infer<typeof workflowDefinitionSchema>

import { z } from 'zod'

const milliseconds = z.int().min(0).max(600_000)
const rate = z.number().min(0).max(1)

/** How late answers come, and how old what they show is. */
const delays = {
  latencyMs: milliseconds.describe('held per REST answer: half before the state is read, half after'),
  webLatencyMs: milliseconds.describe('the same for the live log pages'),
  logLagMs: milliseconds.describe('live log pages show the log as it was this long ago'),
  stepNameLagMs: milliseconds.describe('steps are seen as they were this long ago'),
  artifactListingLagMs: milliseconds.describe('artifacts are listed (and unlisted) this late'),
  webhookDelayMs: milliseconds.describe('webhooks are sent this late'),
  clockSkewSeconds: z
    .int()
    .min(-86_400)
    .max(86_400)
    .describe(
      "GitHub's clock, hence `Date` and every timestamp, is ahead of ours; of a single repository it is ignored",
    ),
}

/** What is made to fail. */
const faults = {
  errorRate: z
    .strictObject({ status: z.int().min(400).max(599), rate, seed: z.int() })
    .describe('share of REST requests answered with an error'),
  malformedJsonRate: rate.describe('share of REST answers whose JSON does not parse'),
  truncateRate: rate.describe('share of REST answers cut in the middle by a closed connection'),
  primaryLimit: z
    .int()
    .min(0)
    .max(1_000_000)
    .nullable()
    .describe('requests per hour for every credential, instead of its own'),
  secondaryLimit: z.boolean().describe('every REST request is refused with the secondary limit'),
  pointsPerMinute: z
    .int()
    .min(0)
    .max(1_000_000)
    .nullable()
    .describe('secondary limit as a rate for each bucket of credentials; 900 on GitHub'),
  concurrentMax: z
    .int()
    .min(0)
    .max(10_000)
    .nullable()
    .describe('secondary limit of requests at once for each bucket of credentials; 100 on GitHub'),
  secondaryRetryAfterSeconds: z.int().min(1).max(3_600),
  limitStatus: z.union([z.literal(403), z.literal(429)]).describe('status of refusals by either limit'),
  webhookDropRate: rate.describe('share of webhooks that are lost'),
  hang: z.boolean().describe('REST and web requests are never answered'),
}

/**
 * What holds jobs of workflows back. Each status is the one that GitHub shows meanwhile
 * (docs/facts/github.md#run-states-and-approval). A job's `concurrency` makes it `pending` without a setting.
 */
const scheduling = {
  runnersMax: z
    .int()
    .min(0)
    .max(256)
    .nullable()
    .describe('jobs of one repository that run at once; the others stay `queued`'),
  gatedEnvironments: z
    .array(z.string().max(255))
    .max(100)
    .describe('environments that need an approval: jobs that name one stay `waiting` while it stands here'),
}

/**
 * docs/glossary.md: behaviour. What a test changes while the simulator runs: delays, faults and the scheduler.
 * The control API calls these settings `dials`; its routes and JSON keep that name.
 */
export const behaviourSchema = z.strictObject({ ...delays, ...faults, ...scheduling })

export type SimulatedBehaviour = z.infer<typeof behaviourSchema>

/** No delay, no fault, and nothing holds a job back. */
export const neutralBehaviour: SimulatedBehaviour = {
  latencyMs: 0,
  webLatencyMs: 0,
  logLagMs: 0,
  stepNameLagMs: 0,
  artifactListingLagMs: 0,
  webhookDelayMs: 0,
  clockSkewSeconds: 0,
  errorRate: { status: 500, rate: 0, seed: 1 },
  malformedJsonRate: 0,
  truncateRate: 0,
  primaryLimit: null,
  secondaryLimit: false,
  pointsPerMinute: null,
  concurrentMax: null,
  secondaryRetryAfterSeconds: 60,
  limitStatus: 403,
  webhookDropRate: 0,
  hang: false,
  runnersMax: null,
  gatedEnvironments: [],
}

/**
 * What the service relies on at GitHub and nobody has seen there: the list "To try first on the live GitHub" in
 * docs/using-with-github.md, in its order and with its titles. A test holds the two together.
 */
export const assumptions = {
  'artifact-listed': {
    title: 'An artifact of a fork’s run is listed within seconds, while the run goes on',
    expected: 'listed within 10 s of the step that uploaded it',
  },
  'step-renamed': {
    title: 'A step’s name that changes while the job runs is shown',
    expected: 'the name with the code, at a step in progress, within 10 s',
  },
  'job-id': {
    title: '`job.check_run_id` is the REST job id, also in matrix jobs and reusable workflows',
    expected: 'a job of this run, attempt and runner, in progress',
  },
  'older-artifacts': {
    title: 'An older attempt’s artifacts are told by their creation time',
    expected: 'created before this attempt began',
  },
  'free-304': {
    title: 'Answers 304 do not count against the budget of the credential in use',
    expected: '304 to an unchanged ETag, and `x-ratelimit-used` as before',
  },
  'native-claims': {
    title: 'A trusted run’s token has the claims that are read',
    expected: '`workflow_ref` ends in `@` and `ref`; ids are strings of digits; `run_attempt` is this one',
  },
  'run-alive': {
    title: 'While a job runs, its run is not `completed`',
    expected: 'any status but completed',
  },
  clock: {
    title: 'GitHub’s clock and the machine’s agree within 30 s',
    expected: 'at most 30 s apart',
  },
} as const satisfies Record<string, { readonly title: string; readonly expected: string }>

export type AssumptionId = keyof typeof assumptions
export const assumptionIds = Object.keys(assumptions) as AssumptionId[]

/** `not tried` is never an answer to the question, only the reason why there is none. */
export type Finding =
  | { readonly status: 'ok' | 'failed'; readonly seen: string }
  | { readonly status: 'not tried'; readonly why: string }

export type Findings = Readonly<Record<AssumptionId, Finding>>

/** Bounds on what the simulator keeps in memory: a benchmark's thousands of runs fit, a runaway test does not. */
export const usersMax = 10_000
export const repositoriesMax = 10_000
export const pullsMax = 50_000
export const runsMax = 50_000
export const jobsMax = 200_000
export const stepsPerJobMax = 1_000
export const logLinesPerJobMax = 100_000
/** Of a line that the control API sends. GitHub cuts live lines at 1,024 characters (docs/facts/github.md#runner). */
export const logLineCharsMax = 65_536
export const artifactsPerJobMax = 500
export const artifactsMax = 100_000
export const webhooksMax = 20
/** Of one webhook. */
export const deliveriesKeptMax = 1_000
export const deliveriesWaitingMax = 1_000
export const appsMax = 100
export const installationsMax = 10_000
export const credentialsMax = 10_000
export const feedEventsPerRunMax = 200_000
export const feedSubscribersMax = 256
export const stepSnapshotsMax = 100

import type { JobAssignment, RunnerPort } from '../runner/runner-port.ts'

/** Says that every job succeeded at once. */
export const fakeIdleRunner: RunnerPort = {
  async execute(_job, observer) {
    observer.jobStarted('GitHub Actions 1000000001')
    observer.jobCompleted('success')
    return { conclusion: 'success', outputs: {} }
  },
}

/** Every job goes on until it is cancelled. */
export const fakeEndlessRunner = (onAssignment: (job: JobAssignment) => void): RunnerPort => ({
  async execute(job, observer, signal) {
    observer.jobStarted('GitHub Actions 1')
    onAssignment(job)
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    return { conclusion: 'cancelled', outputs: {} }
  },
})

import { describe, expect, it } from 'vitest'
import { runRecorded } from './recorded-job.ts'

describe('a job', () => {
  it('runs its steps as processes between set up and completion', async () => {
    const job = await runRecorded({
      steps: [{ run: 'echo hello' }, { name: 'Second', run: 'pwd; ls -a' }],
    })
    expect(job.conclusion).toBe('success')
    expect(job.steps).toEqual([
      '1 Set up job success',
      '2 Run echo hello success',
      '3 Second success',
      '4 Complete job success',
    ])
    expect(job.linesOf(2)).toContain('hello')
    console.log(job.log.join('\n'), job.events)
  })
})

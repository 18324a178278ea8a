import { createHash } from 'node:crypto'
import { fromBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { canaryRequests } from './canary-request.ts'
import { OpSchema, SolveRequestSchema } from './generated-messages.ts'

const probe = Buffer.from('a probe')
const targets = ['192.0.2.1:80', '[2001:db8::1]:80']

/** As BuildKit reads it: steps by the digest of their bytes, the last of them a pointer to the result. */
function read(platform: 'linux/amd64' | 'linux/arm64' = 'linux/amd64', to: readonly string[] = targets) {
  const request = fromBinary(SolveRequestSchema, canaryRequests(platform, probe)('a build', to))
  const { def = [], metadata = {} } = request.definition ?? {}
  const steps = def.map(bytes => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    return { ...fromBinary(OpSchema, bytes), digest, options: metadata[digest] }
  })
  const [place, run, result] = steps
  if (!place || !run || !result || steps.length !== 3) throw new Error('three steps are wanted')
  return { request, place, run, result, metadata }
}

describe('the request for a canary build', () => {
  it('puts the probe into an empty image and runs it there, whatever is remembered', () => {
    const { request, place, run, result } = read()
    expect(request.ref).toBe('a build')
    expect(place.inputs).toEqual([])
    expect(place.op.value).toMatchObject({
      actions: [{ input: -1n, output: 0n, action: { value: { path: '/probe', mode: 0o755, data: probe } } }],
    })
    expect(run.inputs.map(({ digest }) => digest)).toEqual([place.digest])
    expect(run.op.value).toMatchObject({
      meta: { args: ['/probe', 'unreachable'], env: [`TARGETS=${targets.join(',')}`], cwd: '/' },
      mounts: [{ input: 0n, dest: '/', output: 0n }],
    })
    expect(run.options?.ignoreCache).toBe(true)
    expect(result.inputs.map(({ digest }) => digest)).toEqual([run.digest])
    expect(result.op.case).toBeUndefined()
  })

  it('is not recorded, and has the targets in no name, argument, file or key', () => {
    const { request, place, run, metadata } = read()
    expect(request.internal).toBe(true)
    const names = [place, run].map(({ options }) => options?.description['llb.customname'])
    expect(names).toEqual(['canary: place the probe', 'canary: look around from inside'])
    const { args } = run.op.case === 'exec' && run.op.value.meta ? run.op.value.meta : { args: [] }
    expect(JSON.stringify([args, Object.values(metadata)])).not.toMatch(/192\.0\.2\.1|2001:db8/)
    expect(read('linux/amd64', ['198.51.100.1:1']).place.digest).toBe(place.digest)
  })

  it('asks for the platform of the builder at each step', () => {
    const { place, run } = read('linux/arm64')
    for (const { platform } of [place, run]) expect(platform).toMatchObject({ os: 'linux', architecture: 'arm64' })
    expect(place.digest).not.toBe(read('linux/amd64').place.digest)
  })

  it('is refused with a probe that BuildKit would not take', () => {
    expect(() => canaryRequests('linux/amd64', new Uint8Array(15 * 1_048_576 + 1))).toThrow('more than 15728640 bytes')
  })

  it('is refused with more targets than a variable can hold', () => {
    const request = canaryRequests('linux/amd64', probe)
    expect(() => request('a build', ['x'.repeat(100_000)])).toThrow('more than 100000 bytes')
  })
})

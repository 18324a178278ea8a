import { describe, expect, it } from 'vitest'
import { missingForDocker, remappedRoot } from './docker-requirements.ts'
import { EngineClient } from './engine-client.ts'
import { type EngineRoute, goodInfo, jsonRoute, startFakeEngine } from './testing/fake-engine.ts'

const image = 'moby/buildkit:v0.32.2-rootless'
const imageRoute = {
  [`GET /images/moby/buildkit%3Av0.32.2-rootless/json`]: jsonRoute(200, { Id: 'sha256:1', Architecture: 'amd64' }),
}

const missingWith = (socketPath: string, builders = '/var/lib/forkproof/builders') =>
  missingForDocker({ engine: new EngineClient(socketPath), image, builders }, AbortSignal.timeout(5_000))

/** What Docker lacks; what this machine lacks is left out. */
async function missingIn(routes: Record<string, EngineRoute>): Promise<readonly string[]> {
  await using engine = await startFakeEngine(routes)
  const parts = await missingWith(engine.socketPath)
  return parts.map(({ what }) => what).filter(what => /Docker|image/.test(what))
}

describe('what a Docker daemon must have', () => {
  it('is complete with user namespaces, seccomp, limits and the image', async () => {
    expect(await missingIn({ 'GET /info': jsonRoute(200, goodInfo), ...imageRoute })).toEqual([])
  })

  it.each([
    ['user namespaces', { SecurityOptions: ['name=seccomp,profile=default'] }, 'user namespaces in the Docker daemon'],
    ['any security option', { SecurityOptions: null }, 'user namespaces in the Docker daemon'],
    ['a range of its own', { DockerRootDir: '/var/lib/docker/0.0' }, 'user namespaces in the Docker daemon'],
    ['seccomp', { SecurityOptions: ['name=userns'] }, 'seccomp in the Docker daemon'],
    ['a limit of memory', { MemoryLimit: false }, 'limits of memory, processes and CPU in the Docker daemon'],
    ['a limit of processes', { PidsLimit: false }, 'limits of memory, processes and CPU in the Docker daemon'],
    ['a limit of CPU', { CpuCfsQuota: false }, 'limits of memory, processes and CPU in the Docker daemon'],
  ])('is named when it has not %s', async (_, change, what) => {
    expect(await missingIn({ 'GET /info': jsonRoute(200, { ...goodInfo, ...change }), ...imageRoute })).toContain(what)
  })

  it('includes the image, with the command that gets it', async () => {
    await using engine = await startFakeEngine({ 'GET /info': jsonRoute(200, goodInfo) })
    const parts = await missingWith(engine.socketPath)
    expect(parts).toContainEqual({ what: `the image ${image}`, howToGet: `docker pull ${image}` })
  })

  it('is the daemon itself when none answers', async () => {
    const parts = await missingWith('/nonexistent.sock')
    expect(parts.map(({ what }) => what)).toContain('a Docker daemon')
  })

  it('is a shorter state folder where a socket in it could not be connected to', async () => {
    const parts = await missingWith('/nonexistent.sock', `/${'a'.repeat(80)}`)
    expect(parts).toContainEqual({
      what: 'a shorter path of the state folder',
      howToGet: 'name a state folder that is 9 bytes shorter',
    })
  })

  it('gives the container’s root in the machine’s numbers', () => {
    expect(remappedRoot(goodInfo)).toEqual({ uid: 231072, gid: 231072 })
    expect(remappedRoot({ ...goodInfo, SecurityOptions: ['name=rootless'] })).toBeUndefined()
  })
})

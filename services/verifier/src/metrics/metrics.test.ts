import { silentLogger } from '@forkproof/infra/log'
import { describe, expect, onTestFinished, test } from 'vitest'
import { GithubMetrics } from './github-metrics.ts'
import { startMetricsServer } from './metrics-server.ts'

const figures = [
  { name: 'github-1', kind: 'classic-token', limit: 5_000, remaining: 4_000, spendable: 250, isBlocked: false },
  { name: 'github-2', kind: 'classic-token', limit: 5_000, remaining: 0, spendable: 0, isBlocked: true },
  { name: 'anonymous', kind: 'anonymous', limit: 60, remaining: 59, spendable: 14, isBlocked: false },
] as const

async function serving() {
  const metrics = new GithubMetrics()
  const server = await startMetricsServer(
    { host: '127.0.0.1', port: 0 },
    { contentType: metrics.contentType, render: () => metrics.render({ figures }), log: silentLogger },
  )
  onTestFinished(() => server.close())
  return { metrics, url: server.url }
}

describe('the metrics', () => {
  test('tell what is left by kind of credential, and whom the governor refused', async () => {
    const { metrics, url } = await serving()
    metrics.onRefusal('unknown', true)
    metrics.onRefusal('unknown', true)
    metrics.onRefusal('admitted', false)
    for (let scrape = 0; scrape < 2; scrape++) {
      const text = await (await fetch(url)).text()
      const sampleOf = (name: string) =>
        text
          .split('\n')
          .find(line => line.startsWith(name))
          ?.split(' ')
          .at(-1)
      expect(sampleOf('forkproof_github_requests_remaining{kind="classic-token"')).toBe('4000')
      expect(sampleOf('forkproof_github_requests_limit{kind="classic-token"')).toBe('10000')
      expect(sampleOf('forkproof_github_requests_for_unknown{kind="anonymous"')).toBe('14')
      expect(sampleOf('forkproof_github_credentials_blocked{kind="classic-token"')).toBe('1')
      expect(sampleOf('forkproof_github_requests_refused_total{priority="unknown",why="reserved"')).toBe('2')
      expect(sampleOf('forkproof_github_requests_refused_total{priority="admitted",why="limit"')).toBe('1')
      expect(text).not.toContain('github-1')
    }
  })
  test.each([
    ['GET', '/'],
    ['GET', '/metrics?x=1'],
    ['GET', '/metrics/'],
    ['POST', '/metrics'],
    ['DELETE', '/metrics'],
  ])('are at one address and read only: not %s %s', async (method, path) => {
    const { url } = await serving()
    expect((await fetch(new URL(path, url), { method })).status).toBe(404)
  })
})

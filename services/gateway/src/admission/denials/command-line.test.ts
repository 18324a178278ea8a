import { describe, expect, it } from 'vitest'
import { parseTrustCommand } from './command-line.ts'

const project = `prj_${'a'.repeat(16)}`

describe('npm run trust', () => {
  it.each([
    [['list', project], { method: 'GET', path: `/v1/projects/${project}/denials` }],
    [['allow', project, 'author:5'], { method: 'DELETE', path: `/v1/projects/${project}/denials/author:5` }],
    [
      ['deny', project, 'pull_request:42:12', 'mines', 'coins'],
      {
        method: 'PUT',
        path: `/v1/projects/${project}/denials/pull_request:42:12`,
        body: { reason: 'mines coins' },
      },
    ],
  ])('%j is one request', (words, request) => {
    expect(parseTrustCommand(words)).toEqual(request)
  })

  it.each([
    [[]],
    [['deny']],
    [['deny', project, 'author:5']],
    [['deny', project, 'author:alice', 'spam']],
    [['deny', 'prj_../..', 'author:5', 'spam']],
    [['deny', project, 'author:5/../..', 'spam']],
    [['allow', project]],
    [['allow', project, 'author:5', 'please']],
    [['list', project, 'author:5']],
    [['undeny', project, 'author:5']],
  ])('%j is no command', words => {
    expect(parseTrustCommand(words)).toBeUndefined()
  })
})

import { refusalTable } from '@forkproof/contracts/refusal-table'
import { ClaimFailure } from '../claiming/claim-failure.ts'

interface ObstacleText {
  readonly title: string
  readonly advice: string
}

const grantPermission =
  'Give the job `permissions: id-token: write`; GitHub itself then issues its token and no claim is needed.'

/**
 * Everything that keeps a run from claiming, and what to do about it. Where the issuer refuses the same thing, the
 * advice is that of the refusal.
 */
export const claimObstacles = {
  not_in_actions: {
    title: 'This is not a GitHub Actions run',
    advice: 'A claim proves a run of GitHub Actions; use it in a workflow triggered by `pull_request`.',
  },
  pull_request_target: {
    title: 'A pull_request_target run acts with the base repository’s rights and may not be proven as a fork’s',
    advice:
      'Trigger the workflow by `pull_request`. pull_request_target hands secrets and a writable token to whatever it runs; building a contributor’s code there gives them away.',
  },
  workflow_run: {
    title: 'A workflow_run run belongs to the base repository, not to the fork’s pull request',
    advice: `Claim in the workflow that \`pull_request\` triggers. For this one: ${grantPermission}`,
  },
  pull_request_review: {
    title: 'Only the event pull_request can be proven, not reviews and review comments',
    advice: 'Trigger the workflow by `pull_request`.',
  },
  event_without_permission: {
    title: 'This event runs with the repository’s own rights, so it needs no proof, but the job lacks a permission',
    advice: grantPermission,
  },
  same_repository: {
    title: 'This pull request comes from the same repository, not from a fork',
    advice: refusalTable.not_a_fork.advice,
  },
  private_repository: {
    title: 'The repository is private',
    advice: `${refusalTable.repository_not_public.advice} For pull requests from inside the repository: give the job \`permissions: id-token: write\`.`,
  },
  head_repository_gone: {
    title: 'The fork that this pull request came from was deleted',
    advice: refusalTable.head_repository_gone.advice,
  },
  event_file_missing: {
    title: 'The file of the event that started this run cannot be read (GITHUB_EVENT_PATH)',
    advice: 'In a container or a sandbox, pass the variable and the file on.',
  },
  event_file_malformed: {
    title: 'The file of the event (GITHUB_EVENT_PATH) is not that of a pull request',
    advice: 'Leave GITHUB_EVENT_PATH and GITHUB_EVENT_NAME as the runner sets them.',
  },
  event_of_another_repository: {
    title: 'The event’s file and GITHUB_REPOSITORY name different repositories',
    advice: 'Leave GITHUB_EVENT_PATH and GITHUB_REPOSITORY as the runner sets them.',
  },
  run_identity_missing: {
    title: 'GITHUB_REPOSITORY, GITHUB_RUN_ID or GITHUB_RUN_ATTEMPT is missing or malformed',
    advice: 'In a container or a sandbox, pass these variables on.',
  },
} as const satisfies Record<string, ObstacleText>

export type ClaimObstacle = keyof typeof claimObstacles

export const obstacleFailure = (reason: ClaimObstacle): ClaimFailure =>
  new ClaimFailure('cannot', reason, claimObstacles[reason])

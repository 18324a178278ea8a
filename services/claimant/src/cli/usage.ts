import { claimantLimits } from '../claiming/limits.ts'

const { timeoutSecondsDefault, timeoutSecondsMin, timeoutSecondsMax } = claimantLimits

export const usage = `Usage: forkproof token --issuer <url> [options]

Proves this fork's pull request run to the issuer and prints the OIDC token that it gives.
Where GitHub's own OIDC is available, GitHub's token is printed instead. Only the token goes to standard output.

Options:
  --issuer <url>           address of the forkproof service (required)
  --audience <text>        who the token is for (default: the issuer)
  --output <file>          write to this file, readable by its owner only, instead of standard output
  --json                   print an object: token, source, proof, claimId, expiresAt, tookMs
  --job-id <id>            claim for this job, not only for this run: pass \${{ job.check_run_id }}
  --channels <list>        where the issuer may look for the code: log, step-name, job-log (comma-separated; default: log)
  --timeout-seconds <n>    how long to try, ${timeoutSecondsMin} to ${timeoutSecondsMax} (default: ${timeoutSecondsDefault})
  --begin, --finish        the two-step form, see below
  --state-file <file>      where the two steps keep the claim (default: forkproof-claim.json in RUNNER_TEMP)
  --step-name              explain the two-step form and exit
  --help, --version

Exit codes: 0 token printed, 1 refused or no answer in time, 2 wrong use, 3 this run cannot claim (the reason is on standard error).
`

export const stepNameHelp = `The two-step form shows the challenge code as the name of a step, for issuers that do not read live logs:

  - id: claim
    run: forkproof token --begin --issuer https://proof.example.org
  - name: proof \${{ steps.claim.outputs.code }}
    run: echo "ID_TOKEN=$(forkproof token --finish)" >> "$GITHUB_ENV"

Both must be steps of the job itself, not of a composite action, whose steps have no name at GitHub.
--begin sets the output \`code\` and keeps the claim's private key in a file in RUNNER_TEMP that only its owner can read; --finish deletes it.
Where GitHub's own OIDC is available the code is \`not-needed\` and --finish prints GitHub's token.
`

import { RunStepChannel } from '@forkproof/contracts/channels'
import { buildingLimits } from '../building/limits.ts'
import { channelsInOneStep, channelsInTwoSteps } from '../claiming/client-channels.ts'
import { claimantLimits } from '../claiming/limits.ts'

const { timeoutSecondsDefault, timeoutSecondsMin, timeoutSecondsMax } = claimantLimits
const { waitSecondsDefault, waitSecondsMin, waitSecondsMax, minutesMax } = buildingLimits

export const cliUsage = `Usage: forkproof token --issuer <url> [options]
       forkproof build --issuer <url> --project <id> [options] -- <command>
       forkproof builder --issuer <url> --project <id> [options]
       forkproof builder --end
       forkproof doctor --begin | --code <code> [options]

token: proves this fork's pull request run to the issuer and prints the OIDC token that it gives.
Where GitHub's own OIDC is available, GitHub's token is printed instead. Only the token goes to standard output.

  --issuer <url>           address of the forkproof service (required)
  --audience <text>        who the token is for (default: the issuer)
  --output <file>          write to this file, readable by its owner only, instead of standard output
  --json                   print an object: token, source, proof, claimId, expiresAt, tookMs
  --job-id <id>            claim for this job, not only for this run: pass \${{ job.check_run_id }}
  --channels <list>        where the issuer may look for the code: ${RunStepChannel.options.join(', ')} (comma-separated;
                           default: ${channelsInOneStep.join(',')}; with --begin: ${channelsInTwoSteps.join(',')});
                           of these, what the issuer says that it reads; if it reads none, the command ends with 3
  --timeout-seconds <n>    how long to try, with a fresh claim after a refusal that may pass, ${timeoutSecondsMin} to ${timeoutSecondsMax} (default: ${timeoutSecondsDefault})
  --begin, --finish        the two-step form, see below
  --state-file <file>      where the two steps keep the claim (default: forkproof-claim.json in RUNNER_TEMP)
  --step-name              explain the two-step form and exit

build: leases a builder, runs the command on it and gives it back. Options that say how to get a token, and:
  --issuer <url>           as above (default: FORKPROOF_ISSUER)
  --project <id>           the project that admits this run (required; default: FORKPROOF_PROJECT)
  --platform <list>        linux/amd64, linux/arm64 (default: what the command's own --platform says, else linux/amd64)
  --wait-seconds <n>       how long a builder may take, ${waitSecondsMin} to ${waitSecondsMax} (default: ${waitSecondsDefault})
  --max-minutes <n>        end the build after this time, 1 to ${minutesMax} (default: the project's)
  --depot-url <url>        for depot: where its API is (default: DEPOT_API_URL, else the issuer)
  <command>                docker buildx …, buildx …, buildctl …, depot …; any other finds FORKPROOF_BUILDER_… in its environment

builder: leases a builder for later steps and prints how to reach it. Options of build, and:
  --print json|env|buildx  an object, lines for GITHUB_ENV, or those after making a buildx builder (default: env)
  --buildx <command>       how buildx is started (default: docker buildx)
  --buildx-config <folder> where the buildx builder is written (default: in --folder)
  --folder <folder>        where credentials are kept; must not exist (default: forkproof-builder in RUNNER_TEMP)
  --foreground             stay and keep it alive until interrupted, instead of leaving that to a process in the background
  --end [--result success|error|canceled]   end the builder in --folder

doctor: tries in a workflow of yours what the service relies on at GitHub, and prints a report to send in. Needs GITHUB_TOKEN.
  --begin                  first step: sets the outputs \`code\` and \`file\`, which the next step uploads under that name
  --code <code>            last step, whose name is \`proof\` and the code
  --job-id <id>            pass \${{ job.check_run_id }}
  --json <file>            write the report as JSON too

  --help, --version

Exit codes: 0 done, 1 refused, no answer in time or a check of doctor failed, 2 wrong use, 3 this run cannot claim or build (the reason is on standard error);
build: the command's own, and 126 or 127 if there is none to run.
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

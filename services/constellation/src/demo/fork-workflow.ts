/** The name under which the demo's workflow uses the claimant's Action; the simulator finds it on this machine. */
export const claimAction = 'forkproof/claim@v1'
export const claimStepName = 'Prove this run to forkproof'
export const verifyStepName = 'Verify the token with an independent client'
/** In front of each claim that the relying party prints, as a JSON pair. */
export const claimMarker = 'verified claim '

/** A fork's workflow: no permissions, no secrets. It proves itself and hands its token to a relying party. */
export const forkWorkflow = (at: { issuer: string; audience: string; node: string; relyingParty: string }) => ({
  name: 'ci',
  permissions: {},
  jobs: {
    build: {
      'runs-on': 'ubuntu-latest',
      steps: [
        { id: 'claim', name: claimStepName, uses: claimAction, with: { issuer: at.issuer, audience: at.audience } },
        { name: verifyStepName, run: `'${at.node}' '${at.relyingParty}' '${at.issuer}' '${at.audience}'` },
      ],
    },
  },
})

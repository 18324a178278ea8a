/** The name under which the demo's workflow uses the claimant's Action; the simulator finds it on this machine. */
export const claimAction = 'forkproof/claim@v1'
export const claimStepName = 'Prove this run to forkproof'
export const verifyStepName = 'Verify the token with an independent client'
const checkoutStepName = 'Check out the pull request'
export const buildStepName = 'Build the image on a leased builder'
/** In front of each claim that the relying party prints, as a JSON pair. */
export const claimMarker = 'verified claim '

interface Demo {
  readonly issuer: string
  /** Absent where no node here can make a builder: then the job ends after its token. */
  readonly build?: { readonly projectId: string; readonly platforms: readonly string[] }
  /** Programs and files on this machine. */
  readonly node: string
  readonly relyingParty: string
  readonly cli: string
  readonly buildctl: string
  readonly probe: (platform: string) => string
}
type Build = NonNullable<Demo['build']>

/**
 * A fork's workflow: no permissions, no secrets.
 * It proves itself, hands its token to a relying party, and builds an image.
 */
export const forkWorkflow = (demo: Demo) => ({
  name: 'ci',
  permissions: {},
  jobs: {
    build: {
      'runs-on': 'ubuntu-latest',
      steps: [
        { id: 'claim', name: claimStepName, uses: claimAction, with: { issuer: demo.issuer } },
        { name: verifyStepName, run: command([demo.node, demo.relyingParty, demo.issuer, demo.issuer]) },
        ...buildSteps(demo),
      ],
    },
  },
})

/** A small image that needs no registry: one static program of the platform, run once while it is built. */
const dockerfile = [
  'FROM scratch',
  'ARG TARGETARCH',
  'COPY hello-$TARGETARCH /hello',
  'RUN ["/hello","hello"]',
  'ENTRYPOINT ["/hello","hello"]',
]

/** The workspace of a simulated job is empty: this puts there what a checkout would. */
const checkout = ({ probe }: Demo, { platforms }: Build) =>
  [
    'mkdir image',
    ...platforms.map(platform => command(['cp', probe(platform), `image/hello-${architecture(platform)}`])),
    ...dockerfile.map(line => `echo ${quoted(line)} >> image/Dockerfile`),
  ].join('\n')

const buildSteps = (demo: Demo) =>
  demo.build === undefined
    ? []
    : [
        { name: checkoutStepName, run: checkout(demo, demo.build) },
        { name: buildStepName, run: `${command(buildWords(demo, demo.build))}\ncat metadata-*.json` },
      ]

const buildWords = ({ issuer, node, cli, buildctl }: Demo, { projectId, platforms }: Build): string[] => [
  ...[node, cli, 'build', '--issuer', issuer, '--project', projectId, '--platform', platforms.join(','), '--'],
  ...(platforms.length === 1 ? [buildctl, ...imageWords(platforms[0] ?? '')] : imagePerPlatform(buildctl, platforms)),
]

/**
 * buildctl builds on one builder. The script calls it for each, and finds them in the variables of `forkproof build`.
 */
const imagePerPlatform = (buildctl: string, platforms: readonly string[]): string[] => {
  const lines = platforms.map(platform => {
    const of = (what: string) => `"$FORKPROOF_BUILDER_${what}_${architecture(platform).toUpperCase()}"`
    const files = `--tlscacert ${of('CA')} --tlscert ${of('CERT')} --tlskey ${of('KEY')}`
    const server = `--addr ${of('ENDPOINT')} --tlsservername ${of('SERVER_NAME')} ${files}`
    return `${quoted(buildctl)} ${server} ${command([...imageWords(platform), '--opt', `platform=${platform}`])}`
  })
  return ['sh', '-ec', lines.join('\n')]
}

const imageWords = (platform: string): string[] => [
  ...['build', '--progress', 'plain', '--frontend', 'dockerfile.v0'],
  ...['--local', 'context=image', '--local', 'dockerfile=image'],
  ...['--output', `type=oci,dest=image-${architecture(platform)}.tar`],
  ...['--metadata-file', `metadata-${architecture(platform)}.json`],
]

const architecture = (platform: string) => platform.replace('linux/', '')
const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
const command = (words: readonly string[]) => words.map(quoted).join(' ')

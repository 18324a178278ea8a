interface TestSuite {
  /** One line for `npm test -- --list`. */
  readonly about: string
  /** Where its test files are, from the repository's root. */
  readonly folders: readonly string[]
}

/** What `npm test -- NAME` runs: a folder of this service, which starts real servers, or the tests of a workspace. */
export const testSuites: Readonly<Record<string, TestSuite>> = {
  claims: system('claims', 'claims from start to token, attacks and faults, on real servers'),
  builds: system('builds', 'builds with every client and platform, and what ends them'),
  builders: system('builders', 'builders of each driver: isolation, receipts, leases'),
  bus: system('bus', 'what each service may do on NATS'),
  signing: system('signing', 'the signer with its stores and commands'),
  servers: system('servers', 'Temporal, NATS and the independent verifier as they are started here'),
  start: system('start', 'npm start and npm test as a user runs them'),
  workflows: {
    about: 'workflows by themselves, and recorded histories replayed',
    folders: ['workflows', 'services/e2e/src/workflows'],
  },
  deployment: {
    about: 'the files that npm run deployment writes, read by the services',
    folders: ['shared/deployment', 'services/e2e/src/deployment'],
  },
  contracts: unit('shared/contracts', 'schemas and limits'),
  infra: unit('shared/infra', 'what every service uses: settings, secrets, logs, the bus'),
  layout: unit('shared/layout', 'rules that the tree, the imports and the docs keep'),
  gateway: unit('services/gateway', 'the public HTTP interfaces'),
  orchestrator: unit('services/orchestrator', 'the events of workflows'),
  verifier: unit('services/verifier', 'finding codes and checking runs'),
  signer: unit('services/signer', 'tokens, keys and the log of issuances'),
  'builder-provisioner': unit('services/builder-provisioner', 'leases, plans and the parts of builders'),
  claimant: unit('services/claimant', 'the Action and the command line'),
  'github-simulator': unit('services/github-simulator', 'the simulated GitHub and its runner'),
  local: unit('services/local', 'processes, tools and requirements of npm start'),
  bench: unit('services/bench', 'what the benchmarks measure, where it can be held to a bound'),
  command: unit('services/e2e/src/command', 'the arguments of npm test'),
  recipes: unit('services/e2e/src/recipes', 'the policies of docs/recipes, with tokens of forks and of trusted runs'),
}

/** Stands for the tests that need no server, no root and no other program. */
const unitGroup = 'unit'

function system(folder: string, about: string): TestSuite {
  return { about, folders: [`services/e2e/src/${folder}`] }
}

function unit(folder: string, about: string): TestSuite {
  return { about, folders: [folder] }
}

type ProjectName = 'unit' | 'process' | 'layout' | 'system'

/** The projects of vitest.config.ts that run the test files of a folder. */
export function projectsOf(folder: string): readonly ProjectName[] {
  if (folder === 'shared/layout') return ['layout']
  return folder.startsWith('services/e2e/src/') && !/\/(command|recipes)$/.test(folder)
    ? ['system']
    : ['unit', 'process']
}

export const suiteList = (): string =>
  Object.entries({
    [unitGroup]: { about: 'the fast tests of all suites: no server, no root, no other program' },
    ...testSuites,
  })
    .map(([name, { about }]) => `  ${name.padEnd(20)} ${about}\n`)
    .join('')

export interface SuiteSelection {
  /** Those that may need something of the machine: all but the ones of which only the fast tests run. */
  readonly suites: readonly string[]
  readonly projects: readonly ProjectName[]
  /** Path filters for vitest. */
  readonly filters: readonly string[]
}

/** Every suite for no names. Returns the unknown names when there are any. */
export function selectSuites(names: readonly string[]): SuiteSelection | { readonly unknown: readonly string[] } {
  const unknown = names.filter(name => name !== unitGroup && !Object.hasOwn(testSuites, name))
  if (unknown.length > 0) return { unknown }
  const all = Object.entries(testSuites).flatMap(([suite, { folders }]) =>
    folders.flatMap(folder => projectsOf(folder).map(project => ({ suite, folder, project }))),
  )
  const isChosen = ({ suite, project }: (typeof all)[number]) =>
    names.length === 0 || names.includes(suite) || (names.includes(unitGroup) && project === 'unit')
  const chosen = all.filter(isChosen)
  return {
    suites: [...new Set(chosen.filter(({ project }) => project !== 'unit').map(({ suite }) => suite))],
    projects: [...new Set(chosen.map(({ project }) => project))],
    filters: [...new Set(chosen.map(({ folder }) => `${folder}/`))],
  }
}

import { resolveImport } from './resolve-import.ts'
import { type Import, importsOf, isTest, type SourceFile } from './source-tree.ts'

/** Who may import what (docs/architecture.md#who-may-import-whom). */
type Permission = 'yes' | 'no'
type Layer = 'contracts' | 'infra' | 'workflow api' | 'workflow ports' | 'workflow code' | 'another service'

const nothing = {
  contracts: 'no',
  infra: 'no',
  'workflow api': 'no',
  'workflow ports': 'no',
  'workflow code': 'no',
  'another service': 'no',
} as const
const everything = {
  contracts: 'yes',
  infra: 'yes',
  'workflow api': 'yes',
  'workflow ports': 'yes',
  'workflow code': 'yes',
  'another service': 'yes',
} as const

const matrix: Record<string, Record<Layer, Permission>> = {
  'shared/contracts': nothing,
  'shared/infra': { ...nothing, contracts: 'yes' },
  workflows: { ...everything, infra: 'no', 'another service': 'no' },
  'services/gateway': { ...nothing, contracts: 'yes', infra: 'yes', 'workflow api': 'yes' },
  'services/orchestrator': {
    ...nothing,
    contracts: 'yes',
    infra: 'yes',
    'workflow api': 'yes',
    'workflow ports': 'yes',
    'workflow code': 'no',
  },
  'services/verifier': { ...nothing, contracts: 'yes', infra: 'yes', 'workflow api': 'yes', 'workflow ports': 'yes' },
  'services/signer': { ...nothing, contracts: 'yes', infra: 'yes', 'workflow api': 'yes', 'workflow ports': 'yes' },
  'services/builder-provisioner': { ...nothing, contracts: 'yes', infra: 'yes' },
  'services/claimant': { ...nothing, contracts: 'yes' },
  'services/github-simulator': { ...nothing, infra: 'yes' },
  'services/local': everything,
  'services/e2e': everything,
  'services/bench': everything,
  'shared/deployment': { ...nothing, contracts: 'yes', infra: 'yes' },
  'shared/layout': everything,
}

/** Orchestrator hands the workflow bundle to Temporal by path, in its composition root alone. */
const exceptions = new Set(['services/orchestrator/src/compose.ts → @forkproof/workflows/bundle'])

const partOf = (path: string): string =>
  path.startsWith('workflows/') ? 'workflows' : path.split('/').slice(0, 2).join('/')

function layerOf(target: string): Layer {
  const part = partOf(target)
  if (part === 'shared/contracts') return 'contracts'
  if (part === 'shared/infra') return 'infra'
  if (part !== 'workflows') return 'another service'
  if (/\/api(\.ts)?$/.test(target)) return 'workflow api'
  // The queues on which those ports are served belong to them.
  return /\/(ports|task-queues)(\.ts)?$/.test(target) ? 'workflow ports' : 'workflow code'
}

/** One sentence for each import that the table forbids, saying what to do. */
export const forbiddenImports = (files: readonly SourceFile[]): string[] =>
  files.flatMap(file => importsOf(file.text).flatMap(one => complaint(file.path, one)))

function complaint(from: string, one: Import): string[] {
  const target = resolveImport(from, one.specifier)
  const part = partOf(from)
  const row = matrix[part]
  if (!target || !row || partOf(target) === part) return []
  if (exceptions.has(`${from} → ${one.specifier}`)) return []
  const layer = layerOf(target)
  const permission = row[layer]
  // A test may use infra's fakes, whatever its part; it still may not reach into another service.
  if (permission === 'yes' || (isTest(from) && layer !== 'another service')) return []
  return [
    `${from} imports ${one.specifier}: ${part} may not import ${layer}. Move what both need to shared/contracts, or send it as a message.`,
  ]
}

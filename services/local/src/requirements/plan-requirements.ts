import { makerOf } from '../tools/make-tool.ts'
import type { Tool } from '../tools/tool-catalogue.ts'
import type { Machine } from './machine.ts'
import { kernelFactNames, kernelFacts, systemPrograms } from './requirement-table.ts'

/** Something that is not there and that a suite needs. */
interface MissingRequirement {
  readonly what: string
  readonly purpose: string
  readonly suites: readonly string[]
  /** The Debian package that brings it, or in words how to get it. */
  readonly from: { readonly debianPackage: string } | { readonly howToGet: string }
}

type RequirementPlan =
  | { readonly action: 'go on' }
  | { readonly action: 'install'; readonly packages: readonly string[] }
  | { readonly action: 'stop'; readonly message: string }

export interface RequirementOptions {
  /** Suites that are going to run. */
  readonly suites: readonly string[]
  /** Tools of this project that are still to be made. */
  readonly tools: readonly Tool[]
  /** The command that the user gave, for the message. */
  readonly command: string
  /** Whether packages may be installed. */
  readonly install: boolean
}

/** What to do about what the suites need and the machine lacks. */
export function planRequirements(machine: Machine, options: RequirementOptions): RequirementPlan {
  const missing = [...missingRequirements(machine, options.suites), ...missingMakers(machine, options.tools)]
  if (missing.length === 0) return { action: 'go on' }
  const packages = packagesOf(missing)
  // With something missing that no package brings, installing the rest would be for nothing.
  const canInstall = machine.hasDebianPackages && machine.hasAptGet && machine.isRoot
  if (options.install && canInstall && missing.every(({ from }) => 'debianPackage' in from))
    return { action: 'install', packages }
  return { action: 'stop', message: stopMessage(machine, options, missing) }
}

function missingRequirements(machine: Machine, suites: readonly string[]): readonly MissingRequirement[] {
  const wanted = (of: readonly string[]) => of.filter(suite => suites.includes(suite))
  const programs = systemPrograms
    .filter(({ program }) => machine.missingPrograms.has(program))
    .map(({ program, debianPackage, purpose, suites: of }) => {
      return { what: program, purpose, suites: wanted(of), from: { debianPackage } }
    })
  const facts = kernelFactNames
    .filter(name => machine.missingFacts.has(name))
    .map(name => {
      const { what, purpose, howToGet, suites: of } = kernelFacts[name]
      return { what, purpose, suites: wanted(of), from: { howToGet } }
    })
  return [...programs, ...facts].filter(requirement => requirement.suites.length > 0)
}

/** What makes the tools: Go cannot be installed from here, because the packages of most releases are too old. */
function missingMakers(machine: Machine, tools: readonly Tool[]): readonly MissingRequirement[] {
  const madeBy = (maker: 'go' | 'apt-get') => tools.filter(tool => makerOf(tool) === maker)
  const built = machine.hasGo ? [] : madeBy('go').map(({ name }) => name)
  const fetched = machine.hasAptGet ? [] : madeBy('apt-get')
  const howToGet =
    'install version 1.26 or newer (https://go.dev/dl/), or name programs that you have (docs/settings.md)'
  return [
    ...(built.length > 0
      ? [{ what: 'go', purpose: `builds ${built.join(', ')}`, suites: [], from: { howToGet } }]
      : []),
    ...fetched.map(({ name }) => ({
      what: name,
      purpose: 'is an external program',
      suites: [],
      from: { debianPackage: name },
    })),
  ]
}

function packagesOf(missing: readonly MissingRequirement[]): readonly string[] {
  const names = missing.flatMap(({ from }) => ('debianPackage' in from ? [from.debianPackage] : []))
  return [...new Set(names)].sort()
}

function stopMessage(machine: Machine, options: RequirementOptions, missing: readonly MissingRequirement[]): string {
  const packages = packagesOf(missing)
  const advice = missing.flatMap(({ what, from }) => ('howToGet' in from ? [`${what}: ${from.howToGet}`] : []))
  return [
    `${options.command} cannot run here (${machine.system}). Missing:`,
    ...missing.map(({ what, purpose, suites }) => {
      return `  - ${what}: ${purpose}${suites.length > 0 ? ` (${suites.join(', ')})` : ''}`
    }),
    'To get it:',
    ...(packages.length > 0 ? [`  ${installAdvice(machine, packages)}`] : []),
    ...advice.map(line => `  ${line}`),
  ].join('\n')
}

function installAdvice({ hasDebianPackages, isRoot }: Machine, packages: readonly string[]): string {
  if (!hasDebianPackages) return `install what Debian calls ${packages.join(', ')} with the package manager`
  return `${isRoot ? '' : 'sudo '}apt-get install --no-install-recommends ${packages.join(' ')}`
}

import { type AptInstallDeps, aptInstall } from './apt-install.ts'
import { type Machine, readMachine } from './machine.ts'
import { planRequirements, type RequirementOptions } from './plan-requirements.ts'

/** A command cannot run on this machine; the message is the list for the user. */
export class RequirementsMissingError extends Error {
  override readonly name = 'RequirementsMissingError'
}

interface RequirementDeps extends AptInstallDeps {
  readonly read?: () => Promise<Machine>
  readonly install?: (packages: readonly string[], deps: AptInstallDeps) => Promise<void>
}

/**
 * Looks for what the suites need, and installs what is missing where that is possible and allowed.
 * @throws RequirementsMissingError when something is missing in the end
 */
export async function ensureRequirements(options: RequirementOptions, deps: RequirementDeps): Promise<void> {
  const { read = () => readMachine(deps.environment), install = aptInstall, progress, signal } = deps
  const plan = planRequirements(await read(), options)
  if (plan.action === 'go on') return
  if (plan.action === 'stop') throw new RequirementsMissingError(plan.message)
  progress.note(`Missing packages, installed now without starting services: ${plan.packages.join(' ')}`)
  try {
    await install(plan.packages, deps)
  } catch (error) {
    signal.throwIfAborted()
    const reason = error instanceof Error ? error.message : String(error)
    throw new RequirementsMissingError(`${reason}\nInstall the packages, then run ${options.command} again.`)
  }
  const after = planRequirements(await read(), { ...options, install: false })
  if (after.action === 'stop') throw new RequirementsMissingError(after.message)
}
